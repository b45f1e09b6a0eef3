"""Options of the steering that have rules of their own: the flow's noise, and stored settings."""

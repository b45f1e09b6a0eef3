"""Wrappers of observations: what is shown besides the present state, or how much of the past."""

"""Whether an environment's numbers are what a policy's were: its states, actions and rate."""

"""Comparison of an environment's numbers with a policy's: states, actions, rate, effect."""

"""Meaning of a policy's numbers: their ranges in training."""

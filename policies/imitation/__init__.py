"""Imitation learning: data set, samples, training loop, settings."""

"""Comparison of finished runs with each other: ``python -m zprl_env.compare``."""

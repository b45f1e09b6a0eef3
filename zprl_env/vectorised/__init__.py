"""Vectorised environments for Stable-Baselines3: one policy for N environments, overlap, resume."""

"""Cameras of simulated environments: OpenGL off-screen, pictures as observations, their settings."""

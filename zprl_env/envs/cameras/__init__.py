"""Cameras of simulated environments: OpenGL off-screen, pictures as observations, settings."""

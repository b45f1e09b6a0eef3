"""Deployment mismatch: base policies where the environment differs from their demonstrations."""

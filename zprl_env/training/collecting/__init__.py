"""Collecting beside learning: workers decide with the newest agent that they have."""

"""Benchmark of the console: what it refuses, and how quickly its stop stops."""

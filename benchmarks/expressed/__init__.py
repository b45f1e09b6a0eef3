"""Benchmark of what perturbations make of a person's decisions."""

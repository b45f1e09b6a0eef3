"""Markdown tables of the larger benchmarks, made of raw data alone."""

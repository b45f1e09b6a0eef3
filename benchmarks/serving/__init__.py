"""Benchmark of policies that are served from another interpreter."""

"""Environments on Ray: what they cost beside processes, and what a killed worker costs."""

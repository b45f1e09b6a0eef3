"""Base policies: record demonstrations, imitate them, measure, find."""

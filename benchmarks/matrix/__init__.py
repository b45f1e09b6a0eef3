"""Experiments in learning: tasks by variants by seeds, as a queue of runs and their statistics."""

"""Cameras of a robot: one file per class, one table, and threads that read them."""

"""Formats of demonstrations: one file each, and the table by which a path finds its own."""

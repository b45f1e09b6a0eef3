"""Figures of the project's structure: files, imports, tests, functions, docstrings, README."""

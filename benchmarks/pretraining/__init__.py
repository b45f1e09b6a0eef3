"""Pretraining from cameras, measured on synthetic frames."""

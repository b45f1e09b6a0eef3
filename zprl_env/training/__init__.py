"""Finetuning with unmodified Stable-Baselines3: recipes, callbacks, run folders, reports."""

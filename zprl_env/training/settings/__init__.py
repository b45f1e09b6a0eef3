"""Settings of a training run: recipe, hyperparameter files, limits, what each algorithm can do."""

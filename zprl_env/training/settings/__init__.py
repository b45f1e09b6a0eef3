"""Settings of a training run: recipe, hyperparameter files, limits, algorithms and their traits."""

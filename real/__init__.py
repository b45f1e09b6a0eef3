"""A robot behind a Gymnasium environment: the same wrapper, the same training, on hardware."""

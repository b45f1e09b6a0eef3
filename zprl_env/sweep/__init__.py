"""Sweep: trainings of other settings as jobs on Ray, stopped early, resumed and compared."""

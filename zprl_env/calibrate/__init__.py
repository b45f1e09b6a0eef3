"""Choose noise and lambda, the size of perturbations, before training: ``zprl_env.calibrate``."""

from __future__ import annotations

from zprl_env.calibrate.noise_search import NoiseSearch, best_noise, search_noise

__all__ = ["NoiseSearch", "best_noise", "search_noise"]

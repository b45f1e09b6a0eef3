"""Choose noise and lambda, the size of perturbations, before training: ``zprl_env.calibrate``."""

from __future__ import annotations

from zprl_env.calibrate.noise_search import NoiseSearch, best_noise, search_noise
from zprl_env.calibrate.scale_search import ScaleSearch, borne_scale, search_scale

__all__ = [
    "NoiseSearch",
    "ScaleSearch",
    "best_noise",
    "borne_scale",
    "search_noise",
    "search_scale",
]

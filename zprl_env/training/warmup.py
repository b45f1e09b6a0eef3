"""Warm-up callback by the name that hyperparameter files give it."""

from __future__ import annotations

from zprl_env.training.agents.warmup import WarmUp

__all__ = ["WarmUp"]

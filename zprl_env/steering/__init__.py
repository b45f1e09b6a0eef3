"""Steering a frozen policy: where an agent's action enters it, as cores, wrappers and a table."""

from __future__ import annotations

from zprl_env.steering.action import ActionSteering
from zprl_env.steering.base import ObservationKind, Steering
from zprl_env.steering.decision import Decision, Perturbed
from zprl_env.steering.joint import JointSteering
from zprl_env.steering.latent import LatentSteering, auto_scale, published_scale
from zprl_env.steering.noise import NoiseSteering

__all__ = [
    "ActionSteering",
    "Decision",
    "JointSteering",
    "LatentSteering",
    "NoiseSteering",
    "ObservationKind",
    "Perturbed",
    "Steering",
    "auto_scale",
    "published_scale",
]

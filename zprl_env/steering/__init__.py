"""The places where an agent's action can enter a frozen policy."""

from __future__ import annotations

from zprl_env.steering.action import ActionSteering
from zprl_env.steering.base import ObservationKind, Steering
from zprl_env.steering.joint import JointSteering
from zprl_env.steering.latent import LatentSteering, auto_scale
from zprl_env.steering.noise import NoiseSteering

__all__ = [
    "ActionSteering",
    "JointSteering",
    "LatentSteering",
    "NoiseSteering",
    "ObservationKind",
    "Steering",
    "auto_scale",
]

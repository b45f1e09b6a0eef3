"""Steer frozen robot policies with reinforcement learning, through any Gymnasium environment."""

from __future__ import annotations

from policies.encoding import Encoding
from zprl_env.chunking import ActionChunkWrapper
from zprl_env.envs import make_env
from zprl_env.errors import (
    CheckpointError,
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
    SimulationError,
    ZprlError,
)
from zprl_env.steerable import SteerablePolicy
from zprl_env.wrapper import (
    ActionSteeringWrapper,
    JointSteeringWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
)

__version__ = "0.1.0"

__all__ = [
    "ActionChunkWrapper",
    "ActionSteeringWrapper",
    "CheckpointError",
    "ConfigurationError",
    "Encoding",
    "InvalidActionError",
    "JointSteeringWrapper",
    "LatentSteeringWrapper",
    "NoiseSteeringWrapper",
    "PolicyMismatchError",
    "SimulationError",
    "SteerablePolicy",
    "ZprlError",
    "make_env",
]

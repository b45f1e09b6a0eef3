"""Steer frozen robot policies with reinforcement learning, through any Gymnasium environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zprl_env.loading.shadowing import check_not_hidden

check_not_hidden("policies")  # before anything is imported from it

from policies.encoding import Encoding
from zprl_env.deploy.steered_policy import SteeredPolicy
from zprl_env.envs import Task, make_env, register_task
from zprl_env.errors import (
    CheckpointError,
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
    SimulationError,
    ZprlError,
)
from zprl_env.seeing.environment import make_env_for
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.chunking import ActionChunkWrapper
from zprl_env.steering.wrapper import (
    ActionSteeringWrapper,
    JointSteeringWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
)

if TYPE_CHECKING:
    from zprl_env.vectorised.steering import SteeringVecEnv

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
    "SteeredPolicy",
    "SteeringVecEnv",
    "Task",
    "ZprlError",
    "make_env",
    "make_env_for",
    "register_task",
]


def __getattr__(name: str) -> Any:
    if name == "SteeringVecEnv":  # which Stable-Baselines3 comes with, and torch with that
        from zprl_env.vectorised.steering import SteeringVecEnv

        return SteeringVecEnv
    raise AttributeError(f"module 'zprl_env' has no attribute {name!r}")

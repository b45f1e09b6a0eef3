"""Environments of zprl-env as environments of LeRobot's."""

import gymnasium as gym

from lerobot_env_zprl.configuration_zprl import ZprlEnv

gym.register(
    id="lerobot_env_zprl/Steps-v0",
    entry_point="lerobot_env_zprl.environment:ZprlSteps",
    order_enforce=False,
    disable_env_checker=True,
)

__all__ = ["ZprlEnv"]

"""Steered policies of zprl-env as policies of LeRobot's, which imports this package by itself."""

from lerobot_policy_zprl.configuration_zprl import ZprlConfig
from lerobot_policy_zprl.modeling_zprl import ZprlPolicy
from lerobot_policy_zprl.processor_zprl import make_zprl_pre_post_processors

__all__ = ["ZprlConfig", "ZprlPolicy", "make_zprl_pre_post_processors"]

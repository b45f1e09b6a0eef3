"""Configuration of an environment of zprl-env for LeRobot's commands: ``--env.type=zprl``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.envs.configs import EnvConfig
from lerobot.utils.constants import ACTION, OBS_ENV_STATE, OBS_IMAGES, OBS_STATE


@EnvConfig.register_subclass("zprl")
@dataclass
class ZprlEnv(EnvConfig):
    """Configuration of an environment; its features are asked of the environment itself.

    Attributes:
        task: As ``zprl_env.make_env`` takes it: ``"Lift"``, or a gymnasium id.
        python: Interpreter of the simulators; LeRobot's own if not given.
        cameras: What is seen, of an environment with cameras.
        image_size: Height and width of a frame [pixels].
        fps: Control steps per second; the environment's own if 0.
    """

    task: str | None = "Lift"
    python: str | None = None
    cameras: list[str] = field(default_factory=list)
    image_size: int = 84
    fps: int = 0

    def __post_init__(self) -> None:
        from lerobot_env_zprl.environment import describe

        about = describe(**self.gym_kwargs)
        self.fps = self.fps or about["fps"]
        sizes = {"agent_pos": about["state"], "environment_state": about["objects"]}
        named = {"agent_pos": OBS_STATE, "environment_state": OBS_ENV_STATE}
        kinds = {"agent_pos": FeatureType.STATE, "environment_state": FeatureType.ENV}
        self.features[ACTION] = PolicyFeature(FeatureType.ACTION, (about["action"],))
        self.features_map[ACTION] = ACTION
        for name, size in sizes.items():
            if size:
                self.features[name] = PolicyFeature(kinds[name], (size,))
                self.features_map[name] = named[name]
        for camera, shape in about["cameras"].items():
            self.features[f"pixels/{camera}"] = PolicyFeature(FeatureType.VISUAL, tuple(shape))
            self.features_map[f"pixels/{camera}"] = f"{OBS_IMAGES}.{camera}"

    @property
    def package_name(self) -> str:
        """Package that registers the environment."""
        return "lerobot_env_zprl"

    @property
    def gym_id(self) -> str:
        """Id of the environment."""
        return f"{self.package_name}/Steps-v0"

    @property
    def gym_kwargs(self) -> dict[str, Any]:
        """Arguments of the environment."""
        return {
            "task": self.task,
            "python": self.python,
            "cameras": tuple(self.cameras),
            "image_size": self.image_size,
        }

"""Environment of zprl-env with observations by LeRobot's names, here or in another interpreter."""

from __future__ import annotations

from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np

from lerobot_env_zprl.remote import RemoteHost
from lerobot_env_zprl.worker.host import Host


def _host(task: str, python: str | None, cameras: tuple[str, ...], image_size: int) -> Any:
    asked = {"task": task, "cameras": list(cameras), "image_size": image_size}
    return Host(asked) if python is None else RemoteHost(python, asked)


@cache
def describe(
    task: str, python: str | None, cameras: tuple[str, ...], image_size: int
) -> dict[str, Any]:
    """Return sizes, cameras, rate and limit of an environment, which is made for that once."""
    host = _host(task, python, cameras, image_size)
    about: dict[str, Any] = host.about
    host.close()
    return about


class ZprlSteps(gym.Env):
    """Environment of zprl-env, step by step, as LeRobot's roll-outs take it.

    Args:
        task: As ``zprl_env.make_env`` takes it.
        python: Interpreter of the simulators; this one if not given.
        cameras: What is seen.
        image_size: Height and width of a frame [pixels].
    """

    def __init__(
        self,
        task: str,
        python: str | None = None,
        cameras: tuple[str, ...] = (),
        image_size: int = 84,
    ) -> None:
        self._host = _host(task, python, cameras, image_size)
        about = self._host.about
        self.task = self.task_description = about["words"]
        self._max_episode_steps = about["limit"]
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": about["fps"]}
        self.render_mode = "rgb_array"
        parts: dict[str, gym.Space] = {}
        for name, size in (("agent_pos", "state"), ("environment_state", "objects")):
            if about[size]:
                parts[name] = gym.spaces.Box(-np.inf, np.inf, (about[size],), np.float32)
        if about["cameras"]:
            parts["pixels"] = gym.spaces.Dict(
                {
                    name: gym.spaces.Box(0, 255, tuple(shape), np.uint8)
                    for name, shape in about["cameras"].items()
                }
            )
        self.observation_space = gym.spaces.Dict(parts)
        low, high = (np.asarray(about[end], np.float32) for end in ("low", "high"))
        self.action_space = gym.spaces.Box(low, high, dtype=np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode."""
        super().reset(seed=seed)
        arrays, info = self._host.reset(None if seed is None else int(seed))
        return self._named(arrays), info

    def step(self, action: np.ndarray) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Take one control step."""
        arrays, info = self._host.step(np.asarray(action, np.float32))
        said = info.pop("step")
        return self._named(arrays), said["reward"], said["terminated"], said["truncated"], info

    def render(self) -> np.ndarray:
        """Return a picture of now. Shape ``(H, W, 3)``, uint8."""
        picture: np.ndarray = self._host.render()[0]["picture"]
        return picture

    def close(self) -> None:
        """End the environment, and its process if it has one."""
        self._host.close()

    def _named(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        pixels = {n.removeprefix("pixels/"): a for n, a in arrays.items() if "pixels/" in n}
        found: dict[str, Any] = {n: a for n, a in arrays.items() if "pixels/" not in n}
        return found | ({"pixels": pixels} if pixels else {})

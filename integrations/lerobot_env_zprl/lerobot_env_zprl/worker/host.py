"""Host of one environment of zprl-env: asked by messages, JSON and raw arrays, through a pipe.

This file is run by the simulators' interpreter, which has no LeRobot and not this package.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import Any, BinaryIO

import numpy as np

MOST = 2**28
"""Largest message [bytes]."""


def write_message(stream: Any, said: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write one message: what is said, and arrays by name."""
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    shapes = {name: [array.dtype.str, list(array.shape)] for name, array in kept.items()}
    header = json.dumps({"said": said, "arrays": shapes}).encode()
    stream.write(struct.pack("<I", len(header)) + header)
    for array in kept.values():
        stream.write(array.tobytes())
    stream.flush()


def read_message(stream: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read one message.

    Raises:
        EOFError: The other side has ended.
    """
    header = json.loads(_exactly(stream, struct.unpack("<I", _exactly(stream, 4))[0]))
    arrays = {}
    for name, (kind, shape) in header["arrays"].items():
        dtype = np.dtype(kind)
        content = _exactly(stream, int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
        arrays[name] = np.frombuffer(content, dtype).reshape(shape).copy()
    return header["said"], arrays


def _exactly(stream: Any, size: int) -> bytes:
    if size > MOST:
        raise EOFError(f"a message must be of at most {MOST} bytes. Got: {size}.")
    content: bytes = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content


class Host:
    """Environment of zprl-env with its observation in parts: of the robot, objects and cameras.

    Args:
        asked: ``task``, ``cameras`` and ``image_size``.

    Attributes:
        about: Sizes, cameras, rate and limit.
    """

    def __init__(self, asked: dict[str, Any]) -> None:
        from zprl_env import make_env
        from zprl_env.envs.flat import flatten, ordered_keys

        cameras = list(asked.get("cameras") or [])
        size = asked.get("image_size", 84)
        options = {"cameras": cameras, "image_size": (size, size)} if cameras else {}
        env = make_env(asked["task"], **options)
        self._env = flatten(env, sees=bool(cameras))
        keys = ordered_keys(self._env) or {}
        objects = [i for i, key in enumerate(_repeated(keys)) if "object" in key]
        space: Any = self._env.observation_space
        self._cameras = [n for n in getattr(space, "spaces", {}) if n != "state"]
        total = _size(space["state"] if self._cameras and "state" in space.spaces else space)
        self._objects = np.asarray(objects, np.int64)
        self._robot = np.asarray([i for i in range(total) if i not in {*objects}], np.int64)
        action: Any = self._env.action_space
        spec = self._env.spec
        limit = getattr(spec, "max_episode_steps", None)
        self.about: dict[str, Any] = {
            "words": str(asked["task"]),
            "state": len(self._robot),
            "objects": len(self._objects),
            "cameras": {name: list(space[name].shape) for name in self._cameras},
            "action": _size(action),
            "low": action.low.tolist(),
            "high": action.high.tolist(),
            "fps": int(self._env.metadata.get("render_fps", 20)),
            "limit": int(limit or 500),
        }

    def reset(self, seed: int | None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Start an episode."""
        observation, _ = self._env.reset(seed=seed)
        return self._parts(observation), {"is_success": False}

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Take one step, with the action clipped to its space."""
        space: Any = self._env.action_space
        clipped = np.clip(action, space.low, space.high)
        observation, reward, terminated, truncated, info = self._env.step(clipped)
        said = {"reward": float(reward), "terminated": bool(terminated)}
        said["truncated"] = bool(truncated)
        success = bool(info.get("is_success", False))
        return self._parts(observation), {"is_success": success, "step": said}

    def render(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Draw a picture; black where the environment draws none."""
        picture: Any = self._env.render()
        if not isinstance(picture, np.ndarray):
            picture = np.zeros((64, 64, 3), np.uint8)
        return {"picture": picture}, {}

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    def _parts(self, observation: Any) -> dict[str, np.ndarray]:
        found = {f"pixels/{name}": np.asarray(observation[name]) for name in self._cameras}
        flat = observation.get("state") if isinstance(observation, dict) else observation
        if flat is not None:
            vector = np.asarray(flat, np.float32)
            for name, chosen in (("agent_pos", self._robot), ("environment_state", self._objects)):
                if len(chosen):
                    found[name] = vector[chosen]
        return found


def _repeated(keys: dict[str, int]) -> list[str]:
    return [key for key, length in keys.items() for _ in range(length)]


def _size(space: Any) -> int:
    return int(np.prod(space.shape))


def serve(into: BinaryIO, out: BinaryIO) -> None:
    """Answer messages until the other side ends."""
    host: Host | None = None
    while True:
        try:
            said, arrays = read_message(into)
        except EOFError:
            break
        try:
            if "make" in said:
                host = Host(said["make"])
                answer: tuple[dict[str, np.ndarray], dict[str, Any]] = ({}, host.about)
            elif host is None:
                raise RuntimeError("An environment must be made first.")
            elif "reset" in said:
                answer = host.reset(said["reset"])
            elif "step" in said:
                answer = host.step(arrays["action"])
            else:
                answer = host.render()
        except Exception as error:  # told to the other side, which raises it
            answer = ({}, {"error": f"{type(error).__name__}: {error}"})
        write_message(out, answer[1], answer[0])
    if host is not None:
        host.close()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what simulators print is no answer
    sys.path[0] = os.getcwd()
    serve(sys.stdin.buffer, answers)

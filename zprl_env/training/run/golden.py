"""Golden answer of a run's base policy: a question that it answered when training began.

Weights are compared by their hash, which says nothing of the code around them: another version of a
library, of a processor or of a served policy's interpreter acts otherwise with the same weights. So
a run keeps one chunk, and the versions that decided it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from policies.encoding import Observations, context_of, decode, encode_alone, noise_shape
from policies.imitation.versions import versions
from zprl_env.envs.observation.time_left import TimeLeftObservation
from zprl_env.files import RunFolderError, read_json, write_json
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.frozen import alike

GOLDEN_FILE = "golden.json"
CLOSE = 1e-2
"""Largest change of the chunk, relative to its largest number: another processor's rounding through
ten steps of denoising is far below, and an action that is denormalised otherwise far above."""


def keep_golden(folder: Path, policy: SteerablePolicy, env: gym.Env) -> None:
    """Write down what the base policy answers, unless the run has it already.

    Args:
        folder: The run's folder.
        policy: The base policy.
        env: The environment that it acts in, chunked: its observations are the policy's.
    """
    file = folder / GOLDEN_FILE
    if file.exists():
        return
    shapes = _shapes(_seen_by_policy(env))
    chunk = _answer(policy, shapes)
    content = {"observation": shapes, "chunk": chunk.tolist(), "versions": _versions(policy)}
    write_json(file, content)


def check_golden(folder: Path, policy: SteerablePolicy) -> None:
    """Check that a policy answers as it did when the run began.

    Args:
        folder: The run's folder; one of an earlier version of this package has no such answer.
        policy: The base policy.

    Raises:
        RunFolderError: It answers otherwise, or what was kept is damaged.
    """
    file = folder / GOLDEN_FILE
    if not file.exists():
        return
    content = read_json(file)
    try:
        shapes, kept = content["observation"], np.asarray(content["chunk"], np.float32)
        then = dict(content["versions"])
        now = _answer(policy, {name: tuple(map(int, shapes[name])) for name in shapes})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{file} must hold what the run's policy answered. Got: {type(error).__name__}: "
            f"{error}. Delete it to go on without that check."
        ) from error
    if not alike(kept, now, CLOSE):
        here = _versions(policy)
        other = [f"{n} {v} (now {here.get(n)})" for n, v in then.items() if here.get(n) != v]
        raise RunFolderError(
            f"The base policy must act as it did when training began in {folder}. Got other "
            f"actions for the same question, by up to {_difference(kept, now)}, with "
            f"{', '.join(other) or 'the same versions of its libraries'}. Load it as it was loaded "
            "then, or start a new run."
        )


def _seen_by_policy(env: gym.Env) -> gym.Space:
    """Return the space of what the policy sees; the time that is left is the agent's."""
    layer: Any = env
    while isinstance(layer, gym.Wrapper):
        if isinstance(layer, TimeLeftObservation):
            return layer.env.observation_space
        layer = layer.env
    return env.observation_space


def _shapes(space: gym.Space) -> dict[str, tuple[int, ...]]:
    """Return the shapes of an observation's parts by name; a flat one has no name."""
    parts = space.spaces if isinstance(space, gym.spaces.Dict) else {"": space}
    return {name: tuple(part.shape or ()) for name, part in parts.items()}


def _question(shapes: Mapping[str, tuple[int, ...]]) -> Observations:
    """Make a batch of one: pictures of random bytes, numbers of N(0, 1)."""
    # Its stream is frozen for good, unlike that of numpy's Generator.
    random = np.random.RandomState(0)
    parts = {
        name: random.randint(0, 256, (1, *shape)).astype(np.uint8)
        if len(shape) > 2
        else random.standard_normal((1, *shape)).astype(np.float32)
        for name, shape in sorted(shapes.items())
    }
    return parts.get("", parts)


def _answer(policy: SteerablePolicy, shapes: Mapping[str, tuple[int, ...]]) -> np.ndarray:
    encoding = encode_alone(policy, _question(shapes))
    noise = np.zeros((1, *noise_shape(policy)), np.float32)
    return np.array(decode(policy, np.array(encoding[1]), noise, context_of(encoding))[0])


def _versions(policy: object) -> dict[str, str]:
    """Return the versions that a policy computes with, which may live in another interpreter."""
    return dict(getattr(policy, "versions", None) or versions())


def _difference(kept: np.ndarray, now: np.ndarray) -> str:
    if kept.shape != now.shape:
        return f"a shape ({kept.shape} and {now.shape})"
    return f"{float(np.abs(kept - now).max(initial=0.0)):.3g}"

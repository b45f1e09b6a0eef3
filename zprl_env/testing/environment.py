"""Conformance check of an environment: whether a policy can be steered in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np

from zprl_env.envs import flat_environment
from zprl_env.envs.conditions import check_single
from zprl_env.errors import PolicyMismatchError
from zprl_env.loading.resolve import PolicyLike, resolve_policy
from zprl_env.seeing.batches import copied, equal
from zprl_env.seeing.environment import make_env_for
from zprl_env.seeing.fit import has_pictures
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.chunking import ActionChunkWrapper, reported_success
from zprl_env.steering.compatibility import mismatches
from zprl_env.steering.identity import difference
from zprl_env.testing.findings import Note, StopChecks, look

STEPS = 40
"""Steps that an episode is played for."""


@dataclass
class Subject:
    """An environment under test, and what earlier checks found out about it."""

    env: gym.Env
    policy: SteerablePolicy | None
    seed: int
    flat: gym.Env = field(init=False)

    def actions(self, steps: int) -> np.ndarray:
        """Draw actions within the bounds. Shape ``(steps, A)``."""
        space = self.flat.action_space
        assert isinstance(space, gym.spaces.Box)
        low, high = np.maximum(space.low, -1e3), np.minimum(space.high, 1e3)
        drawn = np.random.default_rng(self.seed).uniform(low, high, (steps, *space.shape))
        return drawn.astype(space.dtype)

    def play(self) -> list[Any]:
        """Play an episode of a seed with the same actions as always; list what comes back."""
        rows: list[Any] = [self.flat.reset(seed=self.seed)]
        for action in self.actions(STEPS):
            rows.append(self.flat.step(action.copy()))
            if rows[-1][2] or rows[-1][3]:
                break
        return rows


def check_env_fits(
    env: gym.Env | str, policy: PolicyLike | None = None, *, seed: int = 0
) -> list[str]:
    """Check an environment against everything that steering relies on.

    It is reset and stepped with random actions, some forty at a time: look that nothing is in the
    way of a robot. It is left as it is after that, to be reset.

    Args:
        env: An environment, not steered, or the name of one.
        policy: A policy that is to fit it; a policy object, a path or a name.
        seed: Of the episodes that are played.

    Returns:
        Notes: what is worth a look and no fault.

    Raises:
        PolicyMismatchError: It does not fit; the message lists everything that was found.

    Example:
        >>> import gymnasium as gym
        >>> check_env_fits(gym.make("Pendulum-v1"))
        ['it reports no success: put info["is_success"] into what step returns, or every episode ...
    """
    found_policy = None if policy is None else resolve_policy(policy)
    made = make_env_for(found_policy, env) if isinstance(env, str) else env
    check_single(made, "check_env_fits")
    subject = Subject(made, found_policy, seed)
    try:
        found = look(subject, CHECKS)
    finally:
        if made is not env:
            made.close()
    if found.faults:
        raise PolicyMismatchError(
            f"{made} must be an environment that can be steered. Got: {'; '.join(found.faults)}. "
            f"All that is asked of one: docs/guides/environment.md."
        )
    return found.notes


def _has_spaces_that_fit(subject: Subject) -> Iterator[str]:
    """Flat boxes, of the policy's sizes, and a task that is the policy's."""
    env = subject.env
    if any(isinstance(wrapper, ActionChunkWrapper) for wrapper in _wrappers(env)):
        yield "it must not be in ActionChunkWrapper or steered yet, give the environment inside"
        raise StopChecks
    seen = subject.policy is None and has_pictures(env.observation_space)
    try:
        subject.flat = env if seen else flat_environment(env, subject.policy)
    except PolicyMismatchError as error:
        yield str(error)
        raise StopChecks from None
    spaces = subject.flat.observation_space, subject.flat.action_space
    if subject.policy is not None:
        wrong = [*mismatches(*spaces, subject.policy, subject.policy.n_action_steps)]
    else:
        wrong = [
            f"{name} space must be a flat Box of floating-point numbers, got {space}"
            for name, space in zip(("observation", "action"), spaces, strict=True)
            if not (seen and space is spaces[0])
            if not isinstance(space, gym.spaces.Box)
            or len(space.shape) != 1
            or not np.issubdtype(space.dtype, np.floating)
        ]
    yield from wrong
    if wrong:
        raise StopChecks
    if not all(np.isfinite(getattr(spaces[1], end)).all() for end in ("low", "high")):
        yield Note(f"actions have no bounds, so none is ever clipped: {spaces[1]}")
    metadata = getattr(subject.policy, "metadata", None) or {}
    if told := difference(metadata.get("env_args"), getattr(env.unwrapped, "env_args", None)):
        yield Note(f"the policy was trained for another environment: {told}")


def _resets(subject: Subject) -> Iterator[str]:
    """Observation and info, the same for the same seed."""
    seen = []
    for seed in (subject.seed, subject.seed + 1, subject.seed):
        returned = subject.flat.reset(seed=seed)
        if not isinstance(returned, tuple) or len(returned) != 2:
            yield f"it must return observation and info, got {type(returned).__name__}"
            raise StopChecks
        observation, info = returned
        if wrong := _observation(subject, observation):
            yield wrong
            raise StopChecks
        if not isinstance(info, dict):
            yield f"info must be a dict, got {type(info).__name__}"
        seen.append(copied(observation))
    if not equal(seen[0], seen[2]):
        yield "the same seed must bring the same observation, it brought another one"
    elif equal(seen[0], seen[1]):
        yield Note("another seed brings the same observation: every episode may begin alike")


def _steps(subject: Subject) -> Iterator[str]:
    """Five values of the right types, for an episode."""
    reports, rows = False, subject.play()
    for row in rows[1:]:
        if not isinstance(row, tuple) or len(row) != 5:
            yield (
                "it must return observation, reward, terminated, truncated and info, got "
                f"{f'{len(row)} values' if isinstance(row, tuple) else type(row).__name__}"
            )
            raise StopChecks
        observation, reward, terminated, truncated, info = row
        wrong = [_observation(subject, observation)]
        try:
            good = bool(np.isfinite(float(reward)))
        except (TypeError, ValueError):
            good = False
        wrong += [] if good else [f"the reward must be one finite number, got {reward!r}"]
        for name, flag in (("terminated", terminated), ("truncated", truncated)):
            if not isinstance(flag, bool | np.bool_):
                wrong.append(f"{name} must be a bool, got {flag!r}")
        if not isinstance(info, dict):
            wrong.append(f"info must be a dict, got {type(info).__name__}")
        else:
            reports = reports or reported_success(info) is not None
        if found := [fault for fault in wrong if fault]:
            yield from found
            raise StopChecks
    if not reports:
        yield Note(
            'it reports no success: put info["is_success"] into what step returns, or every '
            "episode counts as failed"
        )
    own = getattr(subject.env.unwrapped, "episode_steps", None)
    limit = own if subject.env.spec is None else subject.env.spec.max_episode_steps or own
    if len(rows) > STEPS and subject.env.spec is not None and limit is None:
        yield Note("it has no time limit that gymnasium knows; put TimeLimit around it")


def _repeats_its_episodes(subject: Subject) -> Iterator[str]:
    """The same seed and actions are the same episode."""
    first, again = subject.play(), subject.play()
    same = len(first) == len(again) and all(
        equal(one[0], other[0]) and one[1:-1] == other[1:-1]
        for one, other in zip(first, again, strict=True)
    )
    if not same:
        yield "the same seed and actions must be the same episode, they were another one"


CHECKS = (_has_spaces_that_fit, _resets, _steps, _repeats_its_episodes)
"""Checks of an environment, in order."""


def _observation(subject: Subject, observation: Any) -> str:
    """Say what is wrong with an observation; empty if nothing is."""
    space = subject.flat.observation_space
    if isinstance(space, gym.spaces.Dict):
        if not isinstance(observation, Mapping) or observation.keys() != space.spaces.keys():
            got = [*observation] if isinstance(observation, Mapping) else type(observation)
            return f"an observation must have {[*space.spaces]}, got {got}"
        parts = (_part(space[name], part, f"{name}: ") for name, part in observation.items())
        return next(filter(None, parts), "")
    return _part(space, observation)


def _part(space: gym.Space, observation: Any, name: str = "") -> str:
    shape = getattr(observation, "shape", None)
    if shape != space.shape:
        got = shape or type(observation)
        return f"{name}an observation must have shape {space.shape}, got {got}"
    if space.dtype == np.uint8 and observation.dtype != np.uint8:
        return f"{name}a picture must be uint8, 0 to 255, got {observation.dtype}"
    if not np.issubdtype(observation.dtype, np.number) or not np.isfinite(observation).all():
        return f"{name}an observation must be finite numbers, got NaN, infinity or something else"
    return ""


def _wrappers(env: gym.Env) -> Iterator[gym.Env]:
    while isinstance(env, gym.Wrapper):
        yield env
        env = env.env

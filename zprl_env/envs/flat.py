"""Flatten observations: a ``Dict`` of boxes, or a box of any shape, as the flat box policies take.

The rule, in one place: a policy that has ``observation_keys`` gets these, in its order, and no
others; any other policy gets all of them in the space's own order, which is alphabetical where
gymnasium was given a plain dict. Parts of a ``Dict`` in a ``Dict`` are named with a dot, in the
order of their spaces. Each part is raveled in C order and cast to float32. A flat box stays as it
is, unless it says which of its entries are which part and the policy takes them in another order.
Pictures are for policies that see: their environments keep a ``Dict`` of ``state`` and a picture
per camera, of which only the state's parts are chosen and put into order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from policies.pictures.settings import STATE
from zprl_env.envs.cameras.chosen import chosen_state
from zprl_env.envs.conditions import check_single
from zprl_env.envs.observation.history import check_history, history_in, n_obs_steps, with_history
from zprl_env.envs.observation.pixels import with_cameras
from zprl_env.envs.spaces import is_image
from zprl_env.errors import PolicyMismatchError

OBSERVATION = "observation"
"""Name of the only part of an observation that is one box."""


class FlatObservation(
    gym.ObservationWrapper[np.ndarray, Any, Any], gym.utils.RecordConstructorArgs
):
    """Wrapper that concatenates the parts of an observation to one float32 vector.

    Attributes:
        observation_keys: Which entries of the vector are which part.

    Example:
        >>> env = FlatObservation(gym.make("Blackjack-v1"))
        Traceback (most recent call last):
        policies.errors.PolicyMismatchError: A policy takes a flat Box or a Dict of them. Got an ...
    """

    def __init__(self, env: gym.Env, keys: Iterable[str] | None = None) -> None:
        """Wrap an environment.

        Args:
            env: An environment whose observation is a ``Box``, or a ``Dict`` of ``Box``, which may
                lie in a ``Dict`` themselves.
            keys: The parts to take, in order; all in the space's order if not given.

        Raises:
            PolicyMismatchError: The observation is something else, or has no such part.
        """
        keys = None if keys is None else list(keys)
        check_single(env, "FlatObservation")
        gym.utils.RecordConstructorArgs.__init__(self, keys=keys)
        super().__init__(env)
        space, named = env.observation_space, named_parts(env)
        self._entries: np.ndarray | None = None
        if keys and named and isinstance(space, gym.spaces.Box):
            chosen = {key: named[key] for key in _found(keys, named)}
            self._entries = np.concatenate([np.arange(space.shape[0])[s] for s in chosen.values()])
            sizes = {key: len(np.arange(space.shape[0])[s]) for key, s in chosen.items()}
            ends = [end[self._entries] for end in (space.low, space.high)]
        else:
            boxes = _boxes(space, keys)
            sizes = {key: int(np.prod(box.shape)) for key, box in boxes.items()}
            ends = [
                np.concatenate([np.ravel(getattr(box, end)) for box in boxes.values()])
                for end in ("low", "high")
            ]
        self._named = isinstance(space, gym.spaces.Dict)
        self.observation_keys = slices(sizes)
        low, high = (end.astype(np.float32) for end in ends)
        self.observation_space = gym.spaces.Box(low, high, dtype=np.float32)

    def observation(self, observation: Any) -> np.ndarray:
        """Flatten an observation. Shape ``(O,)``, float32."""
        if self._entries is not None:
            return np.asarray(observation, np.float32)[self._entries]
        parts = _leaves(observation) if self._named else {OBSERVATION: observation}
        return np.concatenate(
            [np.ravel(np.asarray(parts[key], np.float32)) for key in self.observation_keys]
        )


def slices(sizes: Mapping[str, int]) -> dict[str, slice]:
    """Return where each part of a flat vector lies, of parts in order with these sizes.

    >>> slices({"arm": 2, "grid": 6})
    {'arm': slice(0, 2, None), 'grid': slice(2, 8, None)}
    """
    ends = np.cumsum([0, *sizes.values()]).tolist()
    return {key: slice(*ends[i : i + 2]) for i, key in enumerate(sizes)}


def named_parts(env: gym.Env) -> dict[str, slice] | None:
    """Find out which entries of an environment's flat observation are which part.

    Args:
        env: Any environment. It says so in ``observation_keys``, as ours do; of a ``Dict`` that
            gymnasium's ``FlattenObservation`` has flattened it follows from the space.

    Returns:
        Slices by name, in the order of the vector; None if nothing is known, or if a wrapper makes
        other observations of it.
    """
    while True:
        said = vars(env).get("observation_keys", getattr(type(env), "observation_keys", None))
        if isinstance(said, Mapping) and all(isinstance(part, slice) for part in said.values()):
            return dict(said)
        if isinstance(env, gym.wrappers.FlattenObservation):
            inner = env.env.observation_space
            if not isinstance(inner, gym.spaces.Dict):
                return None
            return slices({key: gym.spaces.flatdim(s) for key, s in _leaves(inner).items()})
        if not isinstance(env, gym.Wrapper) or isinstance(env, gym.ObservationWrapper):
            return None
        if env.observation_space is not env.env.observation_space:
            return None
        env = env.env


def ordered_keys(env: gym.Env) -> dict[str, int] | None:
    """Return the names and sizes of :func:`named_parts`, in order; None where they are unknown."""
    named = named_parts(env)
    space = env.observation_space
    if isinstance(space, gym.spaces.Dict):
        space = space.spaces.get(STATE, space)
    if named is None or not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
        return None
    return {key: len(range(*part.indices(space.shape[0]))) for key, part in named.items()}


def flat_environment(env: gym.Env, policy: object = None) -> gym.Env:
    """Wrap an environment so that it gives the flat observations that a policy takes.

    Args:
        env: Any environment.
        policy: The policy, whose ``observation_keys`` choose and order the parts of a ``Dict``.

    Returns:
        The environment itself if its observations are a flat ``Box``, else a
        :class:`FlatObservation` of it. Of a policy that sees, pictures stay as they are.

    Raises:
        PolicyMismatchError: The observation is no box and no ``Dict`` of boxes, or lacks a part.

    >>> env = gym.make("Pendulum-v1")
    >>> flat_environment(env) is env
    True
    """
    check_single(env, "flat_environment")
    sees = bool(getattr(policy, "cameras", ()))
    if isinstance(env, gym.Wrapper) and (found := history_in(env)) is not None:
        check_history(found, policy)
        return env
    env = with_cameras(env, getattr(policy, "cameras", None) or ())
    flat = flatten(env, observation_keys(policy), sees=sees)
    if not sees or isinstance(env.observation_space, gym.spaces.Dict):
        check_order(ordered_keys(flat), policy)
    return with_history(flat, n_obs_steps(policy))


def flatten(env: gym.Env, keys: Iterable[str] | None = None, *, sees: bool = False) -> gym.Env:
    """Flatten observations by keys alone, for processes that do not hold the policy.

    Args:
        env: Any environment.
        keys: Parts to take, in order.
        sees: Whether the policy takes pictures.

    A flat ``Box`` whose environment names its parts is put into the order of the keys, if it is
    another one; one that names none of them, or has none of these, stays as it is.
    """
    space = env.observation_space
    if sees:
        return chosen_state(env, keys)
    if not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
        return FlatObservation(env, keys)
    wanted, named = list(keys or ()), named_parts(env)
    if named is None or not named.keys() & {*wanted} or [*named] == wanted:
        return env
    return FlatObservation(env, wanted)


def check_order(got: Mapping[str, int] | None, policy: object) -> None:
    """Refuse observations whose parts have another order or other sizes than the policy's.

    Args:
        got: Names and sizes of the environment's parts, in order; None if it does not say.
        policy: The policy.

    Raises:
        PolicyMismatchError: Both say, and they share names and differ.

    >>> from types import SimpleNamespace
    >>> policy = SimpleNamespace(observation_keys=("state", "goal"))
    >>> check_order({"goal": 2, "state": 3}, policy)
    Traceback (most recent call last):
    policies.errors.PolicyMismatchError: The policy takes its observation as state, goal. Got an ...
    """
    keys = observation_keys(policy)
    if not got or not keys or not got.keys() & {*keys}:
        return
    sizes = _sizes(policy)
    told = [f"{key} ({sizes[key]})" if key in sizes else key for key in keys]
    other = any(key in got and got[key] != size for key, size in sizes.items())
    if [*got] != [*keys] or other:
        listed = [f"{key} ({size})" if sizes else key for key, size in got.items()]
        hint = (
            "Wrap each environment in zprl_env.envs.flat_environment(env, policy), around the Dict "
            "itself, which takes them in the policy's order."
        )
        if other:
            hint = (
                "It is of another robot or task. Give one of this: --policy, which python -m "
                "zprl_env.make_policy makes with the same --env and --env-kwargs."
            )
        raise PolicyMismatchError(
            f"The policy takes its observation as {', '.join(told)}. Got an environment that gives "
            f"{', '.join(listed)}. {hint}"
        )


def observation_keys(policy: object) -> tuple[str, ...] | None:
    """Return the keys that a policy's observation consists of, in order; None if it does not say.

    They stand in its ``observation_keys``, or in a checkpoint's description.
    """
    keys = getattr(policy, "observation_keys", None)
    if keys is None:
        metadata = getattr(policy, "metadata", None)
        keys = metadata.get("observation_keys") if isinstance(metadata, Mapping) else None
    return tuple(keys) if keys else None


def _sizes(policy: object) -> dict[str, int]:
    """Return the sizes of the parts that a policy was trained with, where its checkpoint says."""
    keys = getattr(policy, "observation_keys", None)
    metadata = getattr(policy, "metadata", None)
    if keys is None and isinstance(metadata, Mapping):
        keys = metadata.get("observation_keys")
    if not isinstance(keys, Mapping):
        return {}
    return {str(key): size for key, size in keys.items() if isinstance(size, int)}


def _leaves(tree: Any, before: str = "") -> dict[str, Any]:
    """Return the parts of a nested ``Dict``, or of its space, by their names joined by dots."""
    if not isinstance(tree, Mapping | gym.spaces.Dict):
        return {before: tree}
    found: dict[str, Any] = {}
    for key, part in tree.items():
        found.update(_leaves(part, f"{before}.{key}" if before else str(key)))
    return found


def _found(keys: list[str], parts: Mapping[str, Any]) -> list[str]:
    """Return the keys, if all of them are there."""
    if missing := [key for key in keys if key not in parts]:
        raise PolicyMismatchError(
            f"The policy takes the observations {keys}. Got an environment with "
            f"{list(parts)}, without {missing}. Rename or add them by "
            "gymnasium.wrappers.TransformObservation."
        )
    return keys


def _boxes(space: gym.Space, keys: list[str] | None) -> dict[str, gym.spaces.Box]:
    """Return the parts to take, each of them checked."""
    if isinstance(space, gym.spaces.Box):
        parts: dict[str, gym.Space] = {OBSERVATION: space}
    elif isinstance(space, gym.spaces.Dict):
        leaves = _leaves(space)
        if any(map(is_image, leaves.values())) and not {*(keys or leaves)} <= leaves.keys():
            raise PolicyMismatchError(sees_states(space))
        parts = {key: leaves[key] for key in _found(keys or [*leaves], leaves)}
    else:
        raise PolicyMismatchError(
            f"A policy takes a flat Box or a Dict of them. Got an environment with observations "
            f"{space}. Wrap it in gymnasium.wrappers.FlattenObservation."
        )
    return {key: _box(key, part) for key, part in parts.items()}


def _box(key: str, part: gym.Space) -> gym.spaces.Box:
    if not isinstance(part, gym.spaces.Box):
        raise PolicyMismatchError(
            f"A policy takes a Dict of Box. Got an environment whose {key!r} is {part}. Leave it "
            "out by gymnasium.wrappers.FilterObservation, or wrap the environment in "
            "gymnasium.wrappers.FlattenObservation."
        )
    if is_image(part):
        raise PolicyMismatchError(sees_states(part, key))
    return part


def sees_states(space: gym.Space, key: str = "") -> str:
    """Return the words for an environment with pictures and a policy that takes none.

    Args:
        space: What the environment observes.
        key: Name of the part of it that is a picture, if it is one.
    """
    got = f"an environment whose {key!r} is a picture, {space}" if key else f"{space}"
    return (
        f"The policy sees states: it takes numbers and no pictures. Got: {got}. Make the "
        "environment without cameras, leave pictures out by gymnasium.wrappers.FilterObservation, "
        "or give a policy that sees (python -m policies.pretrain, of demonstrations with cameras)."
    )

"""Conditions of an environment: one of them, open, reset before, an action of finite numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from policies.finite import all_finite
from zprl_env.errors import (
    InvalidActionError,
    NotCopiedError,
    PolicyMismatchError,
    UnknownNameError,
)


def check_single(env: object, wrapper: str) -> None:
    """Refuse what is no single environment of Gymnasium, and say what to give instead.

    Args:
        env: What a wrapper was given.
        wrapper: The wrapper's name, for the error.

    Raises:
        PolicyMismatchError: It is several environments, a class, a name or something else.

    >>> check_single("Lift", "LatentSteeringWrapper")
    Traceback (most recent call last):
    policies.errors.PolicyMismatchError: LatentSteeringWrapper takes one gymnasium.Env. Got: the ...
    """
    if isinstance(env, gym.Env):
        return
    what, hint = type(env).__name__, "Derive its class from gymnasium.Env."
    if isinstance(env, gym.vector.VectorEnv) or hasattr(env, "step_async"):
        what = f"{what}, which is {getattr(env, 'num_envs', 'several')} environments"
        hint = (
            "Several are steered by SteeringVecEnv(DummyVecEnv([make, ...]), policy), whose make "
            "returns ActionChunkWrapper(env, n_action_steps); DummyVecEnv is Stable-Baselines3's."
        )
    elif isinstance(env, type) or callable(env):
        what = f"{getattr(env, '__name__', what)}, which makes one"
        hint = "Call it and give what it returns."
    elif isinstance(env, str):
        what, hint = f"the name {env!r}", f"Make it first: zprl_env.make_env({env!r})."
    raise PolicyMismatchError(f"{wrapper} takes one gymnasium.Env. Got: {what}. {hint}")


def refuse_copy(env: object, how: str) -> NoReturn:
    """Refuse to copy or to pickle an environment, whose simulation or robot is not in Python.

    Args:
        env: The environment.
        how: How to have a second one like it.

    Raises:
        NotCopiedError: Always.
    """
    raise NotCopiedError(
        f"The environment {type(env).__name__} cannot be copied or pickled: the copy would observe "
        f"the original's state. {how}"
    )


def check_render_mode(mode: str | None, known: Iterable[str]) -> None:
    """Refuse a render mode that an environment does not have.

    Args:
        mode: What was asked for; None is always there.
        known: ``metadata["render_modes"]``.

    Raises:
        UnknownNameError: There is no such render mode.
    """
    if mode is not None and mode not in (modes := [*known]):
        raise UnknownNameError("render mode", mode, modes)


def check_open(closed: bool) -> None:
    """Refuse ``reset`` after ``close``.

    Args:
        closed: Whether the environment was closed.

    Raises:
        ClosedEnvironmentError: It was.
    """
    if closed:
        raise ClosedEnvironmentError("reset() needs an open environment; make a new one")


def check_running(running: bool) -> None:
    """Refuse ``step`` before ``reset`` and after an episode's end.

    Args:
        running: Whether there is an episode under way.

    Raises:
        ResetNeeded: There is none.
    """
    if not running:
        raise ResetNeeded("step() needs an episode under way; call reset() first")


def checked_action(action: np.ndarray, space: gym.Space[np.ndarray]) -> np.ndarray:
    """Check that an action is finite and of the right shape; its bounds are not looked at.

    Args:
        action: What ``step`` was given.
        space: The environment's action space.

    Returns:
        The same numbers. Shape ``(A,)``, float64.

    Raises:
        InvalidActionError: They are no numbers, have another shape or are not finite.

    >>> checked_action([0.5, np.nan], gym.spaces.Box(-1.0, 1.0, (2,)))
    Traceback (most recent call last):
    zprl_env.errors.InvalidActionError: an action must be finite, got [0.5, nan]
    """
    try:
        numbers = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidActionError(f"an action must be numbers, got {action!r}") from None
    if numbers.shape != space.shape:
        raise InvalidActionError(f"an action must have shape {space.shape}, got {numbers.shape}")
    if not all_finite(numbers):
        raise InvalidActionError(f"an action must be finite, got {numbers.tolist()}")
    return numbers


@contextmanager
def at_rest_if_it_fails(env: gym.Env | None, venv: Any = None) -> Iterator[None]:
    """Bring an environment to rest if anything in here fails, and go on failing.

    Robots have a method ``rest`` for that; simulations, whose time stands still, need none.

    Args:
        env: An environment, or None.
        venv: Stable-Baselines3's environments, in place of one.

    Example:
        >>> env = gym.make("Pendulum-v1")
        >>> env.unwrapped.rest = lambda: print("at rest")
        >>> with suppress(ValueError), at_rest_if_it_fails(env):
        ...     raise ValueError("no decision")
        at rest
    """
    try:
        yield
    except BaseException:
        with suppress(Exception):
            if venv is not None and venv.has_attr("rest"):
                venv.env_method("rest")
            rest = getattr(env and env.unwrapped, "rest", None)
            if rest is not None:
                rest()
        raise

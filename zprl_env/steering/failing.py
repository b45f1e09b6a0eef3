"""What becomes of an environment whose policy fails: arms that move are brought to rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gymnasium as gym


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

"""Environment of a policy: made with the cameras, size and quality that its checkpoint names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from policies.pictures.settings import QUALITIES
from zprl_env.envs import make_env
from zprl_env.envs.observation.pixels import with_cameras
from zprl_env.seeing.fit import cameras_of, settings_of
from zprl_env.seeing.reference import check_reference
from zprl_env.tasks import SEEN, Task, find_task


def make_env_for(policy: object, env: str | Task, **kwargs: Any) -> gym.Env:
    """Make an environment for a policy, with the cameras that it sees through, if it does.

    Pictures that an environment calls ``pixels``, as LeRobot's do, get LeRobot's names of cameras.

    Args:
        policy: The policy.
        env: As :func:`~zprl_env.make_env` takes it.
        **kwargs: As there; what is said of cameras comes before what the policy names.

    Raises:
        UnknownNameError: There is no such environment, or it has no such camera.
        MissingExtraError: Its simulator is not installed.
        ConfigurationError: It does not take such arguments.
        PolicyMismatchError: The scene looks otherwise than where the policy has learned, and its
            cameras were not named.

    Example:
        >>> from zprl_env.testing import LinearPolicy
        >>> make_env_for(LinearPolicy(3, 1), "Pendulum-v1").observation_space.shape
        (3,)
    """
    cameras = cameras_of(policy)
    made = with_cameras(make_env(env, **camera_kwargs(policy, env, kwargs)), cameras)
    if cameras and not kwargs.keys() & {"cameras", "image_size", "render_quality"}:
        try:
            check_reference(policy, made)
        except BaseException:
            made.close()
            raise
    return made


def camera_kwargs(policy: object, env: str | Task, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of an environment, with the cameras that a policy names.

    Args:
        policy: The policy; of one of states nothing is added.
        env: The environment; to one that is not of this package's suites nothing is added.
        kwargs: Arguments that are given already, which stay.

    >>> camera_kwargs(object(), "Lift", {"reward": "dense"})
    {'reward': 'dense'}
    """
    task = env if isinstance(env, Task) else find_task(env)
    settings = settings_of(policy)
    if settings is None or not cameras_of(policy) or task.suite not in SEEN:
        return dict(kwargs)
    named: dict[str, Any] = {"cameras": settings.cameras, "image_size": settings.image_size}
    if QUALITIES.get(settings.quality.name) == settings.quality:
        named["render_quality"] = settings.quality.name
    return {**named, **kwargs}

"""Table of the ways of steering; another one is a file beside this one and a row here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from zprl_env.errors import ConfigurationError, UnknownNameError, ZprlError
from zprl_env.loading.named import load_object, names_code
from zprl_env.steering.action import ActionSteering
from zprl_env.steering.base import Steering
from zprl_env.steering.joint import JointSteering
from zprl_env.steering.latent import LatentSteering
from zprl_env.steering.noise import NoiseSteering
from zprl_env.steering.wrapper import (
    ActionSteeringWrapper,
    JointSteeringWrapper,
    LatentSteeringWrapper,
    NoiseSteeringWrapper,
    SteeringWrapper,
)
from zprl_env.task import Facts


class Way(NamedTuple):
    """One way of steering: its batched core and the wrapper of one environment.

    What it moves (``place``, for cards) and the defaults that are its own stand in the core.
    """

    core: type[Steering]
    wrapper: type[SteeringWrapper]

    def defaults(self, facts: Facts) -> dict[str, Any]:
        """Return a task's defaults of scale, noise and the latent's sampling."""
        return self.core.usual(facts)


STEERINGS: dict[str, Way] = {
    "latent": Way(LatentSteering, LatentSteeringWrapper),
    "noise": Way(NoiseSteering, NoiseSteeringWrapper),
    "joint": Way(JointSteering, JointSteeringWrapper),
    "action": Way(ActionSteering, ActionSteeringWrapper),
}
"""Ways of steering by the name that ``--steer`` and ``steer=`` take."""


def find_steering(name: str) -> Way:
    """Find a way of steering.

    Args:
        name: A key of `STEERINGS`, or ``"module:Class"`` of a subclass of
            :class:`~zprl_env.steering.Steering`.

    Raises:
        UnknownNameError: There is no such way of steering.
        ConfigurationError: What the name leads to is none.

    >>> find_steering("latent").core.place
    'latent'
    >>> find_steering("latnt")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown way of steering 'latnt'; did you mean 'latent'? ...
    """
    if name in STEERINGS:
        return STEERINGS[name]
    if not names_code(name):
        raise UnknownNameError("way of steering", name, [*STEERINGS, "module:Class"])
    core = load_object(name, "way of steering")
    if not (isinstance(core, type) and issubclass(core, Steering)):
        raise ConfigurationError(
            f"A way of steering must be a subclass of zprl_env.steering.Steering. Got: {core!r}."
        )
    wrapper = type(f"{core.__name__}Wrapper", (SteeringWrapper,), {"steering_class": core})
    return Way(core, wrapper)


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Refuse options that a way of steering does not have.

    Args:
        name: As :func:`find_steering` takes it.
        options: Its own, by name: not those that all of them share.

    Raises:
        UnknownNameError: It has no such option.
        ZprlError: It has no options at all. It is no ``ValueError``: of those, tyro draws a box.

    >>> check_options("joint", {"noise_bound": 1.0})
    >>> check_options("latent", {"noise_bound": 1.0})
    Traceback (most recent call last):
    policies.errors.ZprlError: --steer latent has no options of its own besides --scale...
    """
    core = find_steering(name).core
    known = own_options(core)
    for option in options:
        if not known:
            raise ZprlError(
                f"--steer {name} has no options of its own besides --scale. Got: {option}. "
                f"Leave it out."
            )
        if option not in known:
            raise UnknownNameError(f"option of --steer {name}", option, known)


def check_scale(name: str, scale: object) -> None:
    """Refuse a rule for lambda of a way of steering whose scale is something else.

    Args:
        name: As :func:`find_steering` takes it.
        scale: A number, or the name of a rule.

    Raises:
        ZprlError: It is a rule, and the latent is not steered.

    >>> check_scale("latent", "auto")
    >>> check_scale("action", "calibrate")
    Traceback (most recent call last):
    policies.errors.ZprlError: scale must be a number with --steer action... Got: 'calibrate'...
    """
    core = find_steering(name).core
    if (
        isinstance(scale, str)
        and scale not in core.scale_rules
        and not (scale == "calibrate" and core.scale_rules)
    ):
        raise ZprlError(
            f"scale must be a number with --steer {name}, whose scale is no lambda of the latent. "
            f"Got: {scale!r}. Try {core.usual()['scale']:g}."
        )


def own_options(core: type[Steering]) -> list[str]:
    """List the options of a way of steering besides scale and those that all of them share."""
    parameters = inspect.signature(core.__init__).parameters.values()
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    return [name for name in named if name != "scale"]

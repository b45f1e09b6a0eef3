"""Former names of options, in files that earlier versions wrote: ``noise_scale`` is ``noise``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from zprl_env.errors import ConfigurationError
from zprl_env.options.noise import FlowNoise

NOISE_SCALE = "noise_scale"
"""Former name of ``noise``, whose value was the temperature of fresh noise."""
TAKEOVER_RESIDUAL = "takeover_residual"
"""Former bound, in action units, of what ``takeover_unexplained`` bounds by a share."""


def with_present_names(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a file under the names that they have today.

    Args:
        options: As the file says them.

    Returns:
        The same, with a ``noise`` in place of a ``noise_scale``. Where there was one, a scale
        ``"auto"`` is ``"published"``, the rule that was called so then.

    Raises:
        ConfigurationError: Its ``noise_scale`` is no size, or it says ``noise`` as well.

    >>> with_present_names({"scale": 2.0, "noise_scale": 0.0})
    {'scale': 2.0, 'noise': 'zero'}
    >>> with_present_names({"noise_scale": 1.0}), with_present_names({"noise_scale": 0.7})
    ({'noise': 'fresh'}, {'noise': 'fresh:0.7'})
    """
    named = dict(options)
    if NOISE_SCALE not in named:
        return named
    if "noise" in named:
        raise ConfigurationError(
            f"noise must be said once. Got: noise {named['noise']!r} and its former name "
            f"{NOISE_SCALE} {named[NOISE_SCALE]!r}. Leave {NOISE_SCALE} out."
        )
    if named.get("scale") == "auto":  # which was this rule then
        named["scale"] = "published"
    noise = {"noise": _as_noise(named.pop(NOISE_SCALE))}
    return named | noise


def with_present_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's settings without those that are none any more.

    A bound in action units says nothing of a share. Who learned from people by it is warned that
    the run goes on by the present rule.

    Args:
        settings: As the run's file says them, its recipe left out.

    >>> with_present_settings({"seed": 3, "takeover_residual": 0.1})
    {'seed': 3}
    """
    named = dict(settings)
    bound = named.pop(TAKEOVER_RESIDUAL, None)
    if bound is not None and named.get("teleoperator") and named.get("takeover") != "demo":
        warnings.warn(
            f"The run has learned from people by {TAKEOVER_RESIDUAL} {bound!r}, in units of the "
            "actions. It goes on by takeover_unexplained, a share of what they changed; "
            "--takeover-unexplained sets it.",
            stacklevel=2,
        )
    return named


def refuse_former_names(options: Mapping[str, Any]) -> None:
    """Refuse the former name of an option in code, and say the present one.

    Raises:
        ConfigurationError: There is one.

    >>> refuse_former_names({"noise_scale": 0.0})
    Traceback (most recent call last):
    policies.errors.ConfigurationError: noise_scale is called noise. Got: noise_scale=0.0. Try ...
    """
    value = options.get(NOISE_SCALE)
    if value is not None:
        raise ConfigurationError(
            f"{NOISE_SCALE} is called noise. Got: {NOISE_SCALE}={value!r}. "
            f"Try noise={_as_noise(value)!r}."
        )


def _as_noise(value: Any) -> str | None:
    """Return the noise that a ``noise_scale`` meant."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e30:
        raise ConfigurationError(
            f"{NOISE_SCALE} must be a finite number and at least 0. Got: {value!r}."
        )
    return str(FlowNoise.parse(f"fresh:{float(value)!r}"))

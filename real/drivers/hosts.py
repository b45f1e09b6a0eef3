"""Hosts of arms' controllers, one for each arm of a task, as a driver is given them."""

from __future__ import annotations

from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError


def hosts_of(preset: Preset, host: str, what: str = "controller") -> tuple[str, ...]:
    """Return the host of every arm's controller.

    Args:
        preset: The task.
        host: Names or addresses, separated by commas.
        what: What is there, in a word.

    Raises:
        ConfigurationError: They are not as many as the arms.

    Example:
        >>> from real.tasks.files import load_preset
        >>> hosts_of(load_preset("open-box"), "10.0.0.2, 10.0.0.3")
        ('10.0.0.2', '10.0.0.3')
    """
    hosts = tuple(part.strip() for part in host.split(","))
    if len(hosts) != len(preset.arms):
        raise ConfigurationError(
            f"host must name a {what} for each of the {len(preset.arms)} arms of "
            f"{preset.name}. Got: {host}. Separate them by commas."
        )
    return hosts


def check_postures(preset: Preset) -> None:
    """Refuse a task with an arm that has no joints to go home to, as these controllers do.

    Raises:
        ConfigurationError: An arm has none.
    """
    if not all(arm.home.joints for arm in preset.arms):
        raise ConfigurationError(
            f"home.joints of {preset.name} must be the posture to go home to. Got: none."
        )

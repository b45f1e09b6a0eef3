"""Table of variants: an idea each, as flags of ``train_sb3.py`` and a sentence."""

from __future__ import annotations

from typing import NamedTuple

from zprl_env.errors import UnknownNameError


class Variant(NamedTuple):
    """One idea to be compared with the control.

    Attributes:
        arguments: Flags of ``train_sb3.py`` that it adds to the study's.
        idea: Reason to expect something of it.
    """

    arguments: str
    idea: str


CONTROL = "default"
"""Variant that all others are compared with, seed by seed."""

VARIANTS: dict[str, Variant] = {
    CONTROL: Variant("--algo sac", "the recipe as it is"),
    "crossq": Variant("--algo crossq", "no target networks, normalised critics"),
    "tqc": Variant("--algo tqc", "quantiles of the return, the highest dropped"),
    "penalty": Variant(
        "--algo sac --reward penalty --reward-scale 0.02", "lateness costs, at every step"
    ),
    "wide": Variant("--algo sac --hidden 256 256", "twice as wide networks"),
    "critics-5": Variant("--algo sac --n-critics 5", "the minimum of five is more cautious"),
    "sde": Variant("--algo sac --use-sde", "exploration that is held over several decisions"),
}
"""Variants by name. A new idea is a row here."""


def find_variant(name: str) -> Variant:
    """Find a variant.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in VARIANTS:
        raise UnknownNameError("variant", name, VARIANTS)
    return VARIANTS[name]

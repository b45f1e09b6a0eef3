"""Space of a sweep: which settings of ``train_sb3.py`` vary, and between what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.training.config import Config
from zprl_env.training.settings.algorithms import find_algorithm
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.settings.search import SPACES, Between, OneOf, Space

SEED = "seed"
"""Name that no sweep varies, but repeats."""


def settings_names() -> list[str]:
    """List the settings that a sweep can vary."""
    fields = (*dataclasses.fields(Recipe), *dataclasses.fields(Config))
    return [field.name for field in fields if field.name not in (SEED, "recipe", "out", "env")]


def parse_space(words: Sequence[str], algo: str) -> dict[str, Space]:
    """Read what varies.

    Args:
        words: ``NAME=LOW..HIGH``, drawn by its logarithm, or ``NAME=ONE,OTHER,...``; none is the
            usual space of the algorithm, so far as these are settings of ``train_sb3.py``.
        algo: The algorithm.

    Raises:
        UnknownNameError: There is no such setting.
        ZprlError: A word is none of both.

    >>> parse_space(["learning-rate=1e-4..1e-3", "noise=zero,fresh"], "sac")
    {'learning_rate': Between(low=0.0001, high=0.001), 'noise': OneOf(values=('zero', 'fresh'))}
    >>> sorted(parse_space([], "td3"))
    ['batch_size', 'learning_rate', 'tau']
    """
    known = settings_names()
    if not words:
        usual = SPACES[find_algorithm(algo).like or algo]
        numbers = {"ent_coef"} if not find_algorithm(algo).off_policy else set()
        return {name: usual[name] for name in usual if name in known and name not in numbers}
    space: dict[str, Space] = {}
    for word in words:
        given, equals, said = word.partition("=")
        name = given.lstrip("-").replace("-", "_")
        if name not in known:
            raise UnknownNameError("setting", name, known)
        space[name] = _values(word, said) if equals else _values(word, "")
    return space


def _values(word: str, said: str) -> Space:
    low, dots, high = said.partition("..")
    values = tuple(value for value in said.split(",") if value)
    if dots:
        try:
            between = Between(float(low), float(high))
        except ValueError:
            between = Between(0.0, 0.0)
        if 0 < between.low < between.high:
            return between
    elif len(values) > 1:
        return OneOf(values)
    raise ZprlError(
        f"vary must be NAME=LOW..HIGH, two numbers above 0, or NAME=ONE,OTHER. Got: {word!r}. "
        "Try learning-rate=1e-4..1e-3 or batch-size=64,256."
    )


def ends(space: Space) -> tuple[Any, ...]:
    """Return the values of a space that have to be possible for all of it to be.

    >>> ends(Between(1.0, 4.0)), ends(OneOf(("a", "b", "c")))
    ((1.0, 4.0), ('a', 'b', 'c'))
    """
    return tuple(space) if isinstance(space, Between) else space.values


def flags(settings: dict[str, Any]) -> list[str]:
    """Return settings as flags of ``train_sb3.py``.

    >>> flags({"learning_rate": 0.001, "layer_norm": "False", "hidden": "64 64"})
    ['--learning-rate', '0.001', '--no-layer-norm', '--hidden', '64', '64']
    """
    said: list[str] = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if str(value) in ("True", "False"):
            said.append(f"--{flag}" if str(value) == "True" else f"--no-{flag}")
        else:
            words = str(f"{value:.6g}" if isinstance(value, float) else value).split()
            said += [f"--{flag}", *words]
    return said

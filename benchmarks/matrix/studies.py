"""Studies: the tasks, budget and seeds that variants are compared on."""

from __future__ import annotations

from typing import NamedTuple

from zprl_env.errors import UnknownNameError


class Study(NamedTuple):
    """Tasks, budget and seeds of a comparison.

    Attributes:
        tasks: Environment steps by task.
        seeds: Seeds of training; the same seed meets the same episodes in every variant.
        arguments: Flags of ``train_sb3.py`` for all of its runs.
        start: Environment step from which on the area under the curve counts.
    """

    tasks: dict[str, int]
    seeds: tuple[int, ...]
    arguments: str
    start: int = 5_000


STUDIES: dict[str, Study] = {
    # Nothing is chosen on the test episodes: one is played, since there has to be one.
    "ideas": Study(
        {"Lift": 30_000, "box-close": 30_000, "hammer": 30_000},
        (10, 11, 12, 13, 14, 15),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 1 --checkpoint-every 5000",
    ),
}
"""Studies by name."""


def find_study(name: str) -> Study:
    """Find a study.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in STUDIES:
        raise UnknownNameError("study", name, STUDIES)
    return STUDIES[name]

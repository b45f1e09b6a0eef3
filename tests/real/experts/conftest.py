"""Experts performing on the simulated robot, each faultless performance once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.recorded import Episode

FAULTLESS = Quality()


@pytest.fixture(scope="package")
def perform() -> Iterator[Callable[..., Episode]]:
    """Gives the episode of a task, a seed and a quality; the quality is drawn if it is None."""
    stages: dict[str, Stage] = {}
    known: dict[tuple[str, int, Quality], Episode] = {}

    def performed(task: str, seed: int = 1, quality: Quality | None = FAULTLESS) -> Episode:
        if task not in stages:
            stages[task] = Stage(task, 1.0, operator_for(0))
        if quality is None:
            return stages[task].perform(seed)
        if (task, seed, quality) not in known:
            known[task, seed, quality] = stages[task].perform(seed, quality)
        return known[task, seed, quality]

    yield performed
    for stage in stages.values():
        stage.close()

"""Simulated worlds, each compiled once."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from real.sim.world import World
from real.tasks.files import load_preset


@cache
def _world(task: str) -> World:
    return World(load_preset(task))


@pytest.fixture
def world_of():
    """Gives a task's world, laid out anew; tests share it, so a second one is the first again."""

    def laid_out(task: str, seed: int = 0) -> World:
        world = _world(task)
        world.reset(np.random.default_rng(seed))
        return world

    return laid_out

"""Lift twice: with the fast control loop, and with robosuite's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from zprl_env.envs.robosuite.env import RobosuiteEnv


@pytest.fixture(scope="module")
def fast() -> Iterator[RobosuiteEnv]:
    env = RobosuiteEnv("Lift")
    assert env.fast
    yield env
    env.close()


@pytest.fixture(scope="module")
def stock() -> Iterator[RobosuiteEnv]:
    env = RobosuiteEnv("Lift", fast=False)
    assert not env.fast
    yield env
    env.close()

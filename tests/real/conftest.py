"""A recording of two short episodes on the ideal robot."""

from __future__ import annotations

from pathlib import Path

import pytest

from real.env import RealRobotEnv
from real.operators import Event, ScriptedOperator
from real.recording import EpisodeRecorder


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    """Four steps that were aborted and five that succeeded, with pictures; only to be read."""
    path = tmp_path_factory.mktemp("recording") / "demo.hdf5"
    recorder, operator = EpisodeRecorder(path), ScriptedOperator()
    env = RealRobotEnv(
        "place-orange", driver="ideal", operator=operator, recorder=recorder, images=True
    )
    env.action_space.seed(0)
    for seed in range(2):
        env.reset(seed=seed)
        for _ in range(4):
            env.step(env.action_space.sample())
    operator.say(Event.SUCCESS)
    env.step(env.action_space.sample())
    env.close()
    return recorder.path

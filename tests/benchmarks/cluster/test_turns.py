"""Turns count decisions, and what of the time this process itself took."""

from __future__ import annotations

from stable_baselines3.common.vec_env import DummyVecEnv

from benchmarks.cluster.turns import Turn, play
from tests.helpers.recording_env import RecordingEnv


def test_a_turn_counts_the_decisions_of_all_environments():
    envs = DummyVecEnv([RecordingEnv] * 3)
    envs.reset()
    found: list[Turn] = []
    rate = play(envs, 0.2, found)
    assert found[0].rate == rate > 3 / 0.2
    assert 0.0 < found[0].share < 2.0

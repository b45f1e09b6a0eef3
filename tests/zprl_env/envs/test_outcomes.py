"""An episode that was stopped, aborted or cut off says nothing about the policy."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from tests.helpers.recording_env import RecordingEnv
from zprl_env import LatentSteeringWrapper
from zprl_env.envs.outcomes import interrupted, not_counted, succeeded
from zprl_env.evaluation import evaluate
from zprl_env.testing import LinearPolicy
from zprl_env.training.run.history import History


class Ending(gym.Wrapper):
    """Says how its episodes ended, one after the other, as a robot's environment does."""

    def __init__(self, env, outcomes):
        super().__init__(env)
        self.outcomes = iter(outcomes)

    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        if terminated or truncated:
            outcome = next(self.outcomes)
            info |= {"outcome": {"outcome": outcome}, "is_success": outcome == "success"}
        return observation, reward, terminated, truncated, info


def test_an_evaluation_counts_them_apart_and_says_so():
    ends = ["success", "stop", "failure", "abort", "stop", "time limit"]
    env = Ending(RecordingEnv(truncate_at=4), ends)
    result = evaluate(LatentSteeringWrapper(env, LinearPolicy(3, 2), scale=0.5), None, range(6))
    assert result.successes.tolist() == [True, False, False]
    assert result.seeds.tolist() == [0, 2, 5]
    assert result.not_counted == {"stop": 2, "abort": 1}
    assert "3 (2 stop, 1 abort) not counted" in str(result)
    assert result.to_dict()["not_counted"] == {"stop": 2, "abort": 1}
    assert np.isfinite(result.success_rate)


def test_a_run_s_history_counts_them_apart():
    history = History()
    for outcome in ("success", "stop", "cut off", "failure"):
        info = {"outcome": {"outcome": outcome}, "is_success": outcome == "success"}
        history.note_end(info)
    assert history.episode_successes == [True, False]
    assert history.not_counted == {"stop": 1, "cut off": 1}


@pytest.mark.parametrize(
    ("end", "success", "stopped"),
    [
        ({"outcome": "failure", "before": "success"}, False, False),
        ({"outcome": "success", "before": "stop"}, True, True),
        ({"outcome": "success"}, True, False),
    ],
)
def test_a_verdict_that_was_taken_back_is_the_last_one(end, success, stopped):
    info = {"outcome": end, "is_success": True}
    assert succeeded(info) == success
    assert interrupted(info) == stopped
    assert not_counted(info) is None

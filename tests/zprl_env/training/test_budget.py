"""A budget by which nothing would be learned is refused, and the smallest other one is named."""

from __future__ import annotations

import re
from typing import Any

import gymnasium as gym
import pytest

from tests.helpers.recording_env import RecordingEnv
from tests.helpers.small_model import make_small_model
from zprl_env.envs.observation.time_left import episode_limit
from zprl_env.errors import ConfigurationError
from zprl_env.training.budget import Pace, check_budget
from zprl_env.training.learning import learn
from zprl_env.training.run.history import History
from zprl_env.training.settings.algorithms import ALGORITHMS
from zprl_env.training.watch.callbacks import ProgressCallback

WARM_UP, EPISODE = 6, 9


def updates_after(budget: int, algo: str, **settings: Any) -> int:
    """How often an agent learns from a budget, where episodes end by the clock alone."""
    env = RecordingEnv(truncate_at=EPISODE if "updates_per_episode" in settings else 10**9)
    model, _ = make_small_model(env, algo, **settings)
    history = History()
    learn(model, WARM_UP, budget, history, ProgressCallback(history, budget, show=False))
    assert history.updates == model._n_updates
    return model._n_updates


CASES = [
    *((algo, {}) for algo in ALGORITHMS),
    ("sac", {"updates_per_episode": 3}),
    ("sac", {"overlap": True}),
    ("stable_baselines3:A2C", {}),
]


@pytest.mark.parametrize(("algo", "settings"), CASES)
def test_the_smallest_budget_that_is_named_is_the_smallest_that_is_learned_from(algo, settings):
    chosen = {k: v for k, v in settings.items() if k != "overlap"}
    _, recipe = make_small_model(RecordingEnv(), algo, warmup_decisions=WARM_UP, **settings)
    pace = Pace(1, 2, EPISODE)
    with pytest.raises(ConfigurationError, match="to learn anything: ") as refused:
        check_budget(algo, recipe, 1, pace)
    smallest = int(re.findall(r"at least (\d+) for", str(refused.value))[0])
    check_budget(algo, recipe, smallest, pace)
    assert updates_after(smallest, algo, **settings) > 0
    if not chosen:  # an episode of 9 steps ends in the middle of a chunk
        assert updates_after(smallest - 1, algo, **settings) == 0


def test_who_learns_at_times_of_its_own_is_asked_for_them():
    _, recipe = make_small_model(RecordingEnv(), warmup_decisions=WARM_UP)
    with pytest.raises(ConfigurationError, match="at least 203 for"):
        check_budget(f"{__name__}:Patient", recipe, 100, Pace(1, 2))


class Patient(ALGORITHMS["sac"].algorithm):  # type: ignore[misc]
    """Takes none of the settings that say when."""

    def __init__(self, policy, env, gamma=0.99, seed=None, device="cpu"):
        super().__init__(policy, env)


def test_several_environments_take_their_steps_together():
    _, recipe = make_small_model(RecordingEnv(), warmup_decisions=WARM_UP)
    check_budget("sac", recipe, (2 + 1) * 4 * 2 + 1, Pace(4, 2))
    with pytest.raises(ConfigurationError, match="at least 25 for sac"):
        check_budget("sac", recipe, 24, Pace(4, 2))


def test_a_run_that_goes_on_needs_what_is_left_of_its_warm_up_and_nothing_once_it_learned():
    _, recipe = make_small_model(RecordingEnv(), warmup_decisions=WARM_UP)
    begun = History(env_steps=8, decisions=4)
    check_budget("sac", recipe, 8 + 2 * 2 + 2 + 1, Pace(1, 2), begun)
    with pytest.raises(ConfigurationError, match=r"at least 15 .*Got: 14\."):
        check_budget("sac", recipe, 14, Pace(1, 2), begun)
    begun.updates = 1
    check_budget("sac", recipe, 9, Pace(1, 2), begun)


def test_an_episode_s_limit_is_found_below_wrappers_or_in_a_robot_s_preset():
    assert episode_limit(gym.wrappers.ClipAction(gym.wrappers.TimeLimit(RecordingEnv(), 7))) == 7
    assert episode_limit(RecordingEnv()) is None
    robot = gym.make("zprl_env:ZPRL-Real-v0", driver="ideal")
    assert episode_limit(robot) == robot.get_wrapper_attr("preset").episode_steps
    robot.close()

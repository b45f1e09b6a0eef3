"""Environment steps are counted one by one, whatever the chunks are cut to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from stable_baselines3.common.callbacks import CallbackList

from tests.helpers.recording_env import RecordingEnv
from tests.helpers.small_model import make_small_model
from zprl_env import LatentSteeringWrapper
from zprl_env.evaluation import EvaluationResult
from zprl_env.testing import LinearPolicy
from zprl_env.training.run.history import History
from zprl_env.training.watch.callbacks import EvaluationCallback, ProgressCallback


class CountingEnv(RecordingEnv):
    """Remembers how many steps it has taken in its life, and which seeds it was given."""

    def __init__(self, **options):
        super().__init__(**options)
        self.steps = 0
        self.seeds: list[int] = []

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.seeds.append(seed)
        return super().reset(seed=seed, options=options)

    def step(self, action):
        self.steps += 1
        return super().step(action)


def train(env: RecordingEnv, budget: int, *, algo="sac", history=None, evaluation=None) -> History:
    model, _ = make_small_model(env, algo)
    history = history or History()
    callbacks = [ProgressCallback(history, budget, show=False)]
    callbacks += [evaluation(history)] if evaluation else []
    model.learn(budget, CallbackList(callbacks), log_interval=None)
    assert history.decisions == model.num_timesteps
    return history


@pytest.mark.parametrize("algo", ["sac", "ppo"])
def test_steps_are_counted_exactly_and_training_stops_at_the_budget(algo):
    env = CountingEnv(truncate_at=5)  # decisions of 2, 2 and 1 steps
    history = train(env, 23, algo=algo)
    assert history.env_steps == env.steps == 24  # the decision that reaches 23 ends at 24
    assert history.decisions == 14
    assert history.episode_ends == [5, 10, 15, 20]
    assert history.episode_successes == [False] * 4


def test_successes_are_counted_over_the_last_episodes():
    history = train(CountingEnv(terminate_at=3), 30)
    assert history.episode_successes == [True] * 10
    assert history.rolling_success == 1.0
    assert history.seconds > 0.0
    history = History(episode_successes=[True] * 50 + [False] * 100)
    assert history.rolling_success == 0.0
    assert math.isnan(History().rolling_success)


def test_a_resumed_run_counts_on():
    history = History(env_steps=100, decisions=60, episode_ends=[100], episode_successes=[True])
    model, _ = make_small_model(CountingEnv(truncate_at=5))
    model.num_timesteps = history.decisions
    callback = ProgressCallback(history, 111, show=False)
    model.learn(111, callback, log_interval=None, reset_num_timesteps=False)
    assert history.episode_ends == [100, 105, 110]
    assert (history.env_steps, history.decisions) == (112, 67)


def test_evaluation_plays_the_same_seeds_every_so_many_environment_steps():
    evaluated = CountingEnv(truncate_at=4)
    env = LatentSteeringWrapper(evaluated, LinearPolicy(3, 2), scale=0.5)
    seen: list[tuple[int, EvaluationResult]] = []

    def callback(history: History) -> EvaluationCallback:
        return EvaluationCallback(
            history, env, range(7, 9), 10, lambda steps, result: seen.append((steps, result))
        )

    training = CountingEnv(truncate_at=5)
    history = train(training, 30, evaluation=callback)
    assert [steps for steps, _ in history.evaluations] == [10, 20, 30]
    assert history.evaluations == seen
    assert evaluated.seeds == [7, 8] * 3
    assert training.steps == 30  # evaluation's own are not among them
    assert evaluated.steps == 3 * 2 * 4
    np.testing.assert_array_equal(seen[0][1].lengths, [4, 4])


def test_a_resumed_run_evaluates_when_it_would_have():
    env = LatentSteeringWrapper(CountingEnv(truncate_at=4), LinearPolicy(3, 2), scale=0.5)
    result = EvaluationResult(np.array([1]), np.array([True]), np.array([4]))
    history = History(env_steps=14, evaluations=[(0, result), (10, result)])

    def callback(history: History) -> EvaluationCallback:
        return EvaluationCallback(history, env, [7], 10, lambda steps, result: None)

    model, _ = make_small_model(CountingEnv(truncate_at=5))
    callbacks = CallbackList([ProgressCallback(history, 24, show=False), callback(history)])
    model.learn(24, callbacks, log_interval=None, reset_num_timesteps=False)
    assert [steps for steps, _ in history.evaluations] == [0, 10, 21]

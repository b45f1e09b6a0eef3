"""Playing seeded episodes: whose actions, in which order, counted how."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO, SAC

from tests.helpers.recording_env import RecordingEnv
from zprl_env import LatentSteeringWrapper
from zprl_env.errors import ConfigurationError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, evaluate
from zprl_env.testing import LinearPolicy


def steered(**ends: int) -> LatentSteeringWrapper:
    return LatentSteeringWrapper(RecordingEnv(**ends), LinearPolicy(3, 2), scale=0.5)


def test_lengths_are_environment_steps_and_successes_the_environments():
    won = evaluate(steered(terminate_at=5), None, [1, 2])
    lost = evaluate(steered(truncate_at=3), None, [1, 2, 3])
    assert won.successes.tolist() == [True, True]
    assert won.lengths.tolist() == [5, 5]
    assert (lost.success_rate, lost.mean_length, lost.episodes) == (0.0, 3.0, 3)


def test_nobody_steering_is_the_zero_action():
    recorder = RecordingEnv(truncate_at=4)
    env = LatentSteeringWrapper(recorder, LinearPolicy(3, 2), scale=0.5)
    evaluate(env, None, [7])
    alone = np.array(recorder.actions)
    evaluate(env, lambda observation: np.zeros(2, np.float32), [7])
    np.testing.assert_array_equal(recorder.actions, alone)


def test_episodes_come_in_the_order_of_their_seeds_and_are_reported_as_they_end():
    told: list[bool] = []
    result = evaluate(steered(terminate_at=2), None, [9, 4], told.append)
    assert result.seeds.tolist() == [9, 4]
    assert told == [True, True]


def test_a_result_reads_as_a_rate_with_its_interval_and_survives_json():
    result = EvaluationResult(np.arange(4), np.array([1, 1, 1, 0], bool), np.full(4, 10))
    assert str(result) == "0.75 [0.30, 0.95] over 4 episodes"
    assert json.loads(json.dumps(result.to_dict()))["successes"] == [1, 1, 1, 0]
    assert result.to_dict()["wilson_95"] == pytest.approx([0.301, 0.954], abs=1e-3)


def test_what_training_looks_at_is_never_reported_on():
    assert VALIDATION_SEED + 100_000 < TEST_SEED


class Counting:
    """An agent that remembers how many observations of an episode it has seen."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def begin_episode(self) -> None:
        self.seen.append(0)

    def __call__(self, observation):
        self.seen[-1] += 1
        return np.zeros(2, np.float32)


def test_an_agent_that_remembers_is_told_of_every_episode():
    agent = Counting()
    evaluate(steered(truncate_at=3), agent, [1, 2, 3])
    assert agent.seen == [2, 2, 2]


@pytest.mark.parametrize("algorithm", [SAC, PPO, RecurrentPPO])
def test_a_model_takes_its_deterministic_actions_and_forgets_the_last_episode(algorithm):
    recorder = RecordingEnv(truncate_at=3)
    env = LatentSteeringWrapper(recorder, LinearPolicy(3, 2), scale=0.5)
    policy = "MlpLstmPolicy" if algorithm is RecurrentPPO else "MlpPolicy"
    model = algorithm(policy, env, seed=0)
    evaluate(env, model, [0, 1])
    of_the_model = np.array(recorder.actions[-3:])
    state = None

    def acting(observation):
        nonlocal state
        action, state = model.predict(observation, state, deterministic=True)
        return action

    evaluate(env, acting, [1])
    np.testing.assert_array_equal(recorder.actions[-3:], of_the_model)


@pytest.mark.parametrize("agent", ["model.zip", 3, {"predict": 1}])
def test_what_cannot_act_is_refused(agent):
    with pytest.raises(ConfigurationError, match=r"agent must be a function .* Got: "):
        evaluate(steered(), agent, [1])

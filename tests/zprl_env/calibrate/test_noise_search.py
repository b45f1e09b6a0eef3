"""The best of some fixed draws of the flow's noise, chosen by playing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.point import PointEnv
from zprl_env import ConfigurationError, LatentSteeringWrapper, PolicyMismatchError
from zprl_env.calibrate import best_noise, search_noise
from zprl_env.calibrate.noise_search import CONFIRMATION_SEED, joined, ranked, sentences
from zprl_env.envs import make_env
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, evaluate
from zprl_env.options.noise import fixed_draw
from zprl_env.testing import LinearPolicy


class Drifting(LinearPolicy):
    """Goes to the origin but for where its noise pulls it: one way from a fixed draw."""

    def decode(self, latents, noise):
        return (-5.0 * latents[:, np.newaxis, :] + 0.4 * noise).astype(np.float32)


@pytest.fixture
def env(point_task):
    with make_env(point_task) as made:
        yield made


def test_it_finds_the_draw_that_pulls_least(env):
    found = search_noise(env, Drifting(3, 2), 4, episodes=8, confirm=4)
    assert [start.noise for start in found.starts] == ["fresh", "zero", *draws(4)]
    rates = {start.noise: start.outcome.success_rate for start in found.starts}
    assert rates["zero"] == 1.0
    assert rates[found.noise] == max(rates[name] for name in draws(4))
    pulls = [np.abs(fixed_draw(seed, (4, 2))[:2].mean(0)).max() for seed in range(4)]
    assert pulls[draws(4).index(found.noise)] < max(pulls)


def draws(count):
    return [f"fixed:{seed}" for seed in range(count)]


def test_every_start_plays_what_the_wrapper_plays_from_it(env):
    policy = Drifting(3, 2)
    found = search_noise(env, policy, 2, episodes=4, confirm=3)
    for noise, outcome in found.starts:
        alone = LatentSteeringWrapper(env, policy, scale=1.0, sample_latent=False, noise=noise)
        again = evaluate(alone, None, outcome.seeds)
        np.testing.assert_array_equal(again.lengths, outcome.lengths)
        np.testing.assert_array_equal(again.successes, outcome.successes)
    assert found.confirmed is not None
    assert found.confirmed.seeds.tolist() == [CONFIRMATION_SEED + i for i in range(3)]


def test_the_worse_half_of_the_draws_stops_half_way(env):
    found = search_noise(env, Drifting(3, 2), 5, episodes=6, confirm=0, references=())
    assert found.confirmed is None
    played = sorted(start.outcome.episodes for start in found.starts)
    assert played == [3, 3, 6, 6, 6]
    assert found.outcome(found.noise).episodes == 6
    whole = search_noise(env, Drifting(3, 2), 5, episodes=6, confirm=0, references=(), halve=False)
    assert [start.outcome.episodes for start in whole.starts] == [6] * 5


def test_the_library_s_function_returns_what_the_wrapper_takes(env):
    policy = Drifting(3, 2)
    noise = best_noise(env, policy, draws=4, episodes=8)
    assert noise == search_noise(env, policy, 4, episodes=8, confirm=0).noise
    assert LatentSteeringWrapper(env, policy, noise=noise).noise == noise


def test_nothing_is_chosen_or_confirmed_by_test_episodes():
    assert VALIDATION_SEED + 10_000 < CONFIRMATION_SEED < TEST_SEED - 10_000


def test_it_says_that_the_best_is_flattered_and_how_it_does_elsewhere(env):
    found = search_noise(env, Drifting(3, 2), 2, episodes=4, confirm=3)
    text = " ".join(sentences(found))
    assert f"{found.noise} is the best of 2 fixed draws" in text
    assert "which flatters it" in text
    assert f"On 3 other episodes it has {found.confirmed}" in text
    assert "Against fresh noise" in text
    assert "Against zero noise" in text
    content = found.to_dict()
    assert [start["noise"] for start in content["starts"]] == [s.noise for s in found.starts]


def test_of_equals_the_quicker_is_better_and_then_the_earlier():
    def result(successes, length):
        return EvaluationResult(np.arange(2), np.array(successes, bool), np.full(2, length))

    outcomes = {"a": result([1, 0], 9), "b": result([0, 1], 8), "c": result([1, 0], 8)}
    assert ranked("abc", outcomes) == ["b", "c", "a"]
    assert joined(outcomes["a"], outcomes["b"]).lengths.tolist() == [9, 9, 8, 8]


def test_what_cannot_be_searched_is_refused(env):
    policy = Drifting(3, 2)
    with pytest.raises(ConfigurationError, match="at least 2"):
        best_noise(env, policy, draws=1)
    with pytest.raises(ConfigurationError, match="episodes must be at least 2"):
        best_noise(env, policy, episodes=1)
    steered = LatentSteeringWrapper(env, policy)
    with pytest.raises(PolicyMismatchError, match="steered by one wrapper"):
        best_noise(steered, policy)


class Mute(PointEnv):
    """Says nothing of success, and soon ends."""

    def step(self, action):
        observation, reward, _, _, _ = super().step(action)
        return observation, reward, True, False, {}


def test_an_environment_that_reports_no_success_has_no_best_noise():
    with pytest.raises(ConfigurationError, match="noise is chosen by success"):
        best_noise(Mute(), Drifting(3, 2), draws=2, episodes=2)

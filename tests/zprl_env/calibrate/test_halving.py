"""A lambda that a rule gives is halved until the policy keeps half of its successes."""

from __future__ import annotations

import json

import pytest

from tests.zprl_env.calibrate.test_noise_search import Drifting
from zprl_env.calibrate.halving import HALVINGS, halve_scale
from zprl_env.envs import make_env


@pytest.fixture
def env(point_task):
    with make_env(point_task) as made:
        yield made


def check(env, policy, scale, episodes=12):
    return halve_scale(env, policy, scale, episodes=episodes, noise="zero")


def test_what_is_borne_is_kept(env):
    found = check(env, Drifting(3, 2), 0.05)
    assert found.scale == 0.05
    assert [trial.scale for trial in found.trials] == [0.05]
    assert "perturbed at random the policy solves" in found.reason
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_leaves_no_success_is_halved_until_half_is_left(env):
    found = check(env, Drifting(3, 2), 5.0)
    left = [int(trial.outcome.successes.sum()) for trial in found.trials]
    alone = int(found.base.outcome.successes.sum())
    assert [trial.scale for trial in found.trials] == [5.0 / 2**i for i in range(len(left))]
    assert found.scale == found.trials[-1].scale < 5.0
    assert left[-1] >= 0.5 * alone > max(left[:-1])
    assert f"by 5, the rule's, {left[0]}" in found.reason


def test_it_ends_and_says_so_where_nothing_helps(env):
    found = check(env, Drifting(3, 2), 1e6)
    assert len(found.trials) == 1 + HALVINGS
    assert "Little is left to learn from: --scale calibrate" in found.reason


class Lost(Drifting):
    """Goes away from where it should."""

    def decode(self, latents, noise):
        return -super().decode(latents, noise)


def test_a_policy_that_hardly_succeeds_has_nothing_to_tell_by(env):
    found = check(env, Lost(3, 2), 1.5)
    assert (found.scale, found.trials) == (1.5, [])
    assert "too few to lose any" in found.reason

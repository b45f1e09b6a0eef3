"""The largest lambda that a policy bears, found by playing."""

from __future__ import annotations

import pytest

from tests.zprl_env.calibrate.test_noise_search import Drifting
from zprl_env import ZprlError
from zprl_env.calibrate import borne_scale, search_scale
from zprl_env.envs import make_env


@pytest.fixture
def env(point_task):
    with make_env(point_task) as made:
        yield made


def test_what_is_recommended_is_what_is_returned(env):
    found = search_scale(env, Drifting(3, 2), (0.05, 5.0), episodes=30, noise="zero")
    assert [trial.scale for trial in found.trials] == [0.05, 5.0]
    assert found.base.outcome.success_rate == 1.0
    assert found.recommendation.scale == 0.05
    assert borne_scale(env, Drifting(3, 2), (0.05, 5.0), episodes=30, noise="zero") == 0.05
    assert found.to_dict()["recommendation"]["scale"] == 0.05


def test_where_none_is_borne_it_is_refused(env):
    with pytest.raises(ZprlError, match="one that the policy bears"):
        borne_scale(env, Drifting(3, 2), (5.0,), episodes=30, noise="zero")

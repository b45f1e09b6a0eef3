"""The scripted experts, on the simulated robot and through its environment."""

from __future__ import annotations

import numpy as np
import pytest

from real.experts.place_orange import PlaceOrangeExpert
from zprl_env.errors import ZprlError
from zprl_env.experts import Quality, make_expert
from zprl_env.experts.performance import Stage, operator_for

TASKS = ("Real", "Real-flip-egg", "Real-open-box", "Real-insert-bills")


def perform(task, seed, quality=None):
    stage = Stage(task, 1.0, operator_for(0))
    try:
        return stage.perform(seed, quality)
    finally:
        stage.close()


@pytest.mark.parametrize("task", TASKS)
def test_faultless_experts_succeed(task):
    episode = perform(task, seed=1, quality=Quality())
    assert episode.success
    actions = episode.trajectory.actions
    assert np.isfinite(actions).all()
    assert (np.abs(actions) <= 1.0).all()


def test_a_performance_is_the_same_twice():
    first, second = (perform("Real", seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.trajectory.actions, second.trajectory.actions)


def test_whoever_aims_far_beside_the_orange_gives_up():
    blind = Quality(grasp_offset=(0.06, 0.0, 0.0), correction=0.0, attempts=1)
    episode = perform("Real", seed=1, quality=blind)
    assert not episode.success
    assert len(episode.trajectory.actions) < 450


def test_orientations_stay_on_homes_side_of_the_sphere():
    quality = Quality(alignment=0.2)
    quaternions = perform("Real", seed=1, quality=quality).trajectory.actions[:, 3:7]
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0, atol=1e-5)
    assert (quaternions[:, 1] > 0.9).all()
    assert np.abs(np.diff(quaternions, axis=0)).max() < 0.3


@pytest.mark.parametrize("task", TASKS)
def test_nobody_acts_before_reset(task):
    expert = make_expert(task)
    with pytest.raises(ZprlError, match="Call reset first"):
        expert.act({})


def test_the_expert_of_place_orange_takes_its_presets_name():
    assert PlaceOrangeExpert().task == "place-orange"

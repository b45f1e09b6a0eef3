"""Distances and poses of the T, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.experts.pusht_model import CORNERS, GOAL, Agent, clearance, error, placed, turned


def test_the_error_of_a_shift_is_its_length():
    assert error(GOAL) == 0.0
    assert error(GOAL + np.array([3.0, 4.0, 0.0])) == pytest.approx(5.0)
    half = error(GOAL + np.array([0.0, 0.0, np.pi]))
    assert half == pytest.approx(2 * np.linalg.norm(CORNERS, axis=1).mean())


def test_turning_keeps_lengths_and_undoes_itself():
    points = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(turned(turned(points, 0.4), -0.4), points)
    np.testing.assert_allclose(turned(np.array([1.0, 0.0]), np.pi / 2), [0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize(
    ("point", "distance"),
    [((0, 15), 0.0), ((0, 119), 0.0), ((0, -20), 20.0), ((70, 15), 10.0), ((18, 60), 3.0)],
)
def test_the_distance_from_the_t_is_that_of_its_nearer_bar(point, distance):
    pose = np.array([100.0, 200.0, 0.3])
    there = placed(np.array(point, float), pose)
    assert clearance(there, pose)[0] == pytest.approx(distance, abs=1e-9)


def test_an_agent_comes_to_rest_where_it_is_sent():
    agent = Agent(np.zeros(2), np.zeros(2))
    for _ in range(30):
        agent = agent.after(np.array([50.0, -20.0]))
    np.testing.assert_allclose(agent.position, [50.0, -20.0], atol=1e-3)

"""A box without bounds holds every finite vector, and environment checkers like it."""

import gymnasium as gym
import numpy as np

from zprl_env.envs.spaces import unbounded_box


def test_it_holds_every_finite_vector_and_no_other():
    box = unbounded_box(2)
    largest = np.finfo(np.float32).max
    assert np.array([largest, -largest], np.float32) in box
    assert np.array([np.inf, 0.0], np.float32) not in box
    assert np.array([0.0], np.float32) not in box


def test_it_is_equal_to_another_of_its_size_only():
    assert unbounded_box(3) == unbounded_box(3)
    assert unbounded_box(3) != unbounded_box(4)
    assert unbounded_box(3) != gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)

"""Actions and the poses that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from real.drivers.ideal import IdealRobot
from real.tasks.coordinates import coordinates_of
from real.tasks.files import load_preset, presets
from real.tasks.layout import ActionLayout, ObservationLayout


@pytest.mark.parametrize("task", sorted(presets()))
def test_an_action_is_found_again_from_where_it_leads(task):
    layout, rng = ActionLayout(load_preset(task)), np.random.default_rng(0)
    for _ in range(50):
        last = layout.home + rng.uniform(-0.2, 0.2, layout.home.shape)
        action = rng.uniform(-0.9, 0.9, layout.size)
        target = layout.target(action, last)
        again = layout.target(layout.action(target, last), last)
        np.testing.assert_allclose(again, target, atol=1e-9)


def test_a_quaternion_that_says_nothing_changes_nothing():
    layout = ActionLayout(load_preset("place-orange"))
    last = layout.home.copy()
    last[:, 5] = 0.4
    np.testing.assert_allclose(layout.target(np.zeros(8), last)[:, 3:6], last[:, 3:6], atol=1e-12)


@pytest.mark.parametrize("task", sorted(presets()))
def test_every_part_of_an_observation_is_where_its_key_says(task):
    preset = load_preset(task)
    layout, robot = ObservationLayout(preset), IdealRobot(preset)
    robot.connect()
    observation = layout.observation(robot.state())
    assert observation.shape == (layout.size,)
    assert observation.dtype == np.float32
    part, home = "position", coordinates_of(preset).home[:, :3]
    if preset.space == "joints":
        part, home = "joints", coordinates_of(preset).home[:, :-1]
    seen = observation[layout.keys[part]].reshape(home.shape)
    np.testing.assert_allclose(seen, home, atol=1e-6)
    ends = [where.stop for where in layout.keys.values()]
    assert ends == sorted(ends)
    assert ends[-1] == layout.size

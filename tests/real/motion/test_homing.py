"""The way home goes up before it goes over, and down last."""

from __future__ import annotations

import numpy as np
import pytest

from real.motion.homing import way_home
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset

HOME = Coordinates(load_preset("open-box")).home
PARTS = {"x and y": np.s_[:, :2], "height": np.s_[:, 2], "turn": np.s_[:, 3:6], "grip": np.s_[:, 6]}


@pytest.fixture
def start():
    """One arm below home and one above, both turned and closed."""
    start = HOME.copy()
    start[:, :2] += 0.1
    start[0, 2] -= 0.2
    start[1, 2] += 0.1
    start[:, 3:6] = 0.3
    start[:, 6] = 0.0
    return start


def changed(before, after):
    return [name for name, part in PARTS.items() if not np.array_equal(before[part], after[part])]


def test_it_ends_at_home(start):
    np.testing.assert_array_equal(way_home(start, HOME)[-1], HOME)


def test_what_is_held_is_let_go_of_before_anything_moves(start):
    opened = way_home(start, HOME)[0]
    assert changed(start, opened) == ["grip"]
    np.testing.assert_array_equal(opened[:, 6], HOME[:, 6])


def test_then_straight_up_over_with_the_turn_and_straight_down(start):
    opened, raised, above, home = way_home(start, HOME)
    assert changed(opened, raised) == ["height"]
    assert changed(raised, above) == ["x and y", "turn"]
    assert changed(above, home) == ["height"]


def test_each_arm_stays_at_its_own_height_and_none_sinks_on_the_way_over(start):
    _, raised, above, home = way_home(start, HOME)
    np.testing.assert_array_equal(raised[:, 2], [HOME[0, 2], start[1, 2]])
    np.testing.assert_array_equal(above[:, 2], raised[:, 2])
    assert (np.diff([raised[:, 2], above[:, 2], home[:, 2]], axis=0) <= 0.0).all()


def test_neither_where_the_arms_are_nor_home_is_written_to(start):
    before, home = start.copy(), HOME.copy()
    for place in way_home(start, HOME)[:-1]:
        place[:] = np.nan
    np.testing.assert_array_equal(start, before)
    np.testing.assert_array_equal(home, HOME)

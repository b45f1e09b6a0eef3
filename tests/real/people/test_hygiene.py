"""Axes that drift, flicker or were held when they were plugged in move nothing."""

from __future__ import annotations

import numpy as np
import pytest

from real.people.hygiene import ENTERS, LEAVES, Axes, Switch


def test_an_axis_counts_only_after_it_was_seen_at_rest():
    axes = Axes([0.0, -1.0])  # a stick, and a trigger
    assert axes.read([1.0, 0.0]).tolist() == [0.0, 0.0]  # the trigger reads 0 until it is moved
    assert axes.read([0.0, 0.0]).tolist() == [0.0, 0.0]
    assert axes.read([1.0, 1.0]).tolist() == [1.0, 0.0]
    axes.read([0.0, -1.0])
    assert axes.read([-1.0, 1.0]).tolist() == [-1.0, 1.0]
    axes.forget()
    assert axes.read([1.0, 1.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("drift", [0.001, LEAVES, ENTERS - 1e-6])
def test_drift_is_no_motion(drift):
    axes = Axes([0.0])
    axes.read([0.0])
    assert [axes.read([way * drift]).item() for way in (1, -1)] == [0.0, 0.0]


def test_a_deflection_that_trembles_about_the_edge_does_not_flicker():
    axes = Axes([0.0])
    axes.read([0.0])
    trembling = [ENTERS + 0.01 * (-1) ** n for n in range(20)]
    counted = [bool(axes.read([value]).item()) for value in trembling]
    assert counted == [True] * 20
    assert axes.read([LEAVES]).item() == 0.0
    assert [bool(axes.read([value]).item()) for value in trembling[1::2]] == [False] * 10


def test_numbers_that_are_none_move_nothing():
    axes = Axes([0.0, 0.0])
    axes.read([0.0, 0.0])
    assert axes.read([np.nan, np.inf]).tolist() == [0.0, 0.0]


def test_a_button_that_was_down_before_anybody_looked_is_not_pressed():
    held, pressed = Switch(), Switch(held=False)
    downs = [True, True, False, True, True, False, True]
    assert [held.read(down) for down in downs] == [0, 0, 0, 1, 1, 0, 1]
    assert [pressed.read(down) for down in downs] == [0, 0, 0, 1, 1, 1, 0]
    held.forget()
    assert not held.read(True)

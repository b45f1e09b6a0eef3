"""Aims wander from place to place at a person's speed, looking at what is there."""

from __future__ import annotations

import numpy as np
import pytest

from real.experts.plan import SPEED, TURN_SPEED, PlanExpert
from real.tasks.coordinates import Coordinates
from real.tasks.files import load_preset
from real.tasks.layout import ActionLayout
from zprl_env.errors import ZprlError
from zprl_env.experts import Quality

PRESET = load_preset("open-box")
HOME = Coordinates(PRESET).home
LAYOUT = ActionLayout(PRESET)
FAR = HOME.copy()
FAR[0, :3] += (0.1, 0.0, -0.1)
FAR[1, 3:6] = (0.0, 0.6, 0.0)


class Sketch(PlanExpert):
    """Performs a plan that a test gives it."""

    def __init__(self, plan):
        super().__init__("open-box")
        self._given = plan

    def _perform(self):
        yield from self._given(self)


def begun(plan, quality=None):
    expert = Sketch(plan)
    expert.reset(Quality() if quality is None else quality)
    return expert


def obey(expert, steps):
    """Hands that are where they were sent; the coordinates they were sent to, one per step."""
    hands, sent = HOME.copy(), []
    for _ in range(steps):
        if expert.gave_up:
            break
        action = expert.act({"position": hands[:, :3].ravel()})
        hands = LAYOUT.target(action, hands)
        sent.append(hands)
    return np.array(sent)


@pytest.mark.parametrize("speed", [0.3, 1.0])
def test_aims_move_and_turn_as_fast_as_the_person_is(speed):
    expert = begun(lambda e: e._go(lambda: FAR), Quality(speed=speed))
    sent = np.concatenate([[HOME], obey(expert, 200)])
    moved = np.linalg.norm(np.diff(sent[:, 0, :3], axis=0), axis=1) * PRESET.rate
    turned = np.linalg.norm(np.diff(sent[:, 1, 3:6], axis=0), axis=1) * PRESET.rate
    assert moved.max() == pytest.approx(speed * SPEED, rel=1e-4)
    assert turned.max() == pytest.approx(speed * TURN_SPEED, rel=1e-4)
    np.testing.assert_allclose(sent[-1, 1], FAR[1], atol=0.02)


def test_it_is_there_when_hands_are_near_and_aims_are_turned():
    expert = begun(lambda e: e._go(lambda: FAR, tolerance=0.03), Quality(speed=1.0))
    sent = obey(expert, 200)
    away = np.linalg.norm(sent[:, 0, :3] - FAR[0, :3], axis=1)
    turned = np.abs(sent[:, 1, 4] - 0.6)
    ready = (away < 0.03) & (turned < 0.02)
    # One more action is given, by which it says that it has given up.
    assert len(sent) == int(np.argmax(ready)) + 2


def test_a_hand_that_only_holds_something_is_not_waited_for():
    both, goals = np.array([[0.1, 0.0, 0.0], [0.0, 0.0, 0.0]]), HOME.copy()
    for hand, steps in ((None, 20), (0, 20), (1, 0)):
        expert = begun(lambda e, hand=hand: e._go(lambda: goals, patience=1.0, hand=hand))
        hands = HOME[:, :3] + both
        for _ in range(steps):
            expert.act({"position": hands.ravel()})
            assert not expert.gave_up
        expert.act({"position": hands.ravel()})
        assert expert.gave_up


def test_who_does_not_get_there_loses_patience():
    expert = begun(lambda e: e._go(lambda: FAR, tolerance=0.0, patience=1.5))
    assert len(obey(expert, 200)) == round(1.5 * PRESET.rate) + 1


def test_goals_are_looked_at_afresh_at_every_step():
    looked: list[int] = []

    def goals():
        looked.append(len(looked))
        goal = HOME.copy()
        goal[0, 0] += 0.01 * len(looked)
        return goal

    obey(begun(lambda e: e._go(goals, tolerance=0.0)), 10)
    assert len(looked) == 10


def test_waiting_and_gripping_take_their_time_and_leave_the_aims():
    def plan(expert):
        yield from expert._wait(0.5)
        yield from expert._grip(1, 0.25, seconds=1.0)

    sent = obey(begun(plan), 200)
    assert len(sent) == round(1.5 * PRESET.rate) + 1
    np.testing.assert_allclose(sent[:, :, :6], np.broadcast_to(HOME[:, :6], sent[:, :, :6].shape))
    np.testing.assert_allclose(sent[:10, 1, 6], 1.0)
    np.testing.assert_allclose(sent[10:, 1, 6], 0.25)


def test_at_the_end_of_the_plan_it_gives_up_and_holds_still_until_the_next_episode():
    expert = begun(lambda e: e._wait(0.1))
    obey(expert, 50)
    assert expert.gave_up
    last = expert.act({"position": HOME[:, :3].ravel()})
    np.testing.assert_array_equal(last, expert.act({"position": HOME[:, :3].ravel()}))
    expert.reset(Quality())
    assert not expert.gave_up
    np.testing.assert_array_equal(expert.aims, HOME)


def test_a_misjudged_point_is_beside_by_half_the_error_and_never_above_or_below():
    expert = begun(lambda e: e._wait(1.0), Quality(grasp_offset=(0.02, -0.01, 0.03)))
    point = np.array([0.4, 0.1, 0.2])
    np.testing.assert_allclose(expert._misjudged(point), [0.41, 0.095, 0.2])
    slope = begun(lambda e: e._wait(1.0), Quality(offset_slope=(1.0, 0.0, 0.0, 0.0)))
    middle = HOME[:, :3].mean(axis=0)
    beside = slope._misjudged(middle + np.array([0.1, 0.0, 0.0])) - middle
    np.testing.assert_allclose(beside, [0.1 + 0.5 * 0.3 * 0.1, 0.0, 0.0], atol=1e-12)


def test_nobody_acts_before_reset():
    with pytest.raises(ZprlError, match=r"Sketch\.act must come after Sketch\.reset"):
        Sketch(lambda e: e._wait(1.0)).act({})

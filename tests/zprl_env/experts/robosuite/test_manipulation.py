import numpy as np
import pytest

from tests.helpers.hands import HAND, seen
from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.robosuite.arm import OPEN
from zprl_env.experts.robosuite.manipulation import ManipulationExpert


class Carrier(ManipulationExpert):
    """Carries what it has grasped to the side, and notes whether it arrived with it."""

    arrived = None

    def _deliver(self):
        self.arrived = yield from self._carry(lambda: np.array([0.3, 0.0, 1.0]), tolerance=0.01)


class Blind(Carrier):
    MIDDLE = (1.0, 2.0)
    DISPLACEMENT_SCALE = 0.5
    ERROR_SCALE = 0.1


def test_an_error_of_the_aim_is_scaled_to_the_task():
    expert = Blind("")
    expert.reset(Quality(grasp_offset=(0.01, 0.0, 0.02), offset_slope=(0.0, 1.0, 0.0, 0.0)))
    point = np.array([1.0, 2.2, 0.8])
    np.testing.assert_allclose(expert._misjudged(point) - point, [0.011, 0.0, 0.002], atol=1e-12)


@pytest.mark.parametrize(
    ("gap", "thing", "held"), [(0.05, HAND, True), (0.02, HAND, False), (0.05, HAND + 0.1, False)]
)
def test_something_is_held_if_it_keeps_the_fingers_apart_and_is_near(gap, thing, held):
    expert = Carrier("")
    expert.reset(Quality())
    expert.act(seen(gap=gap, thing=thing))
    assert expert._holds() is held


@pytest.mark.parametrize("lost_at", [0.1, None])
def test_carrying_ends_where_the_object_is_lost(lost_at):
    expert = Carrier("")
    expert.reset(Quality(attempts=1))
    hand, reach = HAND.copy(), 0.0
    for _ in range(150):
        lost = lost_at is not None and hand[0] > lost_at
        action = expert.act(seen(hand, gap=0.0 if lost else 0.05, thing=HAND if lost else hand))
        hand, reach = hand + 0.02 * action[:3], max(reach, hand[0])
        if expert.gave_up:
            break
    assert expert.gave_up
    assert expert.arrived is (lost_at is None)
    assert reach < 0.15 if lost_at else reach > 0.28


def test_attempts_are_counted_and_then_it_gives_up():
    expert = Carrier("")
    expert.reset(Quality(attempts=2))
    grips = []
    while not expert.gave_up:
        grips.append(expert.act(seen(gap=0.0))[6])
    assert np.sum(np.diff(grips) > 0) == 2
    assert expert.act(seen())[6] == OPEN


def test_acting_before_reset_names_the_expert():
    with pytest.raises(ZprlError, match=r"Carrier\.act must come after Carrier\.reset"):
        Carrier("").act(seen())

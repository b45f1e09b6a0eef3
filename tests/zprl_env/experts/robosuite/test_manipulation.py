import numpy as np
import pytest

from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.robosuite.arm import CLOSED, OPEN, Arm, wrapped, yaw
from zprl_env.experts.robosuite.manipulation import ManipulationExpert

HAND = np.array([0.0, 0.0, 1.0])


def seen(hand=HAND, *, gap=0.08, thing=(0.0, 0.0, 0.8), quaternion=(1.0, 0.0, 0.0, 0.0)):
    return {
        "robot0_eef_pos": np.array(hand),
        "robot0_eef_quat": np.array(quaternion),
        "robot0_gripper_qpos": np.array([gap / 2, -gap / 2]),
        "object": np.array([*thing, 0.0, 0.0, 0.0, 1.0]),
    }


class Carrier(ManipulationExpert):
    """Carries what it has grasped to the side, and notes whether it arrived with it."""

    arrived = None

    def _deliver(self):
        self.arrived = yield from self._carry(lambda: np.array([0.3, 0.0, 1.0]), tolerance=0.01)


class Blind(Carrier):
    MIDDLE = (1.0, 2.0)
    DISPLACEMENT_SCALE = 0.5
    ERROR_SCALE = 0.1


def test_motion_is_smooth_limited_to_the_speed_and_ends_at_the_goal():
    arm, hand, speeds = Arm(), HAND.copy(), []
    for _ in range(60):
        arm.observe(seen(hand))
        action = arm.towards(np.array([0.3, -0.2, 0.9]), CLOSED, turn=0.0, speed=0.6)
        hand = hand + 0.02 * action[:3]
        speeds.append(np.linalg.norm(action[:3]))
    assert max(speeds) <= 0.6 + 1e-6
    assert speeds[0] == pytest.approx(0.3)
    np.testing.assert_allclose(hand, [0.3, -0.2, 0.9], atol=0.005)


def test_turning_is_slower_than_moving():
    arm = Arm()
    arm.observe(seen())
    assert arm.towards(HAND, OPEN, turn=-3.0, speed=0.6)[5] == pytest.approx(-0.3)


def test_a_second_arm_is_read_by_its_own_keys():
    arm = Arm("robot1_")
    arm.observe({key.replace("0", "1"): value for key, value in seen(gap=0.06).items()})
    np.testing.assert_array_equal(arm.position, HAND)
    assert arm.gap == pytest.approx(0.06)


def test_a_reset_brings_the_hand_to_rest():
    arm, actions = Arm(), []
    for _ in range(2):
        arm.reset()
        arm.observe(seen())
        actions.append(arm.towards(HAND + 0.1, OPEN, turn=0.0, speed=0.5))
    np.testing.assert_array_equal(actions[0], actions[1])


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


def test_yaw_turns_about_the_vertical_alone():
    half = 0.4
    flat = np.array([0.0, 0.0, np.sin(half), np.cos(half)])
    assert yaw(flat) == pytest.approx(0.8)
    assert yaw(np.array([1.0, 0.0, 0.0, 0.0])) == 0.0


@pytest.mark.parametrize(("angle", "expected"), [(3.5, 0.5), (-3.5, -0.5), (1.4, 1.4), (1.6, -1.4)])
def test_angles_are_taken_the_short_way(angle, expected):
    assert wrapped(angle, 3.0) == pytest.approx(expected)

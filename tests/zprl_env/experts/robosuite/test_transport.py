import numpy as np
import pytest

from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.robosuite.arm import CLOSED, OPEN
from zprl_env.experts.robosuite.hand import Hand
from zprl_env.experts.robosuite.transport import TransportExpert
from zprl_env.experts.robosuite.transport_scene import NEAR, TransportScene

DOWN = np.array([1.0, 0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Transport", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def perfect(stage):
    return stage.perform(1, Quality())


def scene(*, trash_yaw=0.0, handle_yaw=np.pi / 2, head=1.0):
    """The scene at the start of an episode, with the handle's far end ``head`` its head."""
    values = np.zeros(41)
    values[0:3] = 0.2, -0.45, 0.826
    # The hammer stands along z; it is laid down along x, then turned about the vertical.
    turn = handle_yaw if head > 0.0 else handle_yaw + np.pi
    sine, cosine = np.sin(turn / 2), np.cos(turn / 2)
    values[3:7] = np.array([-sine, cosine, sine, cosine]) / np.sqrt(2)
    values[10:14] = 0.0, 0.0, np.sin(trash_yaw / 2), np.cos(trash_yaw / 2)
    return TransportScene(values)


def hand(*, ahead=0.0, gap=0.03, position=(0.4, 0.0, 1.0)):
    found = Hand("robot0", base=(0.0, 0.0), ahead=ahead)
    found.observe(seen(gap, position))
    return found


def seen(gap=0.03, position=(0.4, 0.0, 1.0)):
    return {
        "robot0_eef_pos": np.array(position),
        "robot0_eef_quat": DOWN,
        "robot0_gripper_qpos": np.array([gap / 2, -gap / 2]),
    }


def test_perfect_quality_succeeds_well_before_the_time_limit(perfect):
    assert perfect.success
    assert len(perfect.trajectory) < 350


def test_both_arms_work_at_once_and_within_the_range_of_actions(perfect):
    actions = perfect.trajectory.actions
    assert actions.shape[1] == 14
    assert np.abs(actions).max() <= 1.0
    first, second = (
        np.linalg.norm(actions[:60, part], axis=1) for part in (range(3), range(7, 10))
    )
    assert first.mean() > 0.2
    assert second.mean() > 0.2


def test_the_payload_changes_hands_in_the_air(perfect):
    seen = perfect.trajectory.observations
    payload = seen["object"][:, :3]
    closed = [np.abs(seen[f"robot{i}_gripper_qpos"]).sum(axis=1) < 0.05 for i in range(2)]
    near = [np.linalg.norm(payload - seen[f"robot{i}_eef_pos"], axis=1) < 0.1 for i in range(2)]
    both = closed[0] & near[0] & closed[1] & near[1]
    assert both.any()
    assert payload[both, 2].min() > 1.0


def test_a_grasp_beside_the_lid_that_is_never_corrected_ends_in_giving_up(stage):
    hopeless = Quality(grasp_offset=(0.09, 0.0, 0.0), correction=0.0, attempts=1)
    episode = stage.perform(0, hopeless)
    assert not episode.success
    assert len(episode.trajectory) < 120


def test_a_payload_on_the_floor_is_given_up():
    expert = TransportExpert()
    expert.reset(Quality())
    values = np.zeros(41)
    values[[6, 13]] = 1.0
    observation = {"object": values}
    for i in range(2):
        for key, value in seen().items():
            observation[key.replace("robot0", f"robot{i}")] = value
    assert expert.act(observation).shape == (14,)
    assert expert.gave_up


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"TransportExpert\.act must come after reset"):
        TransportExpert().act({})


@pytest.mark.parametrize("head", [1.0, -1.0])
def test_the_near_end_is_on_the_first_arms_side_whichever_way_the_hammer_lies(head):
    seen = scene(handle_yaw=np.pi / 2 + 0.3, head=head)
    grasp = seen.near_end()
    np.testing.assert_allclose(grasp.yaw, np.pi / 2 + 0.3)
    expected = seen.payload + NEAR * np.array([-np.sin(0.3), np.cos(0.3), 0.0])
    np.testing.assert_allclose(grasp.point, expected, atol=1e-9)
    assert np.sign(grasp.room[1]) == -head  # away from the head, which is near the wall


def test_the_trash_is_taken_by_the_sides_for_which_a_hand_turns_least():
    for yaw in np.linspace(-0.9, 0.9, 7):
        turn = (scene(trash_yaw=yaw).trash_cube().yaw - np.pi / 2 - yaw) / (np.pi / 2)
        assert abs(turn - round(turn)) < 1e-9
        assert abs(scene(trash_yaw=yaw).trash_cube().yaw - np.pi / 2) <= np.pi / 4 + 1e-9


def test_what_misleads_the_eye_is_nothing_where_things_lie_as_usual():
    np.testing.assert_allclose(scene().near_end().oddity, 0.0, atol=1e-9)
    assert np.linalg.norm(scene(handle_yaw=2.0).near_end().oddity) > 0.02


def test_an_arm_that_looks_another_way_is_told_the_same_way_in_its_own_frame():
    action = next(hand(ahead=np.pi / 2).move(lambda: np.array([0.4, 0.2, 1.0]), OPEN))
    np.testing.assert_allclose(action[:3], [0.5, 0.0, 0.0], atol=1e-6)
    assert action[6] == OPEN


def test_a_motion_ends_near_its_goal_or_out_of_patience():
    here = np.array([0.4, 0.0, 1.0])
    assert list(hand().move(lambda: here, CLOSED, tolerance=0.01)) == []
    assert len(list(hand().move(lambda: here + 1.0, CLOSED, tolerance=0.01, at_most=7))) == 7


@pytest.mark.parametrize(("gap", "held"), [(0.002, False), (0.03, True), (0.08, False)])
def test_a_hand_holds_what_keeps_its_fingers_apart(gap, held):
    assert hand(gap=gap).holds(np.array([0.4, 0.0, 1.0])) is held
    assert not hand(gap=gap).holds(np.array([0.5, 0.0, 1.0]))

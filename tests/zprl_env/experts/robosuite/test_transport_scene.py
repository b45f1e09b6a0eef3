"""How each thing on Transport's tables is to be taken."""

import numpy as np
import pytest

from zprl_env.experts.robosuite.transport_scene import FAR, LIFT, NEAR, TransportScene


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


def test_the_far_end_is_taken_in_the_air_where_there_is_room():
    there = scene(handle_yaw=np.pi / 2)
    grasp = there.far_end()
    np.testing.assert_allclose(grasp.point - there.payload, FAR * there.handle, atol=1e-12)
    np.testing.assert_array_equal(grasp.room, np.zeros(3))


def test_the_lid_is_lifted_straight_up():
    values = np.zeros(41)
    values[[6, 13]] = 1.0
    values[14:17] = 0.21, -0.44, 0.9
    grasp = TransportScene(values).lid_handle()
    np.testing.assert_allclose(grasp.oddity, [0.01, 0.01])
    np.testing.assert_allclose(grasp.room, [0.0, 0.0, LIFT])

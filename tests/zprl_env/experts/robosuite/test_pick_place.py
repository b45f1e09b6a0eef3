from contextlib import closing

import numpy as np
import pytest

from zprl_env.errors import UnknownNameError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.robosuite.pick_place import THINGS, PickPlaceExpert


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Can", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


def test_perfect_quality_succeeds_everywhere(stage):
    episodes = [stage.perform(seed, Quality()) for seed in range(4)]
    assert all(episode.success for episode in episodes)
    assert max(len(episode.trajectory) for episode in episodes) < 200


@pytest.mark.slow
@pytest.mark.parametrize("task", [task for task in THINGS if task != "PickPlaceCan"])
def test_other_things_go_into_their_own_compartments(task):
    with closing(Stage(task, skill=0.0, operator=operator_for(0))) as stage:
        trajectory = stage.perform(0, Quality()).trajectory
    assert trajectory.success
    thing = trajectory.observations["object"][-1, 7:9]
    np.testing.assert_allclose(thing, THINGS[task].compartment, atol=0.08)


def test_the_can_ends_in_its_compartment_and_out_of_the_hand(stage):
    last = {
        key: values[-1]
        for key, values in stage.perform(0, Quality()).trajectory.observations.items()
    }
    can = last["object"][7:10]
    np.testing.assert_allclose(can[:2], THINGS["PickPlaceCan"].compartment, atol=0.06)
    assert np.linalg.norm(can - last["robot0_eef_pos"]) < 0.1
    assert np.subtract(*last["robot0_gripper_qpos"]) > 0.05


def test_a_grasp_beside_the_can_that_is_never_corrected_ends_in_giving_up(stage):
    hopeless = Quality(grasp_offset=(0.07, 0.0, 0.0), correction=0.0, attempts=1)
    episode = stage.perform(1, hopeless)
    assert not episode.success
    assert len(episode.trajectory) < 150


def test_a_miss_that_is_noticed_is_corrected_at_the_next_attempt(stage):
    episode = stage.perform(1, Quality(grasp_offset=(0.07, 0.0, 0.0), correction=1.0))
    assert episode.success
    grip = episode.trajectory.actions[:, 6]
    assert np.sum((grip[1:] > 0) & (grip[:-1] < 0)) == 2  # closed twice


def test_commands_are_in_range(stage):
    actions = stage.perform(2, Quality()).trajectory.actions
    assert np.abs(actions).max() <= 1.0
    assert set(np.unique(actions[:, 6])) == {-1.0, 1.0}


def test_a_can_on_its_side_is_taken_across_its_length():
    expert = PickPlaceExpert("PickPlaceCan")
    expert.reset(Quality())
    # Turned by a quarter about the table's y axis: its length lies along x, where the hand looks.
    lying = np.array([0.0, np.sin(np.pi / 4), 0.0, np.cos(np.pi / 4)])
    across_x = np.array([np.sin(np.pi / 4), 0.0, 0.0, np.cos(np.pi / 4)])
    for quaternion, turn in ((lying, 0.0), (across_x, np.pi / 2)):
        observation = {
            "robot0_eef_pos": np.array([0.1, -0.25, 1.0]),
            "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
            "robot0_gripper_qpos": np.array([0.04, -0.04]),
            "object": np.array([0.0] * 7 + [0.1, -0.25, 0.845, *quaternion]),
        }
        expert.act(observation)
        assert abs(expert._turn()) == pytest.approx(turn)


def test_another_task_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'PickPlaceCan'"):
        PickPlaceExpert("PickPlaceCann")

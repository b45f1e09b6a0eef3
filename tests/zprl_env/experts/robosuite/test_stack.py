import numpy as np
import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.robosuite.stack import StackExpert


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Stack", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


def test_perfect_quality_succeeds_everywhere(stage):
    episodes = [stage.perform(seed, Quality()) for seed in range(6)]
    assert all(episode.success for episode in episodes)
    assert max(len(episode.trajectory) for episode in episodes) < 130


def test_less_skill_fails_more_often(stage):
    poor = [stage.perform(seed).success for seed in range(10)]
    assert 1 <= sum(poor) <= 8  # experts: all, above


def test_the_small_cube_ends_on_the_large_one(stage):
    last = stage.perform(0, Quality()).trajectory.observations["object"][-1]
    small, large = last[:3], last[7:10]
    np.testing.assert_allclose(small - large, [0.0, 0.0, 0.045], atol=0.015)


def test_a_grasp_beside_the_cube_that_is_never_corrected_ends_in_giving_up(stage):
    hopeless = Quality(grasp_offset=(0.05, 0.0, 0.0), correction=0.0, attempts=1)
    episode = stage.perform(0, hopeless)
    assert not episode.success
    assert len(episode.trajectory) < 120


def test_a_miss_that_is_noticed_is_corrected_at_the_next_attempt(stage):
    episode = stage.perform(0, Quality(grasp_offset=(0.05, 0.0, 0.0), correction=1.0))
    assert episode.success
    grip = episode.trajectory.actions[:, 6]
    assert np.sum((grip[1:] > 0) & (grip[:-1] < 0)) == 2  # closed twice


@pytest.mark.parametrize(
    ("large", "turned"), [([0.0, 0.3], False), ([0.065, 0.0], False), ([0.0, 0.065], True)]
)
def test_the_hand_turns_where_the_large_cube_is_in_the_fingers_way(large, turned):
    expert = StackExpert()
    expert.reset(Quality())
    upright = [0.0, 0.0, 0.0, 1.0]
    action = expert.act(
        {
            "robot0_eef_pos": np.array([0.0, 0.0, 1.0]),
            "robot0_eef_quat": np.array([1.0, 0.0, 0.0, 0.0]),
            "robot0_gripper_qpos": np.array([0.02, -0.02]),
            "object": np.array([0.0, 0.0, 0.82, *upright, *large, 0.825, *upright]),
        }
    )
    assert (abs(action[5]) > 0.1) == turned


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"StackExpert\.act must come after StackExpert\.reset"):
        StackExpert().act({})

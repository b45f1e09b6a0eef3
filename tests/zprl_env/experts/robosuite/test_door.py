import numpy as np
import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.robosuite.door import DoorExpert

HINGE, HANDLE = 6, 13
"""Where the observation's object has the angles of the door and of its handle."""


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Door", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


def test_perfect_quality_succeeds_everywhere(stage):
    episodes = [stage.perform(seed, Quality()) for seed in range(6)]
    assert all(episode.success for episode in episodes)
    assert max(len(episode.trajectory) for episode in episodes) < 120


def test_less_skill_fails_more_often(stage):
    poor = [stage.perform(seed).success for seed in range(10)]
    assert 1 <= sum(poor) <= 8  # experts: all, above


def test_the_handle_is_turned_before_the_door_is_pulled(stage):
    angles = stage.perform(0, Quality()).trajectory.observations["object"]
    turned = int(np.argmax(angles[:, HANDLE] < -1.25))
    assert turned > 0
    assert angles[:turned, HINGE].max() < 0.05
    assert angles[-1, HINGE] > 0.2


def test_a_slow_hand_is_as_strong(stage):
    slow, plain = (stage.perform(1, Quality(speed=speed)) for speed in (0.4, 0.7))
    assert slow.success
    assert len(slow.trajectory) > len(plain.trajectory) + 10


def test_a_grasp_beside_the_handle_that_is_never_corrected_ends_in_giving_up(stage):
    hopeless = Quality(grasp_offset=(0.06, 0.0, 0.0), correction=0.0, attempts=1)
    episode = stage.perform(0, hopeless)
    assert not episode.success
    assert len(episode.trajectory) < 150


def test_a_miss_that_is_noticed_is_corrected_at_the_next_attempt(stage):
    episode = stage.perform(0, Quality(grasp_offset=(0.0, 0.05, 0.0), correction=1.0))
    assert episode.success
    grip = episode.trajectory.actions[:, 6]
    assert np.sum((grip[1:] > 0) & (grip[:-1] < 0)) == 2  # closed twice


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"DoorExpert\.act must come after DoorExpert\.reset"):
        DoorExpert().act({})

import numpy as np
import pytest

from tests.helpers.hands import seen
from zprl_env.errors import ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.robosuite.transport import TransportExpert


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Transport", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def perfect(stage):
    return stage.perform(1, Quality())


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
        for key, value in seen(gap=0.03).items():
            observation.setdefault(key.replace("robot0", f"robot{i}"), value)
    assert expert.act(observation).shape == (14,)
    assert expert.gave_up


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"TransportExpert\.act must come after reset"):
        TransportExpert().act({})

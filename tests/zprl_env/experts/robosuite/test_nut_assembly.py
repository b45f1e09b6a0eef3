from contextlib import closing

import numpy as np
import pytest

from zprl_env.errors import UnknownNameError
from zprl_env.experts import Quality
from zprl_env.experts.performance import Stage, operator_for
from zprl_env.experts.robosuite.nut_assembly import NUTS, NutAssemblyExpert


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Square", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


def test_perfect_quality_succeeds_whichever_way_the_nut_lies(stage):
    episodes = [stage.perform(seed, Quality()) for seed in range(4)]
    assert all(episode.success for episode in episodes)
    assert max(len(episode.trajectory) for episode in episodes) < 220


def test_the_nut_ends_over_its_peg_with_the_hand_open(stage):
    trajectory = stage.perform(0, Quality()).trajectory
    last = {key: values[-1] for key, values in trajectory.observations.items()}
    np.testing.assert_allclose(last["object"][7:9], NUTS["NutAssemblySquare"].peg, atol=0.01)
    assert trajectory.actions[-1, 6] == -1.0


def test_the_round_nut_goes_over_its_own_peg():
    with closing(Stage("NutAssemblyRound", skill=0.0, operator=operator_for(0))) as round_nut:
        trajectory = round_nut.perform(0, Quality()).trajectory
    assert trajectory.success
    nut = trajectory.observations["object"][-1, 7:9]
    np.testing.assert_allclose(nut, NUTS["NutAssemblyRound"].peg, atol=0.02)


def test_an_error_grows_from_the_middle_of_where_this_nut_lies():
    for task, nut in NUTS.items():
        expert = NutAssemblyExpert(task)
        expert.reset(Quality(offset_slope=(1.0, 0.0, 0.0, 1.0)))
        point = np.array([*nut.middle, 0.83])
        np.testing.assert_allclose(expert._misjudged(point), point)


def test_a_grasp_beside_the_handle_that_is_never_corrected_ends_in_giving_up(stage):
    hopeless = Quality(grasp_offset=(0.15, 0.0, 0.0), correction=0.0, attempts=1)
    episode = stage.perform(0, hopeless)
    assert not episode.success
    assert len(episode.trajectory) < 150


def test_a_placing_beside_the_peg_is_noticed_and_corrected(stage, monkeypatch):
    monkeypatch.setattr(NutAssemblyExpert, "PLACING_SCALE", 1.0)
    beside = (0.0, -0.03, 0.0)  # an error that the grasp forgives and the peg does not
    noticed = stage.perform(0, Quality(grasp_offset=beside, correction=1.0))
    never = stage.perform(0, Quality(grasp_offset=beside, correction=0.0, attempts=1))
    assert noticed.success
    assert not never.success
    heights = noticed.trajectory.observations["object"][:, 9]
    assert np.sum((heights[1:] > 0.97) & (heights[:-1] <= 0.97)) == 2  # raised over the peg twice


def test_a_nut_wedged_on_the_open_fingers_is_not_carried_off(stage):
    episode = stage.perform(0, Quality(grasp_offset=(-0.025, 0.0, 0.0), correction=0.0))
    assert episode.trajectory.observations["robot0_eef_pos"][:, 2].max() < 1.1


def test_commands_are_in_range(stage):
    actions = stage.perform(2, Quality()).trajectory.actions
    assert np.abs(actions).max() <= 1.0
    assert set(np.unique(actions[:, 6])) == {-1.0, 1.0}


def test_another_task_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'NutAssemblySquare'"):
        NutAssemblyExpert("NutAssemblySquar")

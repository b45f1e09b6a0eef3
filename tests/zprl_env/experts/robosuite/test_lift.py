import numpy as np
import pytest

from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.experts import Quality, make_expert
from zprl_env.experts.performance import Stage, demonstration_seed, operator_for
from zprl_env.experts.robosuite.lift import LiftExpert


@pytest.fixture(scope="module")
def stage():
    stage = Stage("Lift", skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


def test_perfect_quality_succeeds_everywhere(stage):
    episodes = [stage.perform(seed, Quality()) for seed in range(10)]
    assert all(episode.success for episode in episodes)
    assert max(len(episode.trajectory) for episode in episodes) < 75


def test_less_skill_fails_more_often(stage):
    poor = [stage.perform(seed).success for seed in range(12)]
    assert 1 <= sum(poor) <= 9  # experts: all, above


def test_the_same_seed_gives_the_same_episode_whatever_came_before(stage):
    first = stage.perform(3)
    stage.perform(4)
    again = stage.perform(3)
    assert first.quality == again.quality
    np.testing.assert_array_equal(first.trajectory.actions, again.trajectory.actions)
    for key, values in first.trajectory.observations.items():
        np.testing.assert_array_equal(values, again.trajectory.observations[key])


def test_a_grasp_beside_the_cube_that_is_never_corrected_ends_in_giving_up(stage):
    hopeless = Quality(grasp_offset=(0.05, 0.0, 0.0), correction=0.0, attempts=1)
    episode = stage.perform(0, hopeless)
    assert not episode.success
    assert len(episode.trajectory) < 150
    assert episode.trajectory.rewards.sum() == 0.0


def test_a_miss_that_is_noticed_is_corrected_at_the_next_attempt(stage):
    episode = stage.perform(0, Quality(grasp_offset=(0.05, 0.0, 0.0), correction=1.0))
    assert episode.success
    grip = episode.trajectory.actions[:, 6]
    assert np.sum((grip[1:] > 0) & (grip[:-1] < 0)) == 2  # closed twice


def test_faults_cost_time_but_not_success(stage):
    plain = stage.perform(1, Quality())
    faults = Quality(
        pause_steps=10, overshoot=0.02, detour=(0.0, 0.1, 0.05), close_delay=5, regrasps=1
    )
    faulty = stage.perform(1, faults)
    assert faulty.success
    assert len(faulty.trajectory) > len(plain.trajectory) + 15


def test_commands_are_in_range_and_no_faster_than_the_quality_allows(stage):
    actions = stage.perform(2, Quality(speed=0.4)).trajectory.actions
    assert np.abs(actions).max() <= 1.0
    assert np.linalg.norm(actions[:, :3], axis=1).max() <= 0.4 + 1e-6
    assert set(np.unique(actions[:, 6])) == {-1.0, 1.0}


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"LiftExpert\.act must come after LiftExpert\.reset"):
        LiftExpert("Lift").act({})


def test_an_unknown_task_names_the_nearest():
    with pytest.raises(UnknownNameError, match="'lfit'; did you mean 'Lift'"):
        make_expert("lfit")


@pytest.mark.parametrize(("seed", "index"), [(100, 0), (-1, 0), (0, 10_000), (0, -1)])
def test_seeds_never_reach_those_of_evaluation(seed, index):
    assert demonstration_seed(99, 9_999) < 1_000_000
    with pytest.raises(ZprlError, match="must lie in 0 to"):
        demonstration_seed(seed, index)

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.envs.adroit import AdroitEnv
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.adroit.expert import AdroitExpert

TASKS = ("door", "hammer", "pen")
FIRST_SEED = 1_000_000
WRONG_EYES = Quality(grasp_offset=(0.06, 0.06, 0.06), correction=0.0, attempts=1)


@pytest.mark.parametrize(("task", "steps"), [("door", 175), ("hammer", 140), ("pen", 130)])
def test_perfect_quality_succeeds_well_before_the_time_limit(stages, task, steps):
    episodes = [stages[task].perform(FIRST_SEED + i, Quality()) for i in range(3)]
    assert all(episode.success for episode in episodes)
    assert max(len(episode.trajectory) for episode in episodes) <= steps


@pytest.mark.parametrize("task", TASKS)
def test_who_misjudges_where_things_are_fails(stages, task):
    assert not stages[task].perform(FIRST_SEED, WRONG_EYES).success


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_episode_whatever_came_before(stages, task):
    first = stages[task].perform(3)
    stages[task].perform(4)
    again = stages[task].perform(3)
    assert first.quality == again.quality
    np.testing.assert_array_equal(first.trajectory.actions, again.trajectory.actions)
    for key, values in first.trajectory.observations.items():
        np.testing.assert_array_equal(values, again.trajectory.observations[key])


def test_a_pen_that_is_held_up_long_enough_is_held_by_d4rls_count_as_well():
    env = AdroitEnv("pen", success="held")
    expert = AdroitExpert("pen")
    observation, _ = env.reset(seed=FIRST_SEED)
    expert.reset(Quality())
    for _ in range(150):
        parts = {key: observation[part] for key, part in env.observation_keys.items()}
        observation, _, terminated, _, _ = env.step(expert.act(parts))
        if terminated:
            break
    env.close()
    assert terminated


def test_commands_are_in_range(stages):
    for stage in stages.values():
        actions = stage.perform(5).trajectory.actions
        assert actions.dtype == np.float32
        assert np.abs(actions).max() <= 1.0


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"AdroitExpert\.act must come after AdroitExpert\.reset"):
        AdroitExpert("door").act({})


def test_a_task_without_a_plan_names_the_nearest():
    with pytest.raises(
        UnknownNameError, match="unknown Adroit task 'hamer'; did you mean 'hammer'"
    ):
        AdroitExpert("hamer")

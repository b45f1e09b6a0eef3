"""The experts for Meta-World's tasks: what they can do, and what goes wrong."""

from __future__ import annotations

import sys

import numpy as np
import pytest

pytest.importorskip("metaworld", reason="needs the metaworld extra")

from metaworld.policies import ENV_POLICY_MAP

from zprl_env.errors import MissingExtraError, UnknownNameError, ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.metaworld import MetaWorldExpert
from zprl_env.experts.performance import Stage, operator_for

BESIDE = (0.04, 0.0, 0.0)


@pytest.fixture(scope="module", params=["box-close", "push-wall"])
def stage(request):
    stage = Stage(request.param, skill=0.0, operator=operator_for(0))
    yield stage
    stage.close()


def test_perfect_quality_succeeds_nearly_everywhere(stage):
    episodes = [stage.perform(seed, Quality()) for seed in range(10)]
    assert sum(episode.success for episode in episodes) >= 9
    assert np.median([len(episode.trajectory) for episode in episodes]) < 130


def test_less_skill_fails_more_often(stage):
    poor = [stage.perform(seed).success for seed in range(12)]
    assert 1 <= sum(poor) <= 10


def test_the_same_seed_gives_the_same_episode_whatever_came_before(stage):
    first = stage.perform(3)
    stage.perform(4)
    again = stage.perform(3)
    assert first.quality == again.quality
    np.testing.assert_array_equal(first.trajectory.actions, again.trajectory.actions)


def test_a_miss_that_is_never_corrected_ends_in_giving_up():
    stage = Stage("push-wall", skill=0.0, operator=operator_for(0))
    hopeless = stage.perform(0, Quality(grasp_offset=BESIDE, correction=0.0, attempts=1))
    assert not hopeless.success
    assert stage.expert.gave_up
    assert len(hopeless.trajectory) < 150
    stage.close()


def test_a_miss_that_is_noticed_is_corrected_at_the_next_attempt():
    stage = Stage("push-wall", skill=0.0, operator=operator_for(0))
    episode = stage.perform(0, Quality(grasp_offset=BESIDE, correction=1.0))
    assert episode.success
    assert len(episode.trajectory) > len(stage.perform(0, Quality()).trajectory) + 30
    stage.close()


def test_faults_cost_time_but_not_success(stage):
    plain = stage.perform(1, Quality())
    faults = Quality(pause_steps=10, overshoot=0.02, detour=(0.1, 0.0, 0.05), close_delay=3)
    faulty = stage.perform(1, faults)
    assert plain.success
    assert faulty.success
    assert len(faulty.trajectory) > len(plain.trajectory) + 15


def test_commands_are_in_range_and_no_faster_than_the_quality_allows(stage):
    actions = stage.perform(2, Quality(speed=0.35)).trajectory.actions
    assert np.abs(actions).max() <= 1.0
    assert np.abs(actions[:, :3]).max() == pytest.approx(0.5)  # half of the default speed
    assert actions.dtype == np.float32


@pytest.mark.parametrize("task", sorted(ENV_POLICY_MAP))
def test_every_task_has_an_expert(task):
    expert = MetaWorldExpert(task)
    expert.reset(Quality())
    parts = {"hand": 3, "gripper": 1, "object": 14, "previous": 18, "goal": 3}
    action = expert.act({key: np.full(size, 0.1, np.float32) for key, size in parts.items()})
    assert action.shape == (4,)
    assert not expert.gave_up


def test_acting_before_reset_is_refused():
    with pytest.raises(ZprlError, match=r"MetaWorldExpert\.act must come after its reset"):
        MetaWorldExpert("box-close").act({})


def test_an_unknown_task_names_the_nearest():
    with pytest.raises(UnknownNameError, match="'push-wal'; did you mean 'push-wall'"):
        MetaWorldExpert("push-wal")


def test_a_machine_without_metaworld(monkeypatch):
    monkeypatch.setitem(sys.modules, "metaworld.policies", None)
    with pytest.raises(MissingExtraError, match=r'run: pip install "zprl-env\[metaworld\]"$'):
        MetaWorldExpert("box-close")

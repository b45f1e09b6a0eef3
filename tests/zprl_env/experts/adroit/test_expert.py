from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("gymnasium_robotics", reason="needs the adroit extra")

from zprl_env.envs.adroit import AdroitEnv
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.experts import Quality
from zprl_env.experts.adroit.expert import AdroitExpert
from zprl_env.experts.adroit.hammer import PRACTISED
from zprl_env.experts.adroit.hammer_search import Search as HammerSearch
from zprl_env.experts.adroit.hammer_search import main as search_hammer
from zprl_env.experts.adroit.hammer_search import stroke_score
from zprl_env.experts.adroit.hand import AdroitHand, reach
from zprl_env.experts.adroit.pen import axis_of, practised_motions, tilt_of
from zprl_env.experts.adroit.pen_search import Practice
from zprl_env.experts.performance import Stage, operator_for

TASKS = ("door", "hammer", "pen")
FIRST_SEED = 1_000_000
WRONG_EYES = Quality(grasp_offset=(0.06, 0.06, 0.06), correction=0.0, attempts=1)


@pytest.fixture(scope="module")
def stages():
    stages = {task: Stage(task, skill=0.0, operator=operator_for(0)) for task in TASKS}
    yield stages
    for stage in stages.values():
        stage.close()


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


def test_a_dropped_pen_ends_the_demonstration(stages):
    expert = stages["pen"].expert
    expert.reset(Quality())
    seen = {"target_axis": np.array([0.0, 0.0, 1.0]), "pen_pos": np.array([0.0, -0.2, 0.25])}
    held = expert.act(seen)
    assert not expert.gave_up
    np.testing.assert_array_equal(expert.act({**seen, "pen_pos": np.zeros(3)}), held)
    assert expert.gave_up


def test_hesitation_costs_time_but_not_the_door(stages):
    plain = stages["door"].perform(FIRST_SEED, Quality())
    faults = Quality(pause_steps=8, overshoot=0.02, close_delay=4, regrasps=1)
    faulty = stages["door"].perform(FIRST_SEED, faults)
    assert faulty.success
    assert len(faulty.trajectory) > len(plain.trajectory) + 8


def test_a_stroke_that_misses_is_corrected_by_the_next(stages):
    sees_low = Quality(grasp_offset=(0.0, -0.06, 0.0), correction=1.0)
    missed = stages["hammer"].perform(FIRST_SEED, sees_low)
    plain = stages["hammer"].perform(FIRST_SEED, Quality())
    assert missed.success
    assert len(missed.trajectory) > len(plain.trajectory) + 20


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


@pytest.mark.parametrize("task", TASKS)
def test_the_hand_knows_the_ranges_of_its_actuators(stages, task):
    model, _ = stages[task].env.unwrapped._simulation()
    hand = AdroitHand(task)
    np.testing.assert_allclose(np.stack([hand.low, hand.high], 1), model.actuator_ctrlrange)


def test_the_arm_reaches_where_the_simulation_puts_the_palm(stages):
    stages["door"].env.reset(seed=0)
    model, data = stages["door"].env.unwrapped._simulation()
    import mujoco

    wanted = np.array([0.05, 0.12, 0.25])
    arm = reach(wanted, 0.7, (-0.1, -0.3), np.zeros(4))
    data.qpos[:6] = [*arm, -0.1, -0.3]
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.site("S_grasp").xpos, wanted, atol=2e-3)


def test_tilts_are_those_the_targets_are_drawn_from(stages):
    env = stages["pen"].env.unwrapped
    for seed in range(20):
        target = env.reset(seed=seed)[0][env.observation_keys["target_axis"]]
        tilt = tilt_of(target)
        assert np.abs(tilt).max() <= 1.0
        np.testing.assert_allclose(axis_of(tilt), target, atol=1e-6)


def test_the_practised_motions_are_few_and_do_what_they_remember():
    practice = Practice()
    motions = practised_motions()
    assert len(motions) <= 25
    seen = practice._perform(motions[0])
    np.testing.assert_allclose(seen[4::5], motions[0].axes, atol=2e-3)


def test_practice_finds_motions_that_hold_the_pen_somewhere():
    practice = Practice(seed=0, targets_per_side=3)
    practice.run(tries=12, first_guesses=8)
    assert practice.scores.max() > 0.9
    assert len(practice.best) == 9
    assert len(practice.few()) <= 9


def test_the_hammers_postures_beat_the_idea_they_were_found_from(capsys):
    env = AdroitEnv("hammer")
    found = search_hammer(HammerSearch(generations=0))
    assert stroke_score(env, PRACTISED, FIRST_SEED) > stroke_score(env, found, FIRST_SEED) + 1.0
    env.close()
    assert "HammerPostures(grasp=(0.25" in capsys.readouterr().out

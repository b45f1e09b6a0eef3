"""States of another unit than a policy's are told, once, and those of its own are not."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from policies.foreign import ForeignPolicy
from policies.foreign.testing import LineGenerator
from policies.meaning.ranges import Ranges
from zprl_env import ActionChunkWrapper, NoiseSteeringWrapper, SteeringVecEnv
from zprl_env.envs.observation.time_left import TimeLeftObservation, TimeLeftPolicy
from zprl_env.errors import TaskMismatchWarning
from zprl_env.meaning import states
from zprl_env.meaning.states import Familiarity
from zprl_env.testing import check_policy

POSE = np.radians([90.0, -45.0])
"""Where the arm's joints begin."""
TRAINED = np.concatenate([POSE - 0.4, [0.0]]), np.concatenate([POSE + 0.4, [1.0]])
"""Least and largest states that policies were trained on: two joints [rad] and a gripper."""


class Arm(gym.Env):
    """Two joints that swing and a gripper that opens and closes, each in some unit.

    Args:
        units: What each number is multiplied by.
        offset: What is added after that.
    """

    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    observation_space = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)

    def __init__(self, units=(1.0, 1.0, 1.0), offset=0.0):
        self._units, self._offset = np.asarray(units), offset

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._steps, self._phase = 0, self.np_random.uniform(0.0, 6.0)
        return self._seen(), {}

    def step(self, action):
        self._steps += 1
        return self._seen(), 0.0, False, self._steps == 12, {"is_success": False}

    def _seen(self):
        swing = 0.35 * np.sin(self._phase + 0.5 * self._steps)
        state = np.append(POSE + swing, float(self._steps > 6))
        return (state * self._units + self._offset).astype(np.float32)


def policy(low=TRAINED[0], high=TRAINED[1], names=None):
    generator: Any = LineGenerator(3, 2)
    generator.observation_ranges = Ranges.between(low, high)
    if names:
        generator.observation_names = names
    return ForeignPolicy(generator)


def told_in(env, made):
    """Play twelve episodes of the base policy; return what is warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        steered = NoiseSteeringWrapper(env, made)
        for seed in range(12):
            steered.reset(seed=seed)
            over = False
            while not over:
                *_, terminated, truncated, _ = steered.step(0.0 * steered.action_space.sample())
                over = terminated or truncated
    return [str(w.message) for w in caught if issubclass(w.category, TaskMismatchWarning)]


DEGREES, MILLIMETRES, PERCENT = np.degrees(1.0), 1000.0, 100.0


@pytest.mark.parametrize("kind", ["ranges", "a constant joint"])
def test_nothing_is_told_of_states_like_those_of_training(kind):
    low, high = TRAINED
    if kind == "a constant joint":
        low, high = low - [0.0, 0.0, 0.3], np.array([high[0], low[1], high[2]])
    assert told_in(Arm(), policy(low, high)) == []


@pytest.mark.parametrize(
    ("units", "numbers"),
    [
        ((DEGREES, DEGREES, 1.0), (0, 1)),
        ((MILLIMETRES, 1.0, 1.0), (0,)),
        ((1.0, 1.0, PERCENT), (2,)),
        ((-1.0, 1.0, 1.0), (0,)),
    ],
)
def test_states_far_outside_are_told_once_and_by_number(units, numbers):
    (told,) = told_in(Arm(units), policy())
    assert "lies far outside of what it was in training" in told
    assert "degrees are 57 times radians" in told
    assert [index for index in range(3) if f"number {index} " in told] == [*numbers]


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [((DEGREES, DEGREES, 1.0), (0, 1)), ((1.0, 1.0, PERCENT), (2,)), ((MILLIMETRES, 1, 1), (0,))],
)
def test_a_policy_of_larger_numbers_sees_them_hardly_move(unit, numbers):
    low, high = (np.asarray(unit) * end for end in TRAINED)
    low, high = low - 40.0 * (np.asarray(unit) > 1), high + 40.0 * (np.asarray(unit) > 1)
    (told,) = told_in(Arm(), policy(low, high))
    assert "hardly moves, and did in training" in told
    assert [index for index in range(3) if f"number {index} " in told] == [*numbers]


def test_an_offset_and_a_constant_of_another_unit_are_far_outside():
    (told,) = told_in(Arm(offset=30.0), policy())
    assert "number 2 is at 30, and was from 0 to 1" in told
    constant = TRAINED[0], np.array([TRAINED[0][0], *TRAINED[1][1:]])
    (told,) = told_in(Arm((DEGREES, 1.0, 1.0)), policy(*constant))
    assert "was always 1.171" in told


def test_numbers_have_their_names():
    names = ["shoulder", "elbow", "gripper"]
    (told,) = told_in(Arm((1.0, 1.0, PERCENT)), policy(names=names))
    assert "gripper is at" in told


def test_it_is_told_before_the_first_step():
    env = NoiseSteeringWrapper(Arm((DEGREES, DEGREES, 1.0)), policy())
    with pytest.warns(TaskMismatchWarning, match="far outside"):
        env.reset(seed=0)


@pytest.mark.parametrize("wrap", ["vectorised", "time left", "history"])
def test_it_is_told_wherever_a_policy_is_steered(wrap):
    made, generator = policy(), LineGenerator(3, 2)
    envs: Any
    if wrap == "vectorised":

        def make():
            return ActionChunkWrapper(Arm((1.0, 1.0, PERCENT)), 2)

        envs = SteeringVecEnv(DummyVecEnv([make] * 3), made, steer="noise")
    elif wrap == "time left":
        timed = gym.wrappers.TimeLimit(Arm((1.0, DEGREES, 1.0)), 12)
        envs = NoiseSteeringWrapper(TimeLeftObservation(timed), TimeLeftPolicy(made))
    else:
        said = {"n_obs_steps": 2, "embed": lambda batch: batch[:, -1]}
        for name, value in {**said, "observation_ranges": Ranges.between(*TRAINED)}.items():
            setattr(generator, name, value)
        envs = NoiseSteeringWrapper(Arm((DEGREES, 1.0, 1.0)), ForeignPolicy(generator))
    steps = 40 if wrap == "vectorised" else 0
    with pytest.warns(TaskMismatchWarning, match="far outside") as told:  # noqa: PT031
        envs.reset()
        for _ in range(steps):
            envs.step(np.zeros((3, *envs.action_space.shape)))
    assert len(told) == 1


def test_a_camera_that_shows_nothing_is_told_once():
    watch = Familiarity(SimpleNamespace())
    floats = np.random.default_rng(0).random((1, 8, 8, 3))  # of [0, 1], made bytes all the same
    with pytest.warns(TaskMismatchWarning, match="0 and 1 alone, of front") as told:  # noqa: PT031
        for _ in range(2):
            watch.see({"front": floats.round().astype(np.uint8), "state": np.zeros((1, 2))})
    assert len(told) == 1
    Familiarity(SimpleNamespace()).see({"front": (255 * floats).astype(np.uint8)})


def test_a_policy_that_says_nothing_is_left_alone():
    watch = Familiarity(SimpleNamespace())
    watch.see(np.full((1, 3), 1e9))
    assert (watch.outside(), watch.still()) == ([], [])


def test_what_seldom_moves_is_not_told_after_few_episodes():
    watch = Familiarity(SimpleNamespace(observation_ranges=Ranges.between([0.0], [1.0])))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(states.EPISODES):
            watch.begin(1)
            watch.see(np.full((20, 1), 0.5))


def test_a_number_that_never_moves_is_noted_by_the_check_alone():
    watch = Familiarity(SimpleNamespace(observation_ranges=Ranges.between([0.0], [1.0])))
    watch.note(np.full((100, 1), 0.5))
    assert watch.still() == ["number 0 is from 0.5 to 0.5, and was from 0 to 1"]
    assert watch.still(dead=False) == []


def test_of_an_episode_that_never_ends_no_more_is_kept_than_needed():
    watch = Familiarity(SimpleNamespace(observation_ranges=Ranges.between([0.0], [1.0])))
    watch.begin(1)
    for _ in range(3):
        watch.see(np.full((states.MOST // 2, 1), 0.5))
    assert (watch._ranges, watch._seen) == (None, [])


def test_check_notes_actions_that_are_no_units_of_the_environment():
    """As of a policy whose chunks were never turned back from what its network says."""

    class Degrees(Arm):
        action_space = gym.spaces.Box(-180.0, 180.0, (2,), np.float32)

    notes = check_policy(ForeignPolicy(LineGenerator(3, 2)), Degrees())
    assert any("all actions lie within 2% of the bounds" in note for note in notes)


def test_check_notes_it():
    far, still = (
        check_policy(made, env)
        for made, env in (
            (policy(), Arm((DEGREES, DEGREES, 1.0))),
            (policy(TRAINED[0], TRAINED[1] * [1.0, 1.0, PERCENT]), Arm()),
        )
    )
    assert any("observations lie far outside" in note for note in far)
    assert any("observations hardly move" in note for note in still)

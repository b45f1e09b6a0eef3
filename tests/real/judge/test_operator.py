"""A judge ends episodes that succeed, and a person beside it has the last word."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from policies.pictures.settings import PictureSettings
from real.env import RealRobotEnv
from real.judge.operator import JudgeError, JudgeOperator, make_judge_operator
from real.judge.threshold import Validation
from real.operators import Event, ScriptedOperator, make_operator
from real.tasks.files import load_preset
from zprl_env.errors import ConfigurationError, TaskMismatchWarning

PRESET = load_preset("place-orange")
STAY = np.array([0, 0, 0, 0, 1, 0, 0, 1], np.float32)
DOWN = np.array([0, 0, -0.4, 0, 1, 0, 0, 1], np.float32)
WORTH = Validation(0.8, 3, 20, 0.1, 0, 10, 10, 0.1)


def lowered(keys=("position",), network=None, at_start=0.0):
    """A judge that takes the hand being low for success, and is sure of it."""

    def score(state, frames):
        return 0.95 if state[2] < 0.2 else at_start

    told = {"task": PRESET.name, "keys": keys, "validation": WORTH, "pictures": None}
    judge: Any = SimpleNamespace(**told, score=score)
    return judge


@pytest.fixture
def judged(monkeypatch):
    """An environment whose episodes a judge ends, and the person beside it."""
    person = ScriptedOperator()
    monkeypatch.setattr("real.judge.operator.KeyboardOperator", lambda: person)
    monkeypatch.setattr("real.judge.operator.Judge", SimpleNamespace)
    env = RealRobotEnv(PRESET, driver="ideal", operator="judge+keyboard", judge=lowered())
    env.reset(seed=0)
    yield env, person
    env.close()


def test_three_steps_in_a_row_end_the_episode_as_a_success(judged):
    env, _ = judged
    seen = []
    while True:
        _, reward, terminated, truncated, info = env.step(DOWN)
        seen.append(info["judge"])
        if terminated or truncated:
            break
    assert (reward, terminated, info["is_success"]) == (1.0, True, True)
    assert seen[-4:] == [0.0, 0.95, 0.95, 0.95]


def test_a_person_overrules_it_until_the_next_episode(judged):
    env, person = judged
    over = False
    while not over:
        *_, over, _, info = env.step(DOWN)
    person.say(Event.TAKE_BACK, Event.FAILURE)
    env.reset()
    assert info["outcome"] == {"outcome": "failure", "before": "success"}
    person.say(Event.FAILURE)
    *_, terminated, _, info = env.step(STAY)
    assert (terminated, info["outcome"]["outcome"]) == (True, "failure")


@pytest.mark.parametrize(("at_start", "told"), [(0.2, r"0\.20"), (np.nan, "nan")])
def test_a_success_at_the_beginning_stops_the_day(monkeypatch, at_start, told):
    monkeypatch.setattr("real.judge.operator.Judge", SimpleNamespace)
    env = RealRobotEnv(PRESET, driver="ideal", operator="judge", judge=lowered(at_start=at_start))
    with pytest.raises(JudgeError, match=f"a probability of {told}"):
        env.reset(seed=0)
    env.close()


def test_alone_it_needs_a_simulated_robot(monkeypatch):
    monkeypatch.setattr("real.judge.operator.Judge", SimpleNamespace)
    bare: Any = SimpleNamespace(n_arms=1)
    with pytest.raises(ConfigurationError, match=r"operator='judge\+keyboard'"):
        make_judge_operator("judge", lowered(), bare, {"position": slice(0, 3)})
    with pytest.raises(ConfigurationError, match="must come with operator='judge'"):
        make_judge_operator("auto", lowered(), bare, {})
    with pytest.raises(ConfigurationError, match="must come with a judge"):
        make_operator("judge", bare)


def test_what_it_looks_at_has_to_be_observed():
    keys = {"position": slice(0, 3)}
    with pytest.raises(ConfigurationError, match="without orange_position"):
        JudgeOperator(lowered(("position", "orange_position")), ScriptedOperator(), keys)


SEEN = PictureSettings(cameras=("front",), image_size=(84, 84), versions={"mujoco": "3.3.2"})


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (None, "no pictures"),
        (dataclasses.replace(SEEN, image_size=(96, 96)), "84 x 84 and of 96 x 96"),
        (dataclasses.replace(SEEN, cameras=("side",)), "cameras front and side"),
        (dataclasses.replace(SEEN, orientation="turned"), "'upright' and 'turned'"),
    ],
)
def test_pictures_of_another_kind_than_it_has_learned_from_are_refused(shown, told):
    judge = lowered()
    judge.pictures = SEEN
    operator = JudgeOperator(judge, ScriptedOperator(), {"position": slice(0, 3)})
    operator.expect(PRESET.name, dataclasses.replace(SEEN, cameras=("side", "front")))
    with pytest.raises(ConfigurationError, match=told):
        operator.expect(PRESET.name, shown)
    other = dataclasses.replace(SEEN, versions={"mujoco": "3.3.3"})
    with pytest.warns(TaskMismatchWarning, match=r"mujoco 3\.3\.2 and 3\.3\.3"):
        operator.expect(PRESET.name, other)


def test_an_environment_compares_its_task_and_its_cameras_with_the_judge_s(monkeypatch):
    monkeypatch.setattr("real.judge.operator.Judge", SimpleNamespace)
    judge = lowered()
    judge.task = "flip-egg"
    with pytest.warns(TaskMismatchWarning, match="A judge of flip-egg is asked about place-orange"):
        RealRobotEnv(PRESET, driver="ideal", operator="judge", judge=judge).close()
    judge.task, judge.pictures = PRESET.name, SEEN
    with pytest.raises(ConfigurationError, match="Got, the judge's first: no pictures"):
        RealRobotEnv(PRESET, driver="ideal", operator="judge", judge=judge)


def test_an_operator_of_ones_own_takes_no_judge():
    with pytest.raises(ConfigurationError, match=r"real\.judge\.operator\.JudgeOperator"):
        RealRobotEnv(PRESET, driver="ideal", operator=ScriptedOperator(), judge="nowhere")

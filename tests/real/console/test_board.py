"""The board counts episodes and robot minutes as the run does, and tells what happened once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from real.console.board import KEPT_EPISODES, Board
from real.motion.emergency import Stop
from real.recording.episode_file import EpisodeEntry
from real.recording.recorder import Step
from real.tasks.files import load_preset

PRESET = load_preset("place-orange")


def step(**info):
    return Step(np.zeros(8), np.zeros(1), 0.0, False, False, info, ())


def play(board, outcome, steps=30, **info):
    board.begin(PRESET, np.zeros(1), None, {})
    for _ in range(steps):
        board.add(step(**info))
    board.end(outcome)


def person(by="person", silent=False):
    return {"takeover": {"by": by, "silent": silent, "helped": by == "person"}}


@pytest.fixture
def board():
    return Board(now=lambda: 0.0)


def texts(board):
    return [event["text"] for event in board.shown()["events"]]


def test_the_curve_is_the_share_of_judged_episodes_over_robot_minutes(board):
    for outcome in ("success", "stop", "failure"):
        play(board, outcome)
    shown = board.shown()
    minutes = 30 / PRESET.rate / 60.0
    assert shown["curve"] == [[round(minutes, 3), 1.0], [round(3 * minutes, 3), 0.5]]
    assert shown["minutes"] == pytest.approx(3 * minutes, abs=1e-3)
    assert shown["outcomes"] == {"success": 1, "stop": 1, "failure": 1}


def test_what_a_person_rescued_is_no_success_of_the_policy(board):
    play(board, "success", **person())
    assert board.shown()["curve"][-1][1] == 0.0
    assert board.shown()["episodes"][-1]["by_person"] == 30


def test_another_verdict_changes_the_last_episode_in_every_place(board):
    play(board, "success")
    board.amend("failure")
    board.amend("abort")
    shown = board.shown()
    assert shown["outcomes"] == {"abort": 1}
    assert shown["curve"] == []
    assert shown["episodes"][-1] | {"steps": 0} == shown["episodes"][-1] | {
        "outcome": "abort",
        "before": "success",
        "steps": 0,
    }


def test_a_recording_that_is_gone_on_with_is_its_beginning(board):
    entries = [EpisodeEntry(Path("a.hdf5"), 60, outcome) for outcome in ("success", "cut off")]
    board.remember(entries, rate=30.0)
    play(board, "failure", steps=1)
    assert board.shown()["number"] == 3
    assert board.shown()["curve"][0] == [round(2 / 60, 3), 1.0]


def test_an_episode_without_a_step_is_none(board):
    board.begin(PRESET, np.zeros(1), None, {})
    board.end("abort")
    assert (board.shown()["number"], board.shown()["episodes"]) == (0, [])


def test_what_happens_is_told_once_and_when_it_begins(board):
    board.begin(PRESET, np.zeros(1), None, {})
    for clipped in (0.0, 0.02, 0.03, 0.0):
        board.add(step(safety={"clipped": clipped}))
    for late in ({}, {"policy": 2}, {"policy": 2}):
        board.add(step(time={"late": late}))
    for told in (person("policy"), person(), person(silent=True), person("policy")):
        board.add(step(**told))
    assert texts(board) == [
        "A target lay 20 mm outside.",
        "Deadlines were missed: policy 2.",
        "A person has taken the arms.",
        "The person's device is not heard: the arms are held.",
        "The policy has the arms.",
    ]


def test_a_stop_and_its_release_are_told_whenever_they_come(board):
    stop = Stop("operator", "the operator stopped the arms", 1.0)
    for seen in (None, stop, stop, None, None):
        board.note_stop(seen)
    told = "Stopped by the operator: the operator stopped the arms."
    assert texts(board) == [told, "Released."]


def test_the_plan_is_what_is_left_of_it(board):
    board.begin(PRESET, np.zeros(1), None, {})
    board.note_plan(np.arange(12.0).reshape(3, 4))
    board.add(step())
    assert board.plan[:, 0].tolist() == [4.0, 8.0]
    board.end("abort")
    assert board.plan.size == 0


def test_it_keeps_no_more_than_a_page_shows(board):
    for _ in range(KEPT_EPISODES + 5):
        play(board, "success", steps=1)
    shown = board.shown()
    assert len(shown["episodes"]) == KEPT_EPISODES
    assert shown["outcomes"] == {"success": KEPT_EPISODES + 5}

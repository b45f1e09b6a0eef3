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
from zprl_env.envs.outcomes import OUTCOME, Verdict

PRESET = load_preset("place-orange")


def step(**info):
    return Step(np.zeros(8), np.zeros(1), 0.0, False, False, info, ())


def play(board, ended, steps=30, **info):
    board.begin(PRESET, np.zeros(1), None, {})
    for _ in range(steps):
        board.add(step(**info))
    board.end(ended)


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


def judged(board, outcome):
    """Play an episode whose last step tells its verdict."""
    verdict = Verdict.of(outcome)
    play(board, outcome, steps=1, **{OUTCOME: verdict})
    return verdict


def test_another_verdict_changes_its_episode_in_every_place(board):
    verdicts = [judged(board, outcome) for outcome in ("success", "failure", "success")]
    board.amend("failure", verdicts[0])
    board.amend("abort", verdicts[0])
    board.amend("success", verdicts[1])
    shown = board.shown()
    assert shown["outcomes"] == {"abort": 1, "success": 2}
    assert [share for _, share in shown["curve"]] == [1.0, 1.0]
    told = [(one["outcome"], one.get("before")) for one in shown["episodes"]]
    assert told == [("abort", "success"), ("success", "failure"), ("success", None)]
    board.amend("failure", verdicts[0])
    assert [share for _, share in board.shown()["curve"]] == [0.0, 0.5, 0.6667]


def test_an_episode_that_is_under_way_or_was_given_up_has_no_verdict(board):
    verdict = judged(board, "success")
    play(board, "abort")
    board.begin(PRESET, np.zeros(1), None, {})
    assert [board.verdict(number) for number in (0, 1, 2, 3, 4)] == [None, verdict, *3 * [None]]
    assert [one["judged"] for one in board.shown()["episodes"]] == [True, False]
    board.amend("failure", Verdict.of("success"))  # somebody else's
    assert board.shown()["outcomes"] == {"success": 1, "abort": 1}


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

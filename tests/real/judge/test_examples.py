"""Steps of recorded episodes, and what is known of each."""

from __future__ import annotations

import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from real.env import RealRobotEnv
from real.judge.examples import Ends, examples_of, folds, scenes_of
from real.recording import EpisodeRecorder
from tests.real.judge.conftest import episode, shown
from zprl_env.errors import ConfigurationError


def test_the_end_of_a_success_shows_it_and_the_second_before_says_nothing():
    success, failure = examples_of(shown(), 30.0)[:2]
    assert np.flatnonzero(success.done).tolist() == list(range(81, 90))
    assert np.flatnonzero(~success.done & ~success.not_done).tolist() == list(range(51, 81))
    assert not failure.done.any()
    assert failure.not_done.all()
    assert success.states.shape == (90, 3)


def test_episodes_that_nobody_judged_say_nothing_and_too_few_are_refused():
    few = [episode(n % 2 == 0, n) for n in range(9)] + [episode(None, 9)]
    with pytest.raises(ConfigurationError, match="Got: 5 and 4"):
        examples_of(Demonstrations(tuple(few), {}, ("near",)), 30.0)


def test_every_fold_has_its_share_of_successes():
    examples = examples_of(shown(7), 30.0)
    parts = folds(examples, 5, seed=0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(14))
    for part in parts:
        outcomes = [examples[n].success for n in part]
        assert 1 <= sum(outcomes) <= 2
        assert 1 <= len(outcomes) - sum(outcomes) <= 2


def test_what_a_scene_said_of_every_step_is_believed_and_the_moment_before_says_nothing():
    scene = np.zeros(90, bool)
    scene[40:44] = scene[70:] = True  # it was done, undone, and done again
    examples = examples_of(shown(), 30.0, scenes=[scene])
    np.testing.assert_array_equal(examples[0].done, scene)
    assert np.flatnonzero(~examples[0].not_done).tolist() == [*range(25, 44), *range(55, 90)]
    assert np.flatnonzero(examples[2].done).tolist() == list(range(81, 90))  # a person judged it
    with pytest.raises(ConfigurationError, match=r"Got: 0\.0 and 1"):
        examples_of(shown(), 30.0, Ends(shown=0.0))


def test_a_success_that_lasts_is_recorded_with_what_the_scene_said(tmp_path, monkeypatch):
    recorder = EpisodeRecorder(tmp_path / "dwell.hdf5", say=lambda text: None)
    env = RealRobotEnv("place-orange", recorder=recorder, dwell=0.5)
    held = iter([False] * 20 + [True] * 20 + [False] * 20 + [True] * 200)  # of control periods
    monkeypatch.setattr(env.robot, "success", lambda: next(held))
    env.reset(seed=0)
    over, infos = False, []
    while not over:
        *_, over, _, info = env.step(np.array([0, 0, 0, 0, 1, 0, 0, 1], np.float32))
        infos.append(info)
    env.close()
    assert info["is_success"]
    (scene,) = scenes_of(tmp_path / "dwell.hdf5")
    assert scene is not None
    assert scene.tolist() == [False, *(info["scene"] for info in infos[:-1])]
    assert 14 <= scene[-20:].sum() < 20
    assert scene[:-20].any()  # it held before, and not for long enough

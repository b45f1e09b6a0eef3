"""The benchmark of the toolkit's own time plays the same episodes in every way."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import overhead
from benchmarks.overhead import Episode, Settings, cut, rate
from tests.point import PointEnv
from zprl_env import ActionChunkWrapper
from zprl_env.errors import UnknownNameError, ZprlError


def test_actions_are_cut_into_chunks_and_the_last_is_filled_up():
    first, last = cut(np.array([[1.0], [2.0], [3.0]]), 2)
    assert first.tolist() == [[1.0], [2.0]]
    assert last.tolist() == [[3.0], [3.0]]


def test_an_episode_that_does_not_repeat_itself_is_no_measurement():
    env = ActionChunkWrapper(PointEnv(), 2)
    episode = Episode(0, np.zeros((3, 2), np.float32))
    with pytest.raises(ZprlError, match=r"must repeat itself\. Got: 4 steps instead of 3"):
        rate(env, [episode], [list(cut(episode.actions, 2))])


def test_all_ways_are_measured_and_kept(point_task, point_policy, tmp_path, capsys):
    out = tmp_path / "overhead.json"
    overhead.main(Settings(point_task, str(point_policy), seconds=0.1, out=out))
    content = json.loads(out.read_text())
    (result,) = content["simulators"].values()
    assert set(result["steps_per_second"]) == {"bare", "chunked", "steered"}
    assert result["steps_per_second"]["bare"] > result["steps_per_second"]["steered"] > 0
    assert 0 < result["steered_over_bare"] < 1
    assert content["policy_microseconds"]["decode"] > 0
    assert content["machine"]["python"]
    assert "steered / bare" in capsys.readouterr().out


def test_settings_are_checked():
    with pytest.raises(UnknownNameError, match="did you mean 'Lift'"):
        Settings("Lfit")
    with pytest.raises(ZprlError, match=r"seconds must be above 0. Got: 0"):
        Settings(seconds=0)

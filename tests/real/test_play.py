"""A policy acts on a robot, and every episode is written down."""

from __future__ import annotations

import json
import sys

import h5py
import numpy as np
import pytest
import yaml

from policies.demonstrations import Demonstrations
from real.play import Play, _timing, play
from real.recording.reader import read_recorded
from real.tasks.files import load_preset
from tests.helpers.point import save_policy
from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.loading.resolve import resolve_policy


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    """The checkpoint of a tiny policy that fits place-orange and knows nothing."""
    return save_policy(tmp_path_factory.mktemp("policy"), observation_dim=19, action_dim=8)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Place-orange as a file, with chunks as short as the tiny policy's."""
    content = load_preset("place-orange").model_dump(mode="json")
    path = tmp_path_factory.mktemp("task") / "short-chunks.yaml"
    content |= {"horizon": 4, "n_action_steps": 2}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def settings(policy, task):
    """Makes settings of two episodes with the tiny policy on the ideal robot."""
    usual = {"task": str(task), "driver": "ideal", "episodes": 2, "seed": 3}
    return lambda **more: Play(str(policy), **{**usual, **more})


def test_the_shipped_policy_puts_the_orange_on_the_plate(tmp_path):
    result = play(Play("Real", episodes=1, seed=100, out=tmp_path / "demo.hdf5"))
    assert result.success_rate == 1.0
    lengths = [len(t) for t in Demonstrations.load(tmp_path / "demo.hdf5").trajectories]
    assert lengths == result.lengths.tolist()


def test_its_episodes_follow_from_their_seeds(settings):
    first, again, other = (play(settings(seed=seed)) for seed in (3, 3, 50))
    assert first.to_dict() == again.to_dict()
    assert first.seeds.tolist() == [3, 4]
    assert other.seeds.tolist() == [50, 51]


def test_what_is_played_is_written_with_the_policy_s_hash(settings, policy, tmp_path, capsys):
    out = tmp_path / "demo.hdf5"
    result = play(settings(out=out, images=True))
    said = ["success" if success else "no" for success in result.successes]
    assert capsys.readouterr().out.split() == said
    episode, _, total = read_recorded(out)
    assert (total, len(episode.rewards)) == (2, result.lengths[-1])
    expected = getattr(resolve_policy(str(policy)), "weights_hash")  # noqa: B009
    assert (episode.provenance["policy_sha256"], episode.provenance["run"]) == (expected, "None")
    assert [*episode.frames] == ["front"]
    with h5py.File(out) as file:
        info = json.loads(file["data/demo_0/info"].asstr()[-1])
    assert info["is_success"] is bool(result.successes[0])


def test_the_temperature_of_the_noise_reaches_the_policy(settings, tmp_path):
    actions = []
    for name, noise in (("cold", "zero"), ("warm", "fresh")):
        out = tmp_path / f"{name}.hdf5"
        play(settings(episodes=1, noise=noise, out=out))
        actions.append(Demonstrations.load(out).trajectories[0].actions)
    assert np.abs(actions[0][:2] - actions[1][:2]).max() > 1e-3


def test_chunks_are_decided_ahead_with_a_delay_that_they_have_room_for(settings):
    ahead, again = (play(settings(inference="ahead", delay=2)) for _ in range(2))
    assert ahead.to_dict() == again.to_dict()
    with pytest.raises(ConfigurationError, match="delay 3, n_action_steps 2, horizon 4"):
        play(settings(inference="ahead", delay=3))
    with pytest.raises(ConfigurationError, match="delay must come with inference='ahead'"):
        settings(delay=2)


def test_an_agent_is_played_with_the_delay_that_it_has_learned_with():
    learned = {"inference": "ahead", "delay": 3, "task": "place-orange"}
    run = {"inference": "ahead", "delay": 3}
    for asked in (dict.fromkeys(run), {"inference": "ahead", "delay": None}, run):
        assert _timing(asked, learned) == run
    with pytest.raises(ConfigurationError, match=r"learned with, ahead, 3\. Got: sync, None"):
        _timing({"inference": "sync", "delay": None}, learned)


def test_no_episodes_are_refused():
    with pytest.raises(ZprlError, match=r"episodes must be at least 1\. Got: 0"):
        Play("Real", episodes=0)


def test_a_keyboard_needs_a_terminal(settings, monkeypatch, tmp_path):
    with (tmp_path / "no-terminal").open("w+") as file:
        monkeypatch.setattr(sys, "stdin", file)
        with pytest.raises(ConfigurationError, match="must have a terminal"):
            play(settings(operator="keyboard"))


def test_a_run_that_is_none_is_named_before_the_robot_is_reached(settings, tmp_path):
    with pytest.raises(ZprlError, match="nothing-here"):
        play(settings(run=tmp_path / "nothing-here", driver="serl"))

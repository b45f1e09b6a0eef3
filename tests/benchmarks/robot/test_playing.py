"""A robot task is played in every way that there is, once."""

from __future__ import annotations

import pytest

from benchmarks.robot import playing


def test_the_base_policy_is_played_on_the_simulated_arm():
    pytest.importorskip("robosuite")
    way = playing.Way("latent", lambda env: None, episodes=1)
    found = playing.play("place-orange", way)
    assert found["episodes"] == 1
    assert found["velocity"] > 0 < found["robot_minutes"]
    assert found["actions"] >= found["lengths"][0] > 0


def test_what_has_been_played_is_left_alone(tmp_path, monkeypatch):
    played = []

    def play(task, way):
        played.append((task, way.steer, way.episodes))
        return {"success_rate": 0.5}

    monkeypatch.setattr(playing, "play", play)
    playing.play_missing("flip-egg", tmp_path)
    assert played == [
        ("flip-egg", "latent", 50),
        ("flip-egg", "latent", 20),
        ("flip-egg", "action", 20),
    ]
    playing.play_missing("flip-egg", tmp_path)
    assert len(played) == 3
    playing.play_missing("flip-egg", tmp_path, again=True)
    assert len(played) == 6
    assert (tmp_path / "flip-egg" / "motion.json").exists()

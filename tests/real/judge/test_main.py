"""``python -m real.judge train``: from a recording to a folder, a table and what it is worth."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from policies.checkpoints.output import OverwriteError
from policies.demonstrations import Demonstrations
from real.judge.__main__ import Train, least_sure, train
from real.judge.stored import load_judge
from zprl_env.errors import ConfigurationError


@pytest.mark.slow
def test_it_learns_from_frames_and_states_and_shows_what_it_was_least_sure_of(recording, tmp_path):
    console = Console(file=io.StringIO(), width=200)
    out = tmp_path / "judge"
    settings = Train(recording, out, look="both", steps=40, folds=2)
    judge = train(settings, console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "false successes" in told
    assert "per hour" in told
    assert (out / "least_sure.png").stat().st_size > 0
    assert load_judge(out).validation == judge.validation
    with pytest.raises(OverwriteError):
        train(settings, console)


def test_the_least_sure_steps_are_those_nearest_to_the_threshold(trained):
    *_, validation, scored = trained
    found = least_sure(scored, validation.threshold)
    away = [abs(float(scored[n].scores[t]) - validation.threshold) for n, t in found]
    assert away == sorted(away)
    assert len({n for n, _ in found}) == len(found) == 12


def test_other_demonstrations_are_refused(tmp_path, recording):
    other = Demonstrations.load(recording)
    Demonstrations(other.trajectories, {}, other.observation_keys).save(tmp_path / "a.hdf5")
    with pytest.raises(ConfigurationError, match="a robot's recording"):
        train(Train(tmp_path / "a.hdf5", tmp_path / "out"))

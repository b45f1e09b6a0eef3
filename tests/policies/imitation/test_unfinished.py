"""A training that was killed or interrupted goes on to the same bits."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from policies.demonstrations import Demonstrations
from policies.errors import ConfigurationError
from policies.fit_bottleneck import fit_bottleneck
from policies.imitation.config import BottleneckConfig
from policies.imitation.fitting import TrainingDivergedError
from policies.imitation.unfinished import unfinished_fit
from policies.pretrain import pretrain
from tests.helpers.damage import damage
from tests.helpers.tiny import TINY


def train(demonstrations, out, *, die_at=None, how="raise", every=0.0, overwrite=False, **changes):
    """Train, keeping every step's state; end in the evaluation of a step."""

    def evaluate(policy):
        asked.append(1)
        if die_at is not None and len(asked) > die_at:
            if how == "raise":
                raise KeyboardInterrupt
            os.kill(os.getpid(), how)
        return float(np.abs(policy.latent_mean[0]) % 1)

    asked: list[int] = []
    config = dataclasses.replace(TINY, **changes)
    with unfinished_fit(out, overwrite, every) as unfinished:
        return pretrain(
            demonstrations, config, evaluate=evaluate, progress=False, unfinished=unfinished
        )


def told(policy):
    return {k: v for k, v in policy.metadata["training"].items() if k != "seconds"}


@pytest.mark.usefixtures("_as_in_a_terminal")
@pytest.mark.parametrize("how", ["raise", signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_training_ends_as_the_one_that_was_not(
    how, linear_demonstrations, tmp_path, capsys
):
    out = tmp_path / "out"
    whole = pretrain(linear_demonstrations, TINY, evaluate=lambda p: 0.0, progress=False)
    for die_at in (1, 0, 1):
        with pytest.raises(KeyboardInterrupt):
            train(linear_demonstrations, out, die_at=die_at, how=how, every=1e9)
        assert "the same command goes on" in capsys.readouterr().err
    resumed = train(linear_demonstrations, out, every=1e9)
    assert "going on after step 30, as kept in" in capsys.readouterr().err
    assert resumed.weights_hash == whole.weights_hash
    assert told(resumed)["losses"] == told(whole)["losses"]
    assert [row["step"] for row in told(resumed)["success_rates"]] == [10, 20, 30, 40]
    assert not (tmp_path / "out.partial").exists()


def test_a_full_disk_is_waited_for_where_everything_would_be_lost(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("policies.imitation.unfinished.PAUSE", 0.0)
    full = [OSError(28, "No space left on device")] * 2

    def save():
        if full:
            raise full.pop()

    with unfinished_fit(tmp_path / "out") as unfinished:
        unfinished.finish(save)
        assert not full
        assert capsys.readouterr().err.count("kept nowhere yet: [Errno 28] No space left") == 1
        (unfinished.folder / "000000010.safetensors").touch()
        full.append(OSError(28, "No space left on device"))
        with pytest.raises(OSError, match="No space left"):
            unfinished.finish(save)


def _die(demonstrations: Path, out: Path, calls: int) -> None:
    """Train, and be killed at a function call that nobody chose."""
    import sys

    left = calls

    def count(frame, event, argument):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    train(Demonstrations.load(demonstrations), out)


@pytest.mark.slow
def test_what_is_killed_at_random_ends_as_what_was_not(linear_demonstrations, tmp_path):
    linear_demonstrations.save(tmp_path / "demo.hdf5")
    whole = train(linear_demonstrations, tmp_path / "whole", every=1e9)
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__, "torch._dynamo", "policies.engines.compiled"])
    rng, killed = np.random.default_rng(0), 0
    for calls in rng.integers(60_000, 160_000, 5):
        process = server.Process(
            target=_die, args=(tmp_path / "demo.hdf5", tmp_path / "out", int(calls))
        )
        process.start()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert killed > 1
    resumed = train(linear_demonstrations, tmp_path / "out")
    assert resumed.weights_hash == whole.weights_hash
    assert told(resumed) == told(whole)


@pytest.mark.parametrize("how", ["truncated", "empty", "foreign", "overwritten"])
def test_a_damaged_state_is_left_out_and_the_one_before_taken(
    how, linear_demonstrations, tmp_path, capsys
):
    out = tmp_path / "out"
    whole = pretrain(linear_demonstrations, TINY, progress=False)
    with pytest.raises(KeyboardInterrupt):
        train(linear_demonstrations, out, die_at=2)
    states = sorted((tmp_path / "out.partial").glob("*.safetensors"))
    assert [path.stem for path in states] == ["000000029", "000000030"]
    damage(states[1], how)
    with pytest.raises(KeyboardInterrupt):
        train(linear_demonstrations, out, die_at=0)
    said = capsys.readouterr().err
    assert "000000030.safetensors is damaged and left out" in said
    assert "going on after step 29" in said
    for path in (tmp_path / "out.partial").glob("*.safetensors"):
        damage(path, how)
    assert train(linear_demonstrations, out).weights_hash == whole.weights_hash


def test_another_training_is_not_gone_on_with(linear_demonstrations, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        train(linear_demonstrations, out, die_at=0)
    with pytest.raises(ConfigurationError, match=r"with beta 0\.0002\. Got: beta 0\.1\. Go on"):
        train(linear_demonstrations, out, beta=0.1)
    assert (tmp_path / "out.partial").exists()
    anew = train(linear_demonstrations, out, beta=0.1, overwrite=True)
    config = dataclasses.replace(TINY, beta=0.1)
    assert anew.weights_hash == pretrain(linear_demonstrations, config, progress=False).weights_hash


def test_a_bottleneck_is_gone_on_with_too(policy, linear_demonstrations, tmp_path, monkeypatch):
    settings = BottleneckConfig(
        latent_dim=3, bottleneck_hidden_dims=(8,), batch_size=16, steps=30, log_every=10
    )
    whole = fit_bottleneck(policy, linear_demonstrations, settings, progress=False)
    out, losses = tmp_path / "out", []

    def interrupted(*arguments):
        losses.append(1)
        if len(losses) == 12:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(*arguments)

    import policies.fit_bottleneck as module

    original = module.vib_loss
    monkeypatch.setattr(module, "vib_loss", interrupted)
    with pytest.raises(KeyboardInterrupt), unfinished_fit(out, every=1e9) as unfinished:
        fit_bottleneck(
            policy, linear_demonstrations, settings, progress=False, unfinished=unfinished
        )
    with unfinished_fit(out) as unfinished:
        resumed = fit_bottleneck(
            policy, linear_demonstrations, settings, progress=False, unfinished=unfinished
        )
    assert len(losses) < 50
    assert resumed.weights_hash == whole.weights_hash


def test_what_diverges_is_told_and_not_kept(linear_demonstrations, tmp_path):
    with pytest.raises(TrainingDivergedError, match=r"diverged: try a smaller --learning-rate"):
        train(linear_demonstrations, tmp_path / "out", learning_rate=1e30, every=1e9)
    assert not list(tmp_path.iterdir())

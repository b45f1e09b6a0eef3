"""A run that is killed again and again ends as the one that was left alone."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.mortal import Death, Moment, start_mortal
from zprl_env.training.run.history import load_history

FLAGS = [
    *("--total-env-steps", "1200", "--checkpoint-every", "40", "--eval-every", "400"),
    *("--eval-episodes", "1", "--validation-episodes", "1", "--warmup-decisions", "60"),
    *("--hidden", "8", "8", "--batch-size", "4", "--updates-per-decision", "1", "--no-video"),
]


def fingerprint(folder: Path) -> str:
    """Hash of the agent's and its optimisers' tensors."""
    with zipfile.ZipFile(folder / "model.zip") as archive:
        content = [archive.read(n) for n in sorted(archive.namelist()) if n.endswith(".pth")]
    return hashlib.sha256(b"".join(content)).hexdigest()


def deaths(number: int) -> list[Death]:
    """Every second one while a checkpoint is written, the others somewhere after one."""
    rng = np.random.default_rng(0)
    most = {"saved": 20_000, "saving": 3_000}
    kinds: list[Moment] = ["saved", "saving"]
    return [Death(kind, int(rng.integers(most[kind]))) for kind in (kinds * number)[:number]]


@pytest.mark.slow
@pytest.mark.parametrize(("algo", "kills"), [("sac", 14), ("ppo", 6)])
def test_what_was_killed_at_random_ends_as_what_was_not(algo, kills, point_policy, tmp_path):
    flags = ["--env", "Point", "--policy", str(point_policy), "--algo", algo, "--keep", "last"]
    flags += ["--rollout-decisions", "16", *FLAGS]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    reference = start_mortal(*flags, "--out", str(whole))

    begin = [*flags, "--out", str(killed)]
    for death in deaths(kills):
        process = start_mortal(*begin, death=death)
        process.join()
        assert process.exitcode == -9
        begin = ["--resume-from", str(killed)]
    process = start_mortal("--resume-from", str(killed))
    for one in (reference, process):
        one.join()
        assert one.exitcode == 0
    assert fingerprint(killed) == fingerprint(whole)
    mine, theirs = (load_history(folder).to_dict() for folder in (killed, whole))
    assert mine | {"seconds": 0} == theirs | {"seconds": 0}

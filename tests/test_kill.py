"""A run that is killed again and again ends as the one that was left alone."""

from __future__ import annotations

import hashlib
import multiprocessing
import time
import zipfile
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import train_sb3
from tests.helpers import point
from zprl_env.training.config import parse
from zprl_env.training.run.history import load_history

FLAGS = [
    *("--total-env-steps", "1600", "--checkpoint-every", "40", "--eval-every", "400"),
    *("--eval-episodes", "1", "--validation-episodes", "1", "--warmup-decisions", "60"),
    *("--hidden", "8", "8", "--batch-size", "4", "--updates-per-decision", "1", "--no-video"),
]


IMPORTED = [
    f"zprl_env.training.{name}" for name in ("base_policy", "checkpoint", "comparison", "report")
]


def finetune(*flags: str) -> None:
    """Train on the point task, which a new process knows nothing of."""
    point.TASKS["Point"] = point.POINT
    gym.registry[point.POINT.id] = point.spec()
    train_sb3.finetune(parse([*flags, *FLAGS]))


def start(*flags: str) -> ForkServerProcess:
    """Start that in a process which has everything imported already."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["tests.test_kill", *IMPORTED])
    process = server.Process(target=finetune, args=flags)
    process.start()
    return process


def fingerprint(folder: Path) -> str:
    """Hash of the agent's and its optimisers' tensors."""
    with zipfile.ZipFile(folder / "model.zip") as archive:
        content = [archive.read(n) for n in sorted(archive.namelist()) if n.endswith(".pth")]
    return hashlib.sha256(b"".join(content)).hexdigest()


def checkpoints(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("checkpoints/0*")}


@pytest.mark.parametrize(("algo", "kills"), [("sac", 14), ("ppo", 6)])
def test_what_was_killed_at_random_ends_as_what_was_not(algo, kills, point_policy, tmp_path):
    flags = ["--env", "Point", "--policy", str(point_policy), "--algo", algo, "--keep", "last"]
    flags += ["--rollout-decisions", "16"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    reference = start(*flags, "--out", str(whole))

    rng = np.random.default_rng(0)
    for _ in range(kills):
        resumed = (killed / "config.json").exists()
        process = start(*(["--resume-from"] if resumed else [*flags, "--out"]), str(killed))
        before, deadline = checkpoints(killed), time.monotonic() + 60
        while checkpoints(killed) <= before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.2))
        process.kill()
        process.join()
        assert process.exitcode == -9
    process = start("--resume-from", str(killed))
    for one in (reference, process):
        one.join(120)
        assert one.exitcode == 0
    assert fingerprint(killed) == fingerprint(whole)
    mine, theirs = (load_history(folder).to_dict() for folder in (killed, whole))
    assert mine | {"seconds": 0} == theirs | {"seconds": 0}

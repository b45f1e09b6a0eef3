"""A sweep whose training, or whose machine, is killed goes on from the trial's checkpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

pytest.importorskip("ray.tune")

from ray.cluster_utils import Cluster

from tests.helpers.documents import ROOT
from zprl_env.files import read_json

STORE = 100_000_000
SWEEP = """
import gymnasium as gym
from tests.helpers import point
from zprl_env.sweep.__main__ import main
from zprl_env.tasks import TASKS
TASKS["Point"] = point.POINT
gym.registry[point.POINT.id] = point.spec()
main()
"""
TRAIN = (
    "--eval-episodes 3 --validation-episodes 4 --eval-every 500 --total-env-steps 3000 "
    "--checkpoint-every 100 --warmup-decisions 20 --hidden 8 8 --batch-size 4 --scale 0.5"
)
FLAGS = ["--env", "Point", "--vary", "learning-rate=1e-4..1e-2", "--trials", "1"]


@pytest.fixture
def cluster():
    """A machine without cores, and one that trials run on."""
    head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    cluster.shutdown()


def awaited(what: Callable[[], object], sweep: subprocess.Popen[bytes]) -> object:
    """Wait until there is something, as long as the sweep lives."""
    while not (found := what()):
        assert sweep.poll() is None
        time.sleep(0.1)
    return found


def training(out: Path) -> psutil.Process | None:
    """Return the trial's training, once it has saved a checkpoint that is new."""
    for process in psutil.process_iter(["cmdline"]):
        said = process.info["cmdline"] or []
        if said[1:3] == ["-m", "tests.helpers.point"] and any(str(out) in word for word in said):
            began = process.create_time()
            saved = (out / "trials").glob("*/checkpoints/*")
            if any(path.stat().st_mtime > began + 1.0 for path in saved):
                return process
    return None


@pytest.mark.slow
def test_a_trial_goes_on_after_its_training_and_then_its_machine_were_killed(
    cluster, point_policy, tmp_path
):
    second = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    out, told = tmp_path / "sweep", tmp_path / "told"
    flags = ["--train", f"--policy {point_policy} {TRAIN}", "--scheduler", "none"]
    where = ["--out", str(out), "--module", "tests.helpers.point"]
    command = [sys.executable, "-c", SWEEP, *FLAGS, *flags, *where]
    with (
        told.open("wb") as file,
        subprocess.Popen(
            [*command, "--ray-address", cluster.address],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=file,
        ) as sweep,
    ):
        try:
            for kill in ("training", "machine"):
                process = awaited(lambda: training(out), sweep)
                assert isinstance(process, psutil.Process)
                if kill == "training":
                    process.send_signal(signal.SIGKILL)
                else:
                    cluster.remove_node(second, allow_graceful=False)
                    cluster.add_node(num_cpus=1, object_store_memory=STORE)
                process.wait(60)
            assert sweep.wait(300) == 0, told.read_text()
        finally:
            sweep.kill()
    (row,) = read_json(out / "table.json")["rows"]
    assert row["state"] == "finished"
    assert row["test"]["episodes"] == 3
    (log,) = (out / "trials").glob("*-log.txt")
    assert log.read_text().count("goes on to") == 2

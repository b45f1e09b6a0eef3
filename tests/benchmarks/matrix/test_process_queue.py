"""The queue trains what is missing, goes on with what was killed, and says what failed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from benchmarks.matrix import process_queue
from benchmarks.matrix.cell import Cell
from benchmarks.matrix.process_queue import Queue
from policies.checkpoints.output import locked_folder
from zprl_env.errors import ZprlError

SCRIPT = """
import json, os, pathlib, sys, time
words = sys.argv[1:]
flag = "--resume-from" if "--resume-from" in words else "--out"
out = pathlib.Path(words[words.index(flag) + 1])
out.mkdir(parents=True, exist_ok=True)
(out / "config.json").write_text(json.dumps({"words": words, "out": str(out)}))
here = pathlib.Path(__file__).parent
if (here / "fails").exists():
    sys.exit(3)
if (here / "waits").exists():
    (out / "partial").write_text(str(os.getppid()))
    (out / "partial").rename(out / "parent")
    time.sleep(60)
history = {"episode_ends": [1], "episode_successes": [True]}
(out / "history.json").write_text(json.dumps(history))
(out / "results.json").write_text(json.dumps(words))
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(process_queue, "ROOT", tmp_path)
    (tmp_path / "train_sb3.py").write_text(SCRIPT)
    return tmp_path


def cells(root, *seeds: int) -> list[Cell]:
    return [Cell("ideas", "Lift", "default", seed, root / "results") for seed in seeds]


def test_what_is_missing_is_trained_and_what_is_finished_left_alone(root):
    said: list[str] = []
    both = cells(root, 1, 2)
    Queue(1, said.append).work_off(both[:1])
    assert both[0].read()["results"][:2] == ["--env", "Lift"]
    assert both[0].read()["code"]["zprl_env_version"]
    assert not both[0].folder.exists()
    Queue(2, said.append).work_off(both)
    assert said == [
        "Lift default 1: begins",
        "Lift default 1: kept",
        "Lift default 2: begins",
        "Lift default 2: kept",
    ]


def test_a_run_that_was_cut_short_goes_on_unless_the_code_has_changed(root):
    (one,) = cells(root, 1)
    (root / "fails").touch()
    for _ in range(2):
        with pytest.raises(ZprlError, match=r"Got: Lift default 1 \(exit code 3\)\. See log\.txt"):
            Queue(1).work_off([one])
    assert json.loads((one.work / "config.json").read_text())["words"][0] == "--resume-from"
    note = one.folder / "code.json"
    note.write_text(note.read_text().replace('"commit":"', '"commit":"another'))
    (root / "fails").unlink()
    Queue(1).work_off([one])
    assert one.read()["config"].keys() == {"words"}
    assert "--out" in one.read()["config"]["words"]


def test_a_cell_s_own_base_policy_is_made_once_before_it_is_steered(root, monkeypatch):
    (root / "make.py").write_text("open('made', 'a').write('made ')")

    def making(self, root):
        return None if (root / "made").exists() else ["make.py"]

    monkeypatch.setattr(Cell, "making", making)
    said: list[str] = []
    Queue(2, said.append).work_off(cells(root, 1, 2))
    assert (root / "made").read_text() == "made "
    assert sum("makes its base policy first" in line for line in said) == 1
    assert all(cell.finished() for cell in cells(root, 1, 2))


def test_a_base_policy_that_cannot_be_made_is_told_and_nothing_is_trained(root, monkeypatch):
    (root / "make.py").write_text("import sys; sys.exit(2)")
    monkeypatch.setattr(Cell, "making", lambda self, root: ["make.py"])
    (one,) = cells(root, 1)
    with pytest.raises(ZprlError, match=r"Got: Lift default 1 \(exit code 2\)"):
        Queue(1).work_off([one])
    assert not (one.work / "config.json").exists()


def test_a_request_to_end_is_passed_on_and_nothing_new_begins(root):
    (root / "waits").touch()
    both = cells(root, 1, 2)

    def end() -> None:
        while not (both[0].work / "config.json").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end).start()
    Queue(1).work_off(both)
    assert [cell.finished() for cell in both] == [False, False]
    assert not both[1].folder.exists()


def test_two_queues_share_a_folder(root):
    said: list[str] = []
    (one,) = cells(root, 1)
    with locked_folder(one.folder):
        Queue(1, said.append).work_off([one])
    assert said == ["Lift default 1: another queue's"]
    assert not one.finished()


@pytest.mark.slow
def test_on_ray_a_cell_whose_worker_is_killed_goes_on_elsewhere(root):
    pytest.importorskip("ray")
    from tests.helpers.ray_session import connected
    from zprl_env.sweep.jobs import Jobs

    connected()
    (root / "waits").touch()
    (one,) = cells(root, 1)

    def kill() -> None:
        while not (one.work / "parent").exists():
            time.sleep(0.01)
        (root / "waits").unlink()
        os.kill(int((one.work / "parent").read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    said: list[str] = []
    with Jobs(None, cores=1) as jobs:
        Queue(1, said.append, jobs).work_off([one])
    thread.join()
    begun = "Lift default 1: its machine is gone; goes on elsewhere"
    assert said == ["Lift default 1: begins", begun, "Lift default 1: kept"]
    assert one.read()["results"][0] == "--resume-from"

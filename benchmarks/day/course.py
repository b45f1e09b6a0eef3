"""Course of the day: train, Ctrl-C, resume, evaluate, kill, recover, resume, evaluate."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import yaml

from benchmarks.day.driver import read_log
from benchmarks.day.processes import Ended, Running
from zprl_env.errors import ZprlError

STARTING = 300.0
"""Time that a process may take before it moves the arms [s]."""
TRACEBACK = "Traceback (most recent call last)"
PLAYED = 3
"""Episodes of an evaluation."""
WATCHDOG = {"max_state_age": 2.0, "max_missed_deadlines": 120, "max_tracking_error": 0.2}
"""Patience with a machine that has other work to do: two seconds."""


class Part(NamedTuple):
    """A part of the day.

    Attributes:
        name: What happens.
        kind: ``"train"``, ``"play"`` or ``"recover"``.
        ends: The signal that ends it; None if it ends by itself.
    """

    name: str
    kind: str
    ends: signal.Signals | None = None


PARTS = (
    Part("train, Ctrl-C", "train", signal.SIGINT),
    Part("resume, SIGTERM", "train", signal.SIGTERM),
    Part("evaluate", "play"),
    Part("resume, kill -9", "train", signal.SIGKILL),
    Part("recover", "recover"),
    Part("resume, Ctrl-C", "train", signal.SIGINT),
    Part("evaluate again", "play"),
)
CODES = {signal.SIGINT: 130, signal.SIGTERM: 130, signal.SIGKILL: -signal.SIGKILL, None: 0}
"""Exit codes that are expected of those ends."""


def outcomes(folder: Path) -> dict[str, int]:
    """Count the episodes of a folder's recordings by how they ended."""
    found: Counter[str] = Counter()
    for path in sorted(folder.glob("*.episodes/*.hdf5")):
        with h5py.File(path) as file:
            found.update(str(demo.attrs["outcome"]) for demo in file["data"].values())
    return dict(found.most_common())


class Course:
    """Parts of a day with one arm, one after the other, each in a process of its own.

    Args:
        work: Folder for the run, the recording, the log and what the processes say.
        task: The preset's name.
        seconds: How long the arm moves in each part that trains [s].
        say: Told of every part.
    """

    def __init__(
        self, work: Path, task: str, seconds: float, say: Callable[[str], object] = print
    ) -> None:
        self.work, self.seconds, self.say = work, seconds, say
        self.log, self.recording = work / "commands.jsonl", work / "day.hdf5"
        self.task = work / "task.yaml"
        with self.task.open("x", encoding="utf-8") as file:
            yaml.safe_dump({"like": task, "name": task, "watchdog": WATCHDOG}, file)
        self.log.touch()
        self.texts: dict[str, str] = {}

    @contextmanager
    def server(self) -> Iterator[str]:
        """Serve the simulated arm all day; yields the address.

        Raises:
            ZprlError: It does not come up, or does not end in order.
        """
        words = ["-m", "real.server", "--driver", "benchmarks.day.driver:LoggedSim", "--port", "0"]
        words += ["--driver-kwargs", f"log={self.log}", "--task", str(self.task)]
        server = Running(words, self.work / "server.txt")
        try:
            if not server.until(lambda: "at http" in server.text, STARTING):
                raise ZprlError(f"The server must come up. Got: {server.text[-500:]}")
            yield server.text.splitlines()[0].split()[-1]
            ended = server.end(signal.SIGTERM)
        finally:
            server.abandon()
        self.texts["server"] = ended.text
        if ended.code != 130:
            raise ZprlError(f"The server must end in order. Got: {ended.code}, {ended.text[-500:]}")

    def run(self) -> list[dict[str, Any]]:
        """Have the day; one row for each part."""
        rows = []
        with self.server() as url:
            for number, part in enumerate(PARTS):
                began, before = time.monotonic(), self.commands()
                ended = self._do(part, number, url)
                self.texts[part.name] = ended.text
                row = {
                    "part": part.name,
                    "commands": self.commands() - before,
                    "seconds": time.monotonic() - began,
                    "code": ended.code,
                    "as_expected": ended.code == CODES[part.ends],
                }
                self.say(f"{part.name}: {row}")
                rows.append(row)
        return rows

    def commands(self) -> int:
        """Count the commands that the driver saw so far."""
        return sum("poses" in said for said in read_log(self.log))

    def exceptions(self) -> int:
        """Count the exceptions that reached the end of a process or a request."""
        return sum(text.count(TRACEBACK) for text in self.texts.values())

    def outcomes(self) -> dict[str, int]:
        """Count the recorded episodes by how they ended."""
        return outcomes(self.work)

    def _do(self, part: Part, number: int, url: str) -> Ended:
        said = self.work / f"{number}.txt"
        process = Running(getattr(self, f"_{part.kind}")(url), said)
        try:
            if part.ends is None:
                return process.end(seconds=STARTING + 60.0 * PLAYED)
            size = self.log.stat().st_size
            if not process.until(lambda: self.log.stat().st_size > size, STARTING):
                raise ZprlError(f"{part.name}: the arm must move. Got: {process.text[-500:]}")
            process.until(lambda: False, self.seconds)
            return process.end(part.ends)
        finally:
            process.abandon()

    def _train(self, url: str) -> list[str]:
        run = self.work / "run"
        words = ["train_sb3.py", "--env", "Real", "--algo", "sac", "--total-env-steps", "1000000"]
        words += ["--env-kwargs", f"task={self.task}", "driver=remote", f"url={url}", "timeout=1.0"]
        words += ["--record", str(self.recording), "--checkpoint-every", "500"]
        words += ["--warmup-decisions", "50", "--no-video", "--out", str(run)]
        return [*words, "--resume-from", str(run)] if run.exists() else words

    def _play(self, url: str) -> list[str]:
        words = ["-m", "real.play", "--policy", "real", "--run", str(self.work / "run")]
        words += ["--task", str(self.task), "--driver", "remote", "--url", url]
        words += ["--driver-kwargs", "timeout=1.0", "--episodes", str(PLAYED)]
        return [*words, "--out", str(self.work / "played.hdf5")]

    def _recover(self, url: str) -> list[str]:
        return ["-m", "real.recover", str(self.recording)]

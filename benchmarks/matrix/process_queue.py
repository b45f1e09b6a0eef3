"""Queue of cells: a process each, several at a time, which survives being killed.

A run that was cut short goes on from its last checkpoint if the code is still the same, and is
done anew if it is not. Two queues may share a folder: a cell is the first one's that locks it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.matrix.cell import Cell, code_version
from benchmarks.tools.kept import keep_compact
from benchmarks.tools.training import ROOT
from policies.checkpoints.output import FolderInUseError, locked_folder
from zprl_env.errors import ZprlError
from zprl_env.files import CONFIG_FILE, read_json
from zprl_env.sweep.jobs import GONE, Jobs

CODE_FILE, LOG_FILE = "code.json", "log.txt"
"""Files beside a run: the version of the code that began it, and everything that it printed."""
AGAIN = 3
"""Times that a cell whose machine is gone goes on elsewhere."""


class Queue:
    """Queue of cells, worked off by processes of ``train_sb3.py``.

    Attributes:
        failed: Cells that did not end well, with their exit codes.
    """

    def __init__(
        self,
        processes: int,
        say: Callable[[str], object] = print,
        jobs: Jobs | None = None,
    ) -> None:
        """Prepare to work.

        Args:
            processes: Trainings at a time.
            say: Told of every cell.
            jobs: Where they run, if not as processes of this one.
        """
        self.processes, self.say, self._jobs = processes, say, jobs
        self.failed: list[tuple[Cell, int]] = []
        self._code = code_version()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ending = False
        self._making = threading.Lock()

    def work_off(self, cells: Sequence[Cell]) -> None:
        """Train the cells that are not finished, in order.

        Args:
            cells: All of them.

        Raises:
            ZprlError: Some did not end well; the others were done.
        """
        before = signal.signal(signal.SIGTERM, self._end)
        try:
            with ThreadPoolExecutor(self.processes) as pool:
                try:
                    for done in [pool.submit(self._do, cell) for cell in cells]:
                        done.result()
                except KeyboardInterrupt:
                    self._ending = True  # the terminal has told the processes as well
                    if self._jobs is not None:
                        self._jobs.end()
                    raise
        finally:
            signal.signal(signal.SIGTERM, before)
        if self.failed and not self._ending:
            told = ", ".join(f"{cell} (exit code {code})" for cell, code in self.failed)
            raise ZprlError(
                f"Every run must end well. Got: {told}. See {LOG_FILE} in their folders, such as "
                f"{self.failed[0][0].folder}, and run the same command again."
            )

    def _end(self, number: int, frame: object) -> None:
        """Pass the request to end on: the processes save and stop, and no new one begins."""
        self._ending = True
        for process in list(self._running):
            process.terminate()
        if self._jobs is not None:
            self._jobs.end()

    def _do(self, cell: Cell) -> None:
        if self._ending or cell.finished():
            return
        try:
            with locked_folder(cell.folder):
                self._train(cell)
        except FolderInUseError:
            self.say(f"{cell}: another queue's")

    def _train(self, cell: Cell) -> None:
        if cell.finished():
            return
        begun = self._begin(cell)
        self.say(f"{cell}: {'goes on' if begun else 'begins'}")
        cell.prepare(ROOT)
        code = self._make_base(cell) or self._run(cell, ["train_sb3.py", *arguments(cell, begun)])
        for _ in range(AGAIN):
            if code != GONE or self._ending:
                break
            begun = self._begin(cell)
            self.say(f"{cell}: its machine is gone; {'goes on' if begun else 'begins'} elsewhere")
            code = self._run(cell, ["train_sb3.py", *arguments(cell, begun)])
        if code == 0:
            cell.keep(self._code)
            shutil.rmtree(cell.folder, ignore_errors=True)
            self.say(f"{cell}: kept")
        elif not self._ending:
            self.failed.append((cell, code))
            self.say(f"{cell}: exit code {code}; see {cell.folder / LOG_FILE}")

    def _make_base(self, cell: Cell) -> int:
        """Make a cell's own base policy unless it is there; the exit code. One at a time."""
        if cell.making(ROOT) is None:
            return 0
        with self._making:
            command = cell.making(ROOT)
            if command is None:  # another cell's process has made it meanwhile
                return 0
            self.say(f"{cell}: makes its base policy first")
            return self._run(cell, command)

    def _run(self, cell: Cell, command: Sequence[str]) -> int:
        """Run Python in a process that is told when to end; the exit code."""
        if self._jobs is not None:
            return GONE if self._ending else self._jobs.run(command, ROOT, cell.folder / LOG_FILE)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with (cell.folder / LOG_FILE).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            self._running.add(process)
            if self._ending:
                process.terminate()
            code = process.wait()
            self._running.discard(process)
        return code

    def _begin(self, cell: Cell) -> bool:
        """Prepare a cell's folder; tell whether it holds a run of the same code to go on with."""
        said = {"code": self._code, "arguments": cell.arguments}
        note = cell.folder / CODE_FILE
        same = note.exists() and read_json(note) == said
        if same and (cell.work / CONFIG_FILE).exists():
            return True
        shutil.rmtree(cell.work, ignore_errors=True)
        keep_compact(note, said)
        return False


def arguments(cell: Cell, begun: bool) -> list[str]:
    """Return a cell's command line: a new run, or one that goes on."""
    if begun:
        return ["--resume-from", str(cell.work), "--trust"]  # the variant's own code, if any
    return [*shlex.split(cell.arguments), "--out", str(cell.work)]

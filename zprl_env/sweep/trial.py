"""Trial: one training of a sweep, a process of ``train_sb3.py`` beside an actor of Ray Tune's."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from ray import tune

from zprl_env.errors import SimulationError
from zprl_env.files import CONFIG_FILE, RESULTS_FILE
from zprl_env.sweep.progress import evaluations, metrics
from zprl_env.sweep.space import flags
from zprl_env.sweep.tied import end_tied, start_tied

LOG_FILE = "log.txt"
FIXED = "fixed"
"""Key of a trial's configuration that holds what does not vary."""


class Trial(tune.Trainable):
    """Training that reports each of its evaluations, and ends when Ray Tune has seen enough.

    Whatever Ray does to a trial, its run is on the disk: one that is started again, here or on
    another machine with the same disk, goes on from its last checkpoint.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Start the training, or go on with it."""
        fixed = config[FIXED]
        self.run = Path(fixed["out"]) / self.trial_id
        self._reported = 0
        varied = {name: value for name, value in config.items() if name != FIXED}
        begun = (self.run / CONFIG_FILE).exists()
        said = ["--resume-from", str(self.run), "--trust"]
        new = [*fixed["flags"], *flags(varied), "--out", str(self.run)]
        command = [sys.executable, "-m", fixed["module"], *(said if begun else new)]
        log = self.run.with_name(f"{self.run.name}-{LOG_FILE}")
        self._process = start_tied(command, Path(fixed["folder"]), log, int(fixed["cores"]))
        self._log = log

    def step(self) -> dict[str, Any]:
        """Wait for the next evaluation, or for the end, which tells the last one again.

        Raises:
            SimulationError: The training failed.
        """
        while True:
            ended = self._process.poll()
            found = evaluations(self.run)
            over = ended == 0 and (self.run / RESULTS_FILE).exists()
            if len(found) > self._reported:
                self._reported += 1
                return metrics(found[self._reported - 1])
            if over:
                told = metrics(found[-1]) if found else {"env_steps": 0, "success": 0.0}
                return told | {"done": True}
            if ended is not None:
                raise SimulationError(
                    f"Every training must end well. Got: exit code {ended}; see {self._log}."
                )
            time.sleep(1.0)

    def cleanup(self) -> None:
        """End the training, which saves a checkpoint."""
        end_tied(self._process)

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Save nothing: the run has checkpoints of its own."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Load nothing: the run goes on by itself."""

"""Learning curves of finished runs, redrawn as curve.png from history.json and results.json.

    python -m benchmarks.curves                        every run in benchmarks/results
    python -m benchmarks.curves runs/Lift/sac/...      a run, or all of those below a folder

The pictures are those that ``train_sb3.py`` leaves; benchmarks/results keeps none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from tyro.conf import Positional, arg

from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS, KeptRun, find_runs
from zprl_env.errors import ZprlError
from zprl_env.evaluation import EvaluationResult
from zprl_env.training.run.history import load_history
from zprl_env.training.watch.report import draw_curve

CURVE = "curve.png"


def outcomes(run: KeptRun) -> dict[str, EvaluationResult]:
    """Read how the test episodes ended, by policy; the agent comes last."""
    return {
        name: EvaluationResult(
            np.array(one["seeds"]), np.array(one["successes"], bool), np.array(one["lengths"])
        )
        for name, one in run.results["test"].items()
    }


def redraw(folder: Path) -> Path:
    """Draw the curve of a finished run into its folder.

    Args:
        folder: Where its history.json and results.json lie.

    Returns:
        The picture.

    Raises:
        RunFolderError: The history is not one.
    """
    path = folder / CURVE
    draw_curve(path, load_history(folder), outcomes(KeptRun(folder)))
    return path


@dataclass(frozen=True)
class Curves:
    """Draw curve.png in the folder of every finished run, from its JSON files."""

    folders: Positional[Annotated[tuple[Path, ...], arg(metavar="[FOLDER ...]")]] = (RESULTS,)
    """Runs, or folders with runs somewhere below."""

    def __call__(self) -> None:
        """Draw.

        Raises:
            ZprlError: A folder holds no finished run.
        """
        for folder in self.folders:
            runs = find_runs(folder)
            if not runs:
                raise ZprlError(
                    "Expected a folder with a finished run (history.json, results.json) in it or "
                    f"below. Got: {folder}. Runs are kept in runs/ and benchmarks/results/."
                )
            for run in runs:
                print(redraw(run), flush=True)


COMMAND = CommandLine("curves", __doc__, (Curves,))

if __name__ == "__main__":
    COMMAND.main()

"""Film of the README: one episode, the base policy on the left and the steered one on the right.

    python -m benchmarks.film runs/Lift/sac/... out.gif

The same as ``python -m zprl_env.evaluate --run RUN --film out.gif``, over fewer episodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from tyro.conf import Positional, arg

from benchmarks.tools.command import CommandLine
from zprl_env.errors import ZprlError
from zprl_env.evaluate import Evaluation, evaluate_policy
from zprl_env.training.watch.film import telling_seed

TRIED = 20


def animate(run: Path, out: Path) -> int:
    """Film the first episode that only the agent solves.

    Args:
        run: Folder of a run, with its agent.
        out: GIF or MP4 to write.

    Returns:
        The episode's seed.

    Raises:
        ZprlError: No episode shows a difference.
        RunFolderError: It is no run's folder.
    """
    results = evaluate_policy(Evaluation(run=run, episodes=TRIED, film=out)).results
    base, *_, steered = results.values()
    if not np.any(~base.successes & steered.successes):
        out.unlink()
        raise ZprlError(f"Expected an episode of {TRIED} that only the agent solves. Got: none.")
    return telling_seed(results)


@dataclass(frozen=True)
class Film:
    """Film one test episode of a run twice: by the base policy and by the steered one."""

    run: Positional[Annotated[Path, arg(metavar="RUN")]]
    """Folder of a run of train_sb3.py, with its agent."""
    out: Positional[Annotated[Path, arg(metavar="OUT.gif")]]
    """GIF or MP4 to write."""

    def __call__(self) -> None:
        """Film."""
        animate(self.run, self.out)


COMMAND = CommandLine("film", __doc__, (Film,))

if __name__ == "__main__":
    COMMAND.main()

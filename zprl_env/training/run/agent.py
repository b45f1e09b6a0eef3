"""Agent of a run: what it handed over, or the best so far of one that was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from zprl_env.files import RESULTS_FILE, RunFolderError, read_json
from zprl_env.training.agents.weights import BEST, MODEL
from zprl_env.training.run.checkpoint import find_checkpoint
from zprl_env.training.run.folder import checkpoint_folders
from zprl_env.training.run.history import History, count, load_history
from zprl_env.training.run.settings_file import resume_command
from zprl_env.training.settings.algorithms import BackendName


class RunAgent(NamedTuple):
    """Saved agent of a run.

    Attributes:
        file: Its weights.
        handed_over: Whether the run has ended with it, so that ``results.json`` is about it.
    """

    file: Path
    handed_over: bool


def find_agent(run: Path, backend: BackendName, say: Callable[[str], None]) -> RunAgent:
    """Find a run's agent; of one that has not ended, the best so far, or else the last saved.

    Args:
        run: The run's folder.
        backend: Library of its agent, as its settings say.
        say: Told which agent it is, where the run has handed none over.

    Raises:
        RunFolderError: None has been saved yet.
    """
    suffix = ".safetensors" if backend == "sbx" else ".zip"
    model, best = (run / f"{name}{suffix}" for name in (MODEL, BEST))
    if model.exists() and _ended(run):
        return RunAgent(model, (run / RESULTS_FILE).exists())
    unfinished = f"{run} has not ended (it was interrupted, or is still learning)"
    if best.exists():
        say(f"{unfinished}: its best agent so far is taken{_evaluated(run)}.")
        return RunAgent(best, False)
    checkpoint = find_checkpoint(run, say)
    if checkpoint is None:
        raise RunFolderError(
            f"Expected a run that has saved an agent. Got: {run}, which was ended before its first "
            f"checkpoint. Go on with: {resume_command(run)}"
        )
    kept = checkpoint.folder / best.name
    if kept.exists():
        said = f"its best agent so far is taken{_said(checkpoint.history)}"
    else:
        kept = checkpoint.folder / model.name
        at = checkpoint.history.env_steps
        said = f"no agent was evaluated, and that of its last checkpoint is taken, {at:,} env steps"
    say(f"{unfinished}: {said}.")
    return RunAgent(kept, False)


def _ended(run: Path) -> bool:
    """Tell whether a run ended after its last checkpoint, and was not resumed and interrupted."""
    try:
        ended_at = read_json(run / RESULTS_FILE)["env_steps"]
        return int(checkpoint_folders(run)[0].name.rstrip("~")) <= count(ended_at)
    except (IndexError, KeyError, RunFolderError, TypeError, ValueError):
        return True  # its checkpoints or results were removed; the agent is what it handed over


def _evaluated(run: Path) -> str:
    try:
        return _said(load_history(run))
    except RunFolderError:
        return ""


def _said(history: History) -> str:
    result = dict(history.evaluations).get(history.best or 0)
    if result is None or history.best is None:
        return ""
    return f", of {history.best:,} env steps: {result.success_rate:.0%} of the validation episodes"

"""Shipped agents: steered policies that come with the package, by their task's name."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

from zprl_env.errors import CheckpointError
from zprl_env.loading.resolve import local_folder
from zprl_env.loading.steered_files import STEERED_FILE
from zprl_env.tasks import TASKS

SHIPPED = "shipped"
"""Name of the agent that comes with the package for whatever task is played."""
ROOT = Path(__file__).parents[1] / "deploy" / "shipped"


def shipped_agents() -> dict[str, Path]:
    """Find the agents that come with the package.

    Returns:
        Exported folders by the name of their task in ``TASKS``, such as ``"Lift"``.

    >>> "Lift" in shipped_agents()
    True
    """
    slugs = {task.slug: name for name, task in TASKS.items()}
    found = (path.parent for path in sorted(ROOT.glob(f"*/{STEERED_FILE}")))
    return {slugs.get(folder.name, folder.name): folder for folder in found}


def steered_folder(name: str | PathLike[str], env: str | None = None) -> Path:
    """Find the folder of an exported steered policy.

    Args:
        name: A folder, ``hf://user/repo``, the name of a task that an agent is shipped for, or
            ``"shipped"`` for that of ``env``.
        env: Task that is played.

    Returns:
        The folder, which may not exist if it was given as one.

    Raises:
        CheckpointError: Nothing is shipped for the task.
    """
    path, known = Path(name), shipped_agents()
    if (path / STEERED_FILE).exists():
        return path
    if fspath(name) == SHIPPED:
        if env is None:
            raise CheckpointError(f"Expected a task for its shipped agent. {_listed(known)}")
        found = _of_task(known, env)
        if found is None:
            raise CheckpointError(f"No agent is shipped for {env}. {_listed(known)}")
        return found
    return _of_task(known, fspath(name)) or local_folder(name) or path


def _of_task(known: dict[str, Path], name: str) -> Path | None:
    """Find the agent of a task, called by its name, its id or its folder's."""
    named = {agent.name: agent for agent in known.values()} | known
    for task in known:
        if name in (task, TASKS[task].id):
            return known[task]
    return named.get(name) or named.get(name.lower())


def _listed(known: dict[str, Path]) -> str:
    return f"There is one for: {', '.join(known) or 'none'}. Train your own, and give --run."

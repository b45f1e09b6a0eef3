"""Find a run: by its folder, by a file in it, or as the newest of a folder of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote
from typing import Any

from policies.checkpoints.contents import METADATA_FILE
from policies.checkpoints.pickled import recognise
from zprl_env.files import CONFIG_FILE, RunFolderError, read_json
from zprl_env.loading.steered_files import STEERED_FILE

DEPTH = 4
"""Folders below the one that was given which are looked in: runs/<env>/<algo>/<date>."""

_AGENTS = ("model.*", "best.*", "checkpoints/*[0-9]")


def find_run(path: Path, say: Callable[[str], object], *, with_agent: bool = False) -> Path:
    """Find the run that a path means.

    Args:
        path: A run's folder, something in it, or a folder of runs, of which it is the newest.
        say: Told which one it is, where the path is not its folder itself.
        with_agent: Of several runs, take the newest that has saved an agent.

    Returns:
        The run's folder.

    Raises:
        RunFolderError: There is none.
    """
    if (path / CONFIG_FILE).exists():
        return path
    for parent in [path, *path.parents][:DEPTH] if path.exists() else []:
        if _is_run(parent):
            say(f"{path} is a part of the run {parent}, which is taken.")
            return parent
    found = sorted(_below(path, DEPTH), key=_written, reverse=True)
    if not found:
        raise RunFolderError(
            f"Expected a run's folder with a readable {CONFIG_FILE}. Got: {path}{_what(path)}"
        )
    newest, *others = [run for run in found if _has_agent(run) or not with_agent] or found
    skipped = found[: found.index(newest)]
    said = f"{path} holds {len(found)} runs: the newest is taken" if others else f"{path} holds"
    without = f" (newer ones without an agent: {', '.join(map(str, skipped))})" if skipped else ""
    say(f"{said}{':' if not others else ','} {newest}{without}.")
    return newest


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Find the runs in a folder; in a run there are no others."""
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return
    for path in inside:
        if path.name.startswith("."):
            continue
        if _is_run(path):
            yield path
        elif depth > 1:
            yield from _below(path, depth - 1)


def _is_run(folder: Path) -> bool:
    """Tell a run's config.json from those of other programs."""
    if not (folder / CONFIG_FILE).is_file():
        return False
    try:
        content: Any = read_json(folder / CONFIG_FILE)
    except RunFolderError:
        return True  # a damaged one, which is to be told of
    return isinstance(content, dict) and "recipe" in content


def _has_agent(run: Path) -> bool:
    return any(any(run.glob(pattern)) for pattern in _AGENTS)


def _written(run: Path) -> tuple[float, str]:
    return (run / CONFIG_FILE).stat().st_mtime, str(run)


def _what(path: Path) -> str:
    """Say what a path is that is no run."""
    if not path.exists():
        return ", which does not exist."
    if (path / STEERED_FILE).exists():
        return ", an exported policy: SteeredPolicy.load reads it."
    if (path / METADATA_FILE).exists():
        return f", a base policy's checkpoint: give it with --policy {quote(str(path))}."
    if path.is_file() and (pickled := recognise(path)) is not None:
        return f", {pickled.format}, which is not a run of this project's and is never loaded here."
    return f" (No such file in it, nor down to {DEPTH} folders below)."

"""Files of a run: written whole or not at all, and never unpickled."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from zprl_env.errors import ZprlError


class RunFolderError(ZprlError):
    """A run folder cannot be written or does not hold the run that was asked for."""


def create_folder(out: Path | None, env: str, algo: str) -> Path:
    """Make a folder for a new run.

    Args:
        out: The folder, or ``None`` for ``runs/<env>/<algo>/<date>``.
        env: Name of the task.
        algo: Name of the algorithm.

    Returns:
        The folder, which is writable.

    Raises:
        RunFolderError: It is not.
    """
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = out or Path("runs", env, algo, stamp)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RunFolderError(
            f"Expected an output folder that can be written. Got: {folder} "
            f"({error.strerror}). Choose another with --out."
        ) from error
    return folder


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
    os.replace(partial, path)


def read_json(path: Path) -> Any:
    """Read JSON a run wrote.

    Raises:
        RunFolderError: The file is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RunFolderError(
            f"Expected a run's folder with a readable {path.name}. Got: {path.parent} ({error})."
        ) from error

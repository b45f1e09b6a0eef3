"""Files of a run: written whole or not at all, and never unpickled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from tempfile import NamedTemporaryFile
from textwrap import shorten
from typing import Any

import numpy as np

from policies.checkpoints.output import WRITER, package_version, picture_facts
from zprl_env.errors import ZprlError

CONFIG_FILE, RESULTS_FILE = "config.json", "results.json"
"""File of settings that makes a folder a run's, and file of results that makes the run finished."""

CALIBRATION_FILE = "calibration.json"
"""File of what was played to find a noise or a scale."""


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
    if out is None:
        return _create_dated(Path("runs", env, algo))
    make_writable(out)
    return out


def make_writable(folder: Path) -> None:
    """Make a folder and check that a file can be written to it.

    Raises:
        RunFolderError: It cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RunFolderError(
            f"Expected an output folder that can be written. Got: {folder} "
            f"({error.strerror}). Choose another."
        ) from error


def check_file(path: Path) -> None:
    """Check that a file can be written, before the work of which it is to keep the result.

    Raises:
        RunFolderError: It cannot.
    """
    if path.is_dir():
        raise RunFolderError(f"Expected a file to write to. Got the folder {path}. Add a name.")
    make_writable(path.parent)


def _create_dated(parent: Path) -> Path:
    """Make a folder named after this second, which another run may have been started in."""
    make_writable(parent)
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for suffix in chain([""], map("_{}".format, count(2))):
        with suppress(FileExistsError):
            folder = parent / f"{stamp}{suffix}"
            folder.mkdir()
            break
    return folder


def one_line(error: Exception) -> str:
    r"""Shorten an error of another library to one line.

    >>> one_line(ValueError("two\nlines"))
    'ValueError: two lines'
    """
    return shorten(f"{type(error).__name__}: {error}", 240)


def write_json(path: Path, content: Any, *, versioned: bool = True) -> None:
    """Write JSON atomically: a reader sees the old file or the new one, never half of it.

    Args:
        path: The file.
        content: Values of JSON; others are written as words.
        versioned: Whether a dictionary is to name this package's version, under `WRITER`.

    Raises:
        RunFolderError: It cannot be written.
    """
    if versioned and isinstance(content, dict):
        content = {WRITER: package_version()} | content
    text = json.dumps(content, indent=1, default=_plain) + "\n"
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name, from which it gets its own once it is complete.

    Args:
        path: The file.
        write: Writes the file that it is given.

    Raises:
        RunFolderError: It cannot; what was there is as it was, and nothing is left beside it.
    """
    partial = path.with_stem(f"partial-{path.stem}")
    try:
        write(partial)
        os.replace(partial, path)
    except Exception as error:  # what writers raise when a disk is full has no common kind
        raise RunFolderError(
            f"Expected to write {path}. Got: {one_line(error)}. Make room or give permission there."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_picture(path: Path, figure: Any, dpi: int) -> None:
    """Write a figure of matplotlib as a whole PNG that names this package's version.

    Args:
        path: The file.
        figure: What to write.
        dpi: Dots per inch.

    Raises:
        RunFolderError: It cannot be written.
    """
    facts = picture_facts()
    write_whole(path, lambda file: figure.savefig(file, dpi=dpi, format="png", metadata=facts))


def _plain(value: Any) -> Any:
    """Turn what JSON does not know into what it does: numpy's numbers, and others into words."""
    return value.item() if isinstance(value, np.generic) else str(value)


def read_json(path: Path) -> Any:
    """Read a JSON file of a run.

    Raises:
        RunFolderError: The file is missing or not JSON, or nested too deep for any reader.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(
            f"Expected a run's folder with a readable {path.name}. Got: {path.parent} ({error})."
        ) from error

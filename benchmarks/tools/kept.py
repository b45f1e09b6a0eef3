"""Results folder of the benchmarks: writing raw data and tables, reading training runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from zprl_env.errors import ZprlError
from zprl_env.files import make_writable, read_json, write_json

Job = TypeVar("Job")

RESULTS = Path(__file__).resolve().parents[1] / "results"
"""Folder of all results that are committed."""
TABLE = "table.md"
"""The table in a benchmark's folder; a benchmark of one file has it beside that, ``NAME.md``."""


def keep(path: Path, content: Any) -> None:
    """Write raw data as JSON, whole or not at all; folders are made.

    Raises:
        RunFolderError: The folder cannot be written.
    """
    make_writable(path.parent)
    write_json(path, content, versioned=False)


def keep_compact(path: Path, content: Any) -> None:
    """Write raw data as JSON in one line, for the many files of a large benchmark.

    Raises:
        RunFolderError: The folder cannot be written.
    """
    make_writable(path.parent)
    _write(path, json.dumps(content, separators=(",", ":"), default=str) + "\n")


def keep_table(path: Path, text: str) -> None:
    """Write a table, whole or not at all, and print it.

    Raises:
        RunFolderError: The folder cannot be written.
    """
    make_writable(path.parent)
    _write(path, text)
    print(text)


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def measured(path: Path, command: str) -> Any:
    """Read raw data that a table is to be made of.

    Args:
        path: The file.
        command: What is typed to measure it.

    Raises:
        ZprlError: It has not been measured.
        RunFolderError: It is not JSON.
    """
    if not path.exists():
        raise ZprlError(f"Expected raw data in {path}. Got: none. Start with: {command}")
    return read_json(path)


def missing(jobs: Iterable[Job], done: Callable[[Job], bool], again: bool) -> Iterator[Job]:
    """Pick the jobs whose results are not kept yet, asked one by one.

    Args:
        jobs: What is to be done, in order; each says what it is when printed.
        done: Whether a job's results are kept.
        again: Pick those as well.
    """
    for job in jobs:
        if again or not done(job):
            yield job
        else:
            print(f"{job}: kept already, left alone; --again does it anew", flush=True)


@dataclass(frozen=True)
class KeptRun:
    """A finished run of ``train_sb3.py``, as its JSON files tell it.

    Attributes:
        folder: Where it is kept.
    """

    folder: Path

    @cached_property
    def results(self) -> dict[str, Any]:
        """Outcomes on the test episodes, step counts and seconds."""
        content: dict[str, Any] = read_json(self.folder / "results.json")
        return content

    @cached_property
    def history(self) -> dict[str, Any]:
        """Training episodes and validations."""
        content: dict[str, Any] = read_json(self.folder / "history.json")
        return content

    @cached_property
    def config(self) -> dict[str, Any]:
        """Settings."""
        content: dict[str, Any] = read_json(self.folder / "config.json")
        return content

    @property
    def base(self) -> float:
        """Success of the base policy: the better of with and without the flow's noise."""
        *bases, _ = self.results["test"].values()
        return max(float(played["success_rate"]) for played in bases)

    @property
    def steered(self) -> dict[str, Any]:
        """The agent on the test episodes: ``success_rate``, ``wilson_95`` and every episode."""
        *_, last = self.results["test"].values()
        content: dict[str, Any] = last
        return content

    @property
    def minutes(self) -> float:
        """Wall-clock time of training [min]."""
        return float(self.results["seconds"]) / 60


def finished(folder: Path) -> bool:
    """Tell whether a folder holds a run that ended well."""
    return (folder / "results.json").exists()


def find_runs(folder: Path) -> list[Path]:
    """Find the folders of finished runs, the folder itself or any below it, in order."""
    found = (path.parent for path in folder.rglob("history.json"))
    return sorted(path for path in found if finished(path))


def seeds(folder: Path, name: str) -> list[int]:
    """Find the seeds of the finished runs ``NAME-SEED`` in a folder."""
    ends = (path.name.removeprefix(f"{name}-") for path in folder.glob(f"{name}-*"))
    return sorted(int(end) for end in ends if end.isdigit() and finished(folder / f"{name}-{end}"))

"""Table of a sweep's trials: what varied, and how often the agents succeeded, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table

from zprl_env.evaluation import EvaluationResult
from zprl_env.sweep.progress import Progress, best, tested


class Row(NamedTuple):
    """Row of one trial.

    Attributes:
        name: Folder of its run.
        varied: Settings that vary.
        state: What Ray Tune says became of it.
        validation: Its best evaluation on the validation seeds, by which trials are ranked.
        test: Outcome on the test seeds, of one that finished.
    """

    name: str
    varied: dict[str, Any]
    state: str
    validation: Progress | None
    test: EvaluationResult | None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        said: dict[str, Any] = {"run": self.name, "varied": self.varied, "state": self.state}
        if self.validation is not None:
            result = self.validation.result
            said["env_steps"] = self.validation.env_steps
            said["validation"] = {**_rate(result), "episodes": result.episodes}
        if self.test is not None:
            said["test"] = {**_rate(self.test), "episodes": self.test.episodes}
        return said


def _rate(result: EvaluationResult) -> dict[str, Any]:
    return {"success_rate": result.success_rate, "wilson_95": list(result.interval)}


def row(runs: Path, name: str, varied: dict[str, Any], state: str) -> Row:
    """Read a trial's row from the files of its run."""
    run = runs / name
    return Row(name, varied, state, best(run), tested(run))


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Sort trials by their best validation, equals by name; those without one come last."""

    def key(one: Row) -> tuple[float, int]:
        found = one.validation
        return (-1.0, 0) if found is None else (found.result.success_rate, -found.env_steps)

    by_name = sorted(rows, key=lambda one: one.name)
    return sorted(by_name, key=key, reverse=True)


def draw(rows: Sequence[Row]) -> Table:
    """Draw trials up, the best first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    names = list(dict.fromkeys(name for one in rows for name in one.varied))
    for name in ("trial", *names):
        table.add_column(name, overflow="fold")
    for name in ("env steps", "validation", "test"):
        table.add_column(name, justify="right")
    table.add_column("", overflow="fold")
    for one in rows:
        varied = [_shown(one.varied.get(name, "")) for name in names]
        at = f"{one.validation.env_steps:,}" if one.validation else ""
        validation = _interval(one.validation.result) if one.validation else ""
        test = _interval(one.test) if one.test else ""
        table.add_row(one.name, *varied, at, validation, test, one.state)
    return table


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _interval(result: EvaluationResult) -> str:
    low, high = result.interval
    return f"{result.success_rate:.2f} [{low:.2f}, {high:.2f}]"

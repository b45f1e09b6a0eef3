"""Finished run of ``train_sb3.py``, as its JSON files tell it; unfinished and damaged ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

from policies.checkpoints.plain_json import shown
from zprl_env.evaluation import EvaluationResult
from zprl_env.files import CONFIG_FILE, RESULTS_FILE, RunFolderError, one_line, read_json
from zprl_env.options.former import with_present_names
from zprl_env.training.run.history import HISTORY_FILE, count, result_from

COUNTED = ("backend", "collect", "env_kwargs", "keep", "num_envs", "overlap", "total_env_steps")
"""Settings outside of the recipe by which two runs are not the same thing done twice."""


LISTED, LONGEST = 100, 200
"""Parts of a setting, and letters, that are told apart and shown."""


class LeftOut(NamedTuple):
    """A run that is not compared, and why."""

    folder: Path
    reason: str


@dataclass(frozen=True)
class FinishedRun:
    """Settings and outcomes of one run.

    Attributes:
        folder: Where it is.
        env: Its task.
        algo: Its algorithm.
        steer: Where it steers.
        seed: Seed of training.
        settings: Whatever else makes it another experiment, by name.
        base: The base policy on the test episodes, the better of with and without flow noise.
        steered: The steered policy on them.
        evaluations: Environment steps and validation outcomes; the base policy's at 0.
        env_steps: Environment steps of training.
    """

    folder: Path
    env: str
    algo: str
    steer: str
    seed: int
    settings: dict[str, str]
    base: EvaluationResult
    steered: EvaluationResult
    evaluations: list[tuple[int, EvaluationResult]]
    env_steps: int


def load_finished(folder: Path) -> FinishedRun:
    """Load a run.

    Raises:
        RunFolderError: It has not finished, or a file of it is damaged.
    """
    config = read_json(folder / CONFIG_FILE)
    if not (folder / RESULTS_FILE).exists():
        raise RunFolderError("it has not finished: there is no results.json")
    results, history = read_json(folder / RESULTS_FILE), read_json(folder / HISTORY_FILE)
    try:
        *bases, steered = map(result_from, results["test"].values())
        evaluations = [(count(at), result_from(content)) for at, content in history["evaluations"]]
        return FinishedRun(
            folder,
            _entry(config, "env", str),
            _entry(config, "algo", str),
            _entry(config, "steer", str),
            _entry(config, "seed", int),
            _settings(config),
            max(bases, key=lambda result: result.success_rate),
            steered,
            evaluations,
            _entry(results, "env_steps", int),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"a file of it is damaged ({one_line(error)})") from error


def _entry(content: dict[str, Any], name: str, kind: type) -> Any:
    """Return an entry that is of a type; counts are at least 0."""
    value = content[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name}: {shown(value)} in place of {kind.__name__}")
    return count(value) if kind is int else value


def _settings(config: dict[str, Any]) -> dict[str, str]:
    counted = {name: config[name] for name in COUNTED if name in config}
    counted |= with_present_names(_entry(config, "recipe", dict))
    policy = config.get("policy_sha256")
    if policy:
        counted["policy"] = str(policy)[:8]
    return {name: _shown(value) for name, value in counted.items()}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        raise TypeError(f"a setting of {shown(value)}")
    if isinstance(value, list | tuple):
        return shorten(" ".join(map(str, value[:LISTED])), LONGEST)
    return f"{value:g}" if isinstance(value, float) else shorten(str(value), LONGEST)


def find_finished(places: Iterable[Path]) -> tuple[list[FinishedRun], list[LeftOut]]:
    """Load runs, and all those in folders of runs.

    Args:
        places: Folders of runs, or folders with such somewhere below.

    Returns:
        The finished runs, each once and in the order they were named, and what was left out.
    """
    found: list[FinishedRun] = []
    left_out: list[LeftOut] = []
    seen: set[Path] = set()
    for place in places:
        folders = _run_folders(place)
        if not folders:
            left_out.append(LeftOut(place, f"there is no run in it (no {CONFIG_FILE})"))
        for folder in folders:
            if folder.resolve() in seen:
                continue
            seen.add(folder.resolve())
            try:
                found.append(load_finished(folder))
            except RunFolderError as error:
                left_out.append(LeftOut(folder, str(error)))
    return found, left_out


def _run_folders(place: Path) -> list[Path]:
    if (place / CONFIG_FILE).exists():
        return [place]
    return sorted(path.parent for path in place.rglob(CONFIG_FILE))

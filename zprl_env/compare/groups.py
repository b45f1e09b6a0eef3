"""Groups of runs that differ in their seed alone, and paired differences between groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from zprl_env.compare.finished import FinishedRun
from zprl_env.evaluation import EvaluationResult
from zprl_env.success_rates import PairedDifference, paired_difference, verdict


@dataclass(frozen=True)
class Group:
    """Runs of one task, algorithm and way of steering with the same settings.

    Attributes:
        letter: Short name, by which sentences call it.
        env: The task.
        label: Algorithm, way of steering, and the settings in which it differs from most others.
        runs: The runs, by seed.
    """

    letter: str
    env: str
    label: str
    runs: tuple[FinishedRun, ...]

    @property
    def seeds(self) -> list[int]:
        """Seeds of training."""
        return [run.seed for run in self.runs]

    @property
    def rates(self) -> list[float]:
        """Success rate of each run's agent on its test episodes."""
        return [run.steered.success_rate for run in self.runs]

    @property
    def base(self) -> float:
        """Mean success rate of the base policy."""
        return float(np.mean([run.base.success_rate for run in self.runs]))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {
            "name": self.letter,
            "env": self.env,
            "label": self.label,
            "seeds": self.seeds,
            "base": self.base,
            "mean": float(np.mean(self.rates)),
            "lowest": min(self.rates),
            "highest": max(self.rates),
            "runs": [
                {
                    "folder": str(run.folder),
                    "seed": run.seed,
                    "success_rate": run.steered.success_rate,
                    "wilson_95": list(run.steered.interval),
                    "episodes": run.steered.episodes,
                    "env_steps": run.env_steps,
                    "settings": run.settings,
                }
                for run in self.runs
            ],
        }


class Pair(NamedTuple):
    """Paired difference of a group from another one, or of a group from its base policy.

    An episode counts as gained if more of the training seeds solve it than did before, so that one
    that several seeds have played is counted once.

    Attributes:
        first: What it is compared with: a group's letter, or "its base".
        second: The group's letter.
        seeds: Seeds of training that both have.
        episodes: Test episodes that both have played.
        difference: The difference; None where nothing can be paired.
    """

    first: str
    second: str
    seeds: list[int]
    episodes: int
    difference: PairedDifference | None

    def sentence(self) -> str:
        """Say in words how the second does beside the first."""
        if self.difference is None:
            return f"{self.second} and {self.first} share no seed: not paired."
        return f"{self.second} against {self.first}: {verdict(self.difference, self.episodes)}"


def group(runs: Sequence[FinishedRun]) -> list[Group]:
    """Put runs that differ in their seed alone together.

    Args:
        runs: Finished runs.

    Returns:
        The groups by task, in the order in which their first runs were named.
    """
    kinds: dict[tuple[str, str, str], list[FinishedRun]] = {}
    for run in runs:
        kinds.setdefault((run.env, run.algo, run.steer), []).append(run)
    groups: list[Group] = []
    for (env, algo, steer), alike in kinds.items():
        known = set.intersection(*({*run.settings} for run in alike))  # versions add settings
        usual = {name: _most_common([run.settings[name] for run in alike]) for name in known}
        parts: dict[str, list[FinishedRun]] = {}
        for run in alike:
            unusual = (n for n in sorted(known) if run.settings[n] != usual[n])
            said = [f"{name}={run.settings[name]}" for name in unusual]
            label = " ".join([algo, *([steer] if steer != "latent" else []), *said])
            parts.setdefault(label, []).append(run)
        groups += [
            Group("", env, label, tuple(sorted(part, key=lambda run: run.seed)))
            for label, part in parts.items()
        ]
    tasks = list(dict.fromkeys(one.env for one in groups))
    ordered = sorted(groups, key=lambda one: tasks.index(one.env))
    return [replace(one, letter=_letter(number)) for number, one in enumerate(ordered)]


def _most_common(values: Sequence[str]) -> str:
    """Return the value that most have, of several such the first."""
    return max(dict.fromkeys(values), key=values.count)


def _letter(number: int) -> str:
    """Name the first groups A to Z, and those after them A1 to Z1 and so on."""
    return chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else "")


def compare(groups: Sequence[Group]) -> list[Pair]:
    """Compare every group with its base policy, and with the first group of its task.

    Args:
        groups: Groups of runs.

    Returns:
        The pairs. Training seeds that two groups share are put together, episode by episode.
    """
    pairs = []
    for one in groups:
        base = [(run.seed, run.base, run.steered) for run in one.runs]
        pairs.append(_pair("its base", one.letter, base))
        first = next(other for other in groups if other.env == one.env)
        if first is not one:
            shared = [
                (ours.seed, theirs.steered, ours.steered)
                for ours in one.runs
                for theirs in first.runs
                if ours.seed == theirs.seed
            ]
            pairs.append(_pair(first.letter, one.letter, shared))
    return pairs


def _pair(
    first: str, second: str, outcomes: Sequence[tuple[int, EvaluationResult, EvaluationResult]]
) -> Pair:
    """Compare on the episodes that both have played, at every seed of training."""
    played = [{*one.seeds.tolist()} & {*other.seeds.tolist()} for _, one, other in outcomes]
    common = sorted(set.intersection(*played)) if played else []
    if not common:
        return Pair(first, second, [], 0, None)
    before = np.mean([_successes(one, common) for _, one, _ in outcomes], axis=0)
    after = np.mean([_successes(other, common) for _, _, other in outcomes], axis=0)
    sign = paired_difference(before > after, after > before)
    found = sign._replace(difference=float(np.mean(after - before)))
    return Pair(first, second, sorted({seed for seed, *_ in outcomes}), len(common), found)


def _successes(result: EvaluationResult, seeds: Sequence[int]) -> list[float]:
    """Return whether each of these episodes succeeded, as numbers."""
    known = dict(zip(result.seeds.tolist(), result.successes.tolist(), strict=True))
    return [float(known[seed]) for seed in seeds]

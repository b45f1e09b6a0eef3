"""Base policies from fresh noise, from zero and from the best of eight fixed draws; no learning.

    python -m benchmarks.noise run           play what is missing; two minutes per task, ten in all
    python -m benchmarks.noise run hammer pen
    python -m benchmarks.noise summary       the table of what was played

The best draw is chosen on the 50 validation episodes, which all draws play, and then plays the 100
test episodes as fresh noise and zero do. Every part is kept as soon as it is played, so the same
command goes on where a run was killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Tasks
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep_compact, keep_table
from zprl_env import LatentSteeringWrapper
from zprl_env.base_policies.recipes import RECIPES
from zprl_env.calibrate.noise_search import ranked
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, play
from zprl_env.files import read_json
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import resolve_policy
from zprl_env.seeing.environment import make_env_for
from zprl_env.success_rates import paired_difference
from zprl_env.tasks import PIXELS, SEEN, find_task
from zprl_env.training.run.history import result_from

RESULTS = ALL_RESULTS / "noise"
DRAWS = tuple(f"fixed:{seed}" for seed in range(8))
REFERENCES = ("fresh", "zero")
VALIDATION = range(VALIDATION_SEED, VALIDATION_SEED + 50)
TEST = range(TEST_SEED, TEST_SEED + 100)


def shipped_tasks() -> list[str]:
    """List the tasks with a shipped policy, those that are seen after those of states.

    >>> [task for task in shipped_tasks() if task.startswith("Lift")]
    ['Lift', 'Lift-Pixels']
    """
    seen = [f"{task}{PIXELS}" for task in RECIPES if find_task(task).suite in SEEN]
    return [*RECIPES, *(name for name in seen if find_task(name).slug in shipped_policies())]


class Played:
    """Episodes of a task's base policy by noise and seeds, kept in a file as they are played."""

    def __init__(self, task: str, out: Path = RESULTS) -> None:
        """Read what is kept.

        Args:
            task: A task with a shipped policy.
            out: Folder of the results.

        Raises:
            UnknownNameError: None is shipped for it.
        """
        if task not in shipped_tasks():
            raise UnknownNameError("task with a shipped policy", task, shipped_tasks())
        self.task, self.file = task, out / f"{find_task(task).slug}.json"
        self.content: dict[str, Any] = {"task": task, "validation": {}, "test": {}}
        if self.file.exists():
            self.content = read_json(self.file)

    @property
    def chosen(self) -> str | None:
        """The best draw on the validation episodes, once all have played them."""
        outcomes = self.outcomes("validation")
        return ranked(DRAWS, outcomes)[0] if set(DRAWS) <= outcomes.keys() else None

    def outcomes(self, part: str) -> dict[str, EvaluationResult]:
        """Return the outcomes of the validation or the test episodes, by noise."""
        return {noise: result_from(kept) for noise, kept in self.content[part].items()}

    def complete(self) -> None:
        """Play what is missing: all on the validation episodes, then the best draw's test."""
        policy = resolve_policy(self.task)
        self.content["policy_sha256"] = getattr(policy, "weights_hash", None)
        env = make_env_for(policy, self.task)
        with closing(
            LatentSteeringWrapper(env, policy, scale=0.0, sample_latent=False, noise="zero")
        ) as steered:
            self._play(steered, "validation", (*REFERENCES, *DRAWS), VALIDATION)
            self.content["chosen"] = self.chosen
            self._play(steered, "test", (*REFERENCES, str(self.chosen)), TEST)

    def _play(
        self, env: LatentSteeringWrapper, part: str, noises: Sequence[str], seeds: Sequence[int]
    ) -> None:
        for noise in noises:
            if noise not in self.content[part]:
                env.noise = noise
                result = play(f"{self.task}, {part}, {noise}", env, None, seeds)
                self.content[part][noise] = result.to_dict()
                keep_compact(self.file, self.content)


def table(out: Path = RESULTS) -> str:
    """Draw up what was played as a Markdown table; tasks that are not finished have no row."""
    head = ["task", "fresh", "zero", "fixed draws, validation: lowest - median - best"]
    head += ["best draw", "its success", "against fresh", "McNemar p"]
    rows = []
    for task in shipped_tasks():
        played = Played(task, out)
        chosen, test = played.chosen, played.outcomes("test")
        if chosen is None or not {*REFERENCES, chosen} <= test.keys():
            continue
        rates = [played.outcomes("validation")[noise].success_rate for noise in DRAWS]
        versus = paired_difference(test["fresh"].successes, test[chosen].successes)
        rows.append(
            [
                task,
                *(markdown.rate(test[noise].successes.tolist()) for noise in REFERENCES),
                f"{min(rates):.2f} - {float(np.median(rates)):.2f} - {max(rates):.2f}",
                f"`{chosen}`",
                markdown.rate(test[chosen].successes.tolist()),
                f"{versus.difference:+.2f} (+{versus.gained} -{versus.lost})",
                f"{versus.p_value:.2g}",
            ]
        )
    return markdown.table(head, rows)


@dataclass(frozen=True)
class Run:
    """Play what is missing of some tasks; every part is kept as soon as it is played."""

    tasks: Tasks = ()
    """Tasks with a shipped policy; all of them if none is given."""
    out: Path = RESULTS
    """Folder for the results, with a file per task."""

    def __post_init__(self) -> None:
        for task in self.tasks:
            Played(task, self.out)

    def __call__(self) -> None:
        """Play."""
        for task in self.tasks or shipped_tasks():
            played = Played(task, self.out)
            played.complete()
            chosen = played.chosen or ""
            print(f"{task}: {chosen} {played.outcomes('test')[chosen]} on the test episodes")


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of what was played."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("noise", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()

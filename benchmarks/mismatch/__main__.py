"""Base policies where the environment differs from their demonstrations: mass, friction and more.

    python -m benchmarks.mismatch run              what is missing; some ten minutes per task
    python -m benchmarks.mismatch run Lift
    python -m benchmarks.mismatch summary          the table of what was played

Every amount that was tried is played on the 50 validation episodes, by the shipped policy from the
noise that its steering starts from. Each is kept as soon as it is played, so the same command goes
on where a run was killed. The amounts stand in ``benchmarks/mismatch/conditions.py``; on those that
are chosen the study ``mismatch`` of ``benchmarks.matrix`` trains agents.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.mismatch.conditions import CHOSEN, KIND_OF, NOMINAL, TRIED, mismatch
from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Tasks
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep_compact, keep_table
from zprl_env import LatentSteeringWrapper
from zprl_env.envs import make_env
from zprl_env.envs.mismatch import KINDS
from zprl_env.evaluation import VALIDATION_SEED, EvaluationResult, play
from zprl_env.files import read_json
from zprl_env.loading.resolve import resolve_policy
from zprl_env.success_rates import paired_difference
from zprl_env.tasks import TASKS
from zprl_env.training.run.history import result_from

RESULTS = ALL_RESULTS / "mismatch"
VALIDATION = range(VALIDATION_SEED, VALIDATION_SEED + 50)


class Played:
    """Episodes of a task's base policy by condition and amount, kept in a file as they are played.

    Attributes:
        task: The task.
        file: Where they are kept.
        content: What is in it.
    """

    def __init__(self, task: str, out: Path = RESULTS) -> None:
        """Read what is kept.

        Args:
            task: A task with conditions.
            out: Folder of the results.

        Raises:
            UnknownNameError: There are none for it.
        """
        mismatch(task, NOMINAL)
        self.task, self.file = task, out / f"{TASKS[task].slug}.json"
        self.content: dict[str, Any] = {"task": task, "played": {}}
        if self.file.exists():
            self.content = read_json(self.file)

    def amounts(self) -> Iterator[tuple[str, str, float]]:
        """Name what is to be played: its name in the file, the condition and the amount."""
        for condition in KIND_OF:
            for amount in TRIED[self.task][condition]:
                yield f"{condition} {amount:g}", condition, amount

    def outcome(self, name: str) -> EvaluationResult | None:
        """Return what was played under a name, None if it was not yet."""
        kept = self.content["played"].get(name)
        return None if kept is None else result_from(kept)

    def complete(self) -> None:
        """Play what is missing, the demonstrations' condition first."""
        self._play(NOMINAL, {})
        for name, condition, amount in self.amounts():
            self._play(name, mismatch(self.task, condition, amount))

    def _play(self, name: str, setting: dict[str, float]) -> None:
        if name in self.content["played"]:
            return
        policy = resolve_policy(self.task)
        env = make_env(self.task, **({"mismatch": setting} if setting else {}))
        with closing(LatentSteeringWrapper(env, policy, scale=0.0, sample_latent=False)) as steered:
            result = play(f"{self.task}, {name}", steered, None, VALIDATION)
            self.content |= {
                "noise": str(steered.noise),
                "policy_sha256": getattr(policy, "weights_hash", None),
            }
        self.content["played"][name] = result.to_dict()
        keep_compact(self.file, self.content)


def table(out: Path = RESULTS) -> str:
    """Draw up what was played as a Markdown table, the chosen amounts in bold."""
    head = ["task", "condition", "amount", "base's success", "against nominal", "McNemar p"]
    rows = []
    for task in CHOSEN:
        played = Played(task, out)
        nominal = played.outcome(NOMINAL)
        if nominal is None:
            continue
        rows.append([task, NOMINAL, "", markdown.rate(nominal.successes.tolist()), "", ""])
        for name, condition, amount in played.amounts():
            if (result := played.outcome(name)) is None:
                continue
            versus = paired_difference(nominal.successes, result.successes)
            kind = KINDS[KIND_OF[condition]]
            said = f"{amount:g} {kind.unit}"
            if amount == CHOSEN[task][condition]:
                said = f"**{said}**"
            rows.append(
                [
                    task,
                    condition,
                    said,
                    markdown.rate(result.successes.tolist()),
                    f"{versus.difference:+.2f} (+{versus.gained} -{versus.lost})",
                    f"{versus.p_value:.2g}",
                ]
            )
    return markdown.table(head, rows)


@dataclass(frozen=True)
class Run:
    """Play what is missing of some tasks; every amount is kept as soon as it is played."""

    tasks: Tasks = ()
    """Tasks with conditions (Lift, box-close, Real); all of them if none is given."""
    out: Path = RESULTS
    """Folder for the results, with a file per task."""

    def __post_init__(self) -> None:
        for task in self.tasks:
            Played(task, self.out)

    def __call__(self) -> None:
        """Play."""
        for task in self.tasks or CHOSEN:
            Played(task, self.out).complete()


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of what was played."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("mismatch", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()

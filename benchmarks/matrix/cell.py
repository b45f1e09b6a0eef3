"""Cell of a study: one task, variant and seed, with the command that trains it and its result."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.matrix import ablated
from benchmarks.matrix.motion import measure
from benchmarks.matrix.studies import find_study
from benchmarks.matrix.variants import find_variant
from benchmarks.mismatch.conditions import words
from benchmarks.mismatch.elsewhere import play_elsewhere
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep_compact, measured
from benchmarks.tools.training import FILES, ROOT, work_folder
from policies.checkpoints.output import WRITER, package_version
from zprl_env.base_policies.make import Making
from zprl_env.base_policies.recipes import imitation_recipe
from zprl_env.errors import UnknownNameError
from zprl_env.experts.record import record
from zprl_env.files import read_json
from zprl_env.tasks import find_task

RESULTS = ALL_RESULTS / "matrix"


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        study: The study's name.
        task: The task.
        variant: The variant's name.
        seed: Seed of training.
        out: Folder of all studies' results.
    """

    study: str
    task: str
    variant: str
    seed: int
    out: Path = RESULTS

    def __post_init__(self) -> None:
        find_variant(self.variant)
        if self.task not in (tasks := find_study(self.study).tasks):
            raise UnknownNameError(f"task of the study {self.study}", self.task, tasks)

    def __str__(self) -> str:
        return f"{self.task} {self.variant} {self.seed}"

    @property
    def file(self) -> Path:
        """File of the result: everything that is kept of the run."""
        return (
            self.out / self.study / find_task(self.task).slug / f"{self.variant}-{self.seed}.json"
        )

    @property
    def folder(self) -> Path:
        """Folder of the work, which is deleted once the result is kept."""
        return work_folder(self.file.parent) / self.file.stem

    @property
    def work(self) -> Path:
        """Folder of the run itself, with its checkpoints."""
        return self.folder / "out"

    @property
    def arguments(self) -> str:
        """Flags of ``train_sb3.py``."""
        study, variant = find_study(self.study), find_variant(self.variant)
        steps = study.tasks[self.task]
        flags = variant.arguments.format_map(_Words(self.task, self.demonstrations))
        if variant.imitation:
            flags += f" --policy {ablated.policy_name(self.task, variant.imitation)}"
        return (
            f"--env {self.task} {flags} --total-env-steps {steps} {study.arguments} "
            f"--seed {self.seed} --no-video"
        )

    @property
    def demonstrations(self) -> Path:
        """File of the demonstrations that the task's base policy was imitated from."""
        return Path("demos", f"{find_task(self.task).slug}.hdf5")

    def prepare(self, root: Path = ROOT) -> None:
        """Record the demonstrations below a checkout, if the variant takes them: the same again."""
        out = root / self.demonstrations
        if str(self.demonstrations) in self.arguments and not out.exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            recipe = imitation_recipe(self.task)
            making = Making(out=out.parent, env=self.task, demonstrations=out, recipe=recipe)
            record(making.recording)

    def making(self, root: Path = ROOT) -> list[str] | None:
        """Return the command line of ``python`` that makes the cell's own base policy, if any.

        Args:
            root: The checkout.
        """
        imitation = find_variant(self.variant).imitation
        return ablated.making(self.task, imitation, root) if imitation else None

    def finished(self) -> bool:
        """Tell whether the result is kept."""
        return self.file.exists()

    def keep(self, code: dict[str, Any]) -> None:
        """Keep the result of the finished run in the work folder.

        Args:
            code: Version of the code that made it, as :func:`code_version` tells it.
        """
        parts = {Path(name).stem: read_json(self.work / name) for name in FILES}
        for place in ("out", "resume_from"):  # which is nobody else's
            parts["config"].pop(place, None)
        history = parts["history"]
        history["episode_successes"] = [int(success) for success in history["episode_successes"]]
        said = {
            "study": self.study,
            "task": self.task,
            "variant": self.variant,
            "seed": self.seed,
            "arguments": self.arguments,
            "code": code,
        }
        study, imitation = find_study(self.study), find_variant(self.variant).imitation
        if study.motion:
            said["motion"] = measure(self.work)
        if study.elsewhere and self.variant == study.variants[0]:
            said["elsewhere"] = play_elsewhere(self.work)
        if imitation:
            said["base"] = ablated.provenance(self.task, imitation, ROOT)
        keep_compact(self.file, said | parts)

    def read(self) -> dict[str, Any]:
        """Read the kept result.

        Raises:
            ZprlError: There is none.
        """
        found: dict[str, Any] = measured(
            self.file, f"python -m benchmarks.matrix run --study {self.study}"
        )
        return found


class _Words(dict[str, str]):
    """Words that a variant's flags are completed with, by task; a condition's are looked up."""

    def __init__(self, task: str, demonstrations: Path) -> None:
        name = find_task(task).slug.replace("-", "_")
        super().__init__(demonstrations=str(demonstrations), policy=name)
        self._task = task

    def __missing__(self, condition: str) -> str:
        return words(self._task, condition)


def code_version(root: Path = ROOT) -> dict[str, Any]:
    """Return the commit of a checkout, and whether its files differ from it.

    Args:
        root: The checkout.
    """

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    return {
        "commit": git("rev-parse", "HEAD") or None,
        "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
        WRITER: package_version(),
    }

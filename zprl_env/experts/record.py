"""Record demonstrations of a scripted expert: ``python -m zprl_env.experts.record``."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import h5py
import numpy as np
import tyro

from policies.demonstrations import DemonstrationWriter
from policies.errors import DemonstrationError, ZprlError
from policies.progress import progress_bar
from zprl_env import cli
from zprl_env.experts import SKILLS, Operator
from zprl_env.experts.performance import Episode, Stage, episode_seed, operator_for


@dataclass(frozen=True)
class Recording:
    """Record demonstrations of a scripted expert into a robomimic HDF5 file.

    Each episode is performed with its own faults: grasps beside the object, pauses, detours,
    overshoot, closing too early. What one person sees wrongly, they see wrongly in the same way in
    every episode. Failures are kept and listed in the file under mask/failure, the others under
    mask/success. The same arguments give the same episodes, with any number of workers.
    """

    out: Path
    """File to write, such as demos/lift.hdf5. It appears only when it is complete."""
    env: str = "Lift"
    """Task to show."""
    episodes: int = 50
    """Episodes to perform."""
    seed: int = 0
    """0 to 99. Episode i begins from the environment's seed 10000 * SEED + i: no two recordings
    share an episode, and none is among evaluation's, which begin at 1000000."""
    skill: float | Literal["poor", "mixed", "expert"] = "mixed"
    """0 for somebody who fails about every second time, 1 for somebody who hardly ever does; poor
    is 0, mixed is 0.5, expert is 1."""
    operator_seed: int = 0
    """Which person performs: in which direction their grasps are off, and where on the table."""
    successes_only: bool = False
    """Leave failed episodes out of the file; it then holds fewer than EPISODES."""
    workers: Annotated[int, tyro.conf.arg(aliases=["-j"])] = 1
    """Processes to record with."""
    overwrite: bool = False
    """Replace OUT if it exists."""

    def __post_init__(self) -> None:
        for name in ("episodes", "workers"):
            if getattr(self, name) < 1:
                raise ZprlError(f"{name} must be at least 1. Got: {getattr(self, name)}")


def record(recording: Recording) -> list[Episode]:
    """Perform and write a recording.

    Args:
        recording: What to record, and where to.

    Returns:
        The episodes performed, failures included, in order.

    Raises:
        DemonstrationError: If the file exists, cannot be written, or would hold no episode.
        UnknownNameError: If nobody here knows how to do the task.
        ZprlError: If a number is out of its range.
    """
    out = recording.out
    if out.is_dir():
        raise DemonstrationError(f"{out} must be a file. Got a folder. Try {out / 'lift.hdf5'}.")
    if out.exists() and not recording.overwrite:
        raise DemonstrationError(f"{out} already exists. Choose another name or add --overwrite.")
    seeds = [episode_seed(recording.seed, index) for index in range(recording.episodes)]
    skill = SKILLS[recording.skill] if isinstance(recording.skill, str) else recording.skill
    operator = operator_for(recording.operator_seed)
    stage = Stage(recording.env, skill, operator)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        # Opened before the first episode: a folder that cannot be written must not cost an hour.
        with DemonstrationWriter(partial, stage.env_args, list(stage.observation_keys)) as writer:
            episodes = []
            performances = _performances(stage, seeds, recording.workers)
            progress = progress_bar(performances, desc="episodes", total=len(seeds))
            for episode in progress:
                episodes.append(episode)
                if episode.success or not recording.successes_only:
                    writer.append(episode.trajectory)
                progress.set_postfix(success=f"{np.mean([e.success for e in episodes]):.2f}")
        written = [e for e in episodes if e.success or not recording.successes_only]
        if not written:
            raise DemonstrationError(
                f"none of {len(episodes)} episodes succeeded, so --successes-only leaves nothing "
                "to write. Raise --skill or --episodes."
            )
        _annotate(partial, written)
        os.replace(partial, out)
    finally:
        if partial.exists():
            partial.unlink()
        stage.close()
    return episodes


def _performances(stage: Stage, seeds: Sequence[int], workers: int) -> Iterator[Episode]:
    """Perform on this stage, or on one like it in each of several processes; in order."""
    if workers == 1:
        yield from map(stage.perform, seeds)
        return
    with ProcessPoolExecutor(
        max_workers=min(workers, len(seeds)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open_stage,
        initargs=(stage.task, stage.skill, stage.operator),
    ) as pool:
        yield from pool.map(_perform, seeds)


_stage: Stage
"""A worker process's own, made by its initializer; an environment does not travel."""


def _open_stage(task: str, skill: float, operator: Operator) -> None:
    global _stage
    _stage = Stage(task, skill, operator)


def _perform(seed: int) -> Episode:
    return _stage.perform(seed)


def _annotate(path: Path, episodes: Sequence[Episode]) -> None:
    """Add to each episode its seed, success and quality, and robomimic's lists of either kind."""
    with h5py.File(path, "a") as file:
        for index, episode in enumerate(episodes):
            attributes = file[f"data/demo_{index}"].attrs
            attributes["seed"] = episode.seed
            attributes["success"] = episode.success
            attributes["quality"] = json.dumps(asdict(episode.quality))
        for name, kind in (("success", True), ("failure", False)):
            names = [f"demo_{i}" for i, e in enumerate(episodes) if e.success is kind]
            if names:
                file[f"mask/{name}"] = np.array(names, dtype="S")


def main() -> None:
    """Record as the command line says, and tell how it went."""
    recording = tyro.cli(Recording)
    episodes = record(recording)
    lengths = [len(episode.trajectory) for episode in episodes]
    successes = sum(episode.success for episode in episodes)
    kept = successes if recording.successes_only else len(episodes)
    print(
        f"{recording.out}: {kept} episode{'' if kept == 1 else 's'}; "
        f"{successes} of {len(episodes)} performed succeeded ({successes / len(episodes):.0%}); "
        f"{min(lengths)} to {max(lengths)} steps, mean {np.mean(lengths):.0f}"
    )


if __name__ == "__main__":
    cli.run(main)

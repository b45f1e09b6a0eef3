"""Record demonstrations of a scripted expert: ``python -m zprl_env.experts.record``."""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib import metadata as packages
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from policies.checkpoints.output import refuse_overwriting
from policies.commands.signals import listened_to, start_tracker
from policies.demonstrations.formats.robomimic import FELT
from policies.errors import DemonstrationError, ZprlError
from policies.progress import progress_bar
from zprl_env import cli
from zprl_env.experts import SKILLS
from zprl_env.experts.performance import Episode, Stage, demonstration_seed, operator_for
from zprl_env.experts.unfinished import UnfinishedRecording

TRIED = 5
"""Pictures that are taken to measure how long one takes."""


@dataclass(frozen=True)
class Recording:
    """Record demonstrations of a scripted expert into a robomimic HDF5 file.

    Each episode is performed with its own faults: grasps beside the object, pauses, detours,
    overshoot, closing too early. What one person sees wrongly, they see wrongly in the same way in
    every episode. Failures are kept and listed in the file under mask/failure, the others under
    mask/success. The same arguments give the same episodes, with any number of workers. A recording
    that was cut off, even by SIGKILL, goes on from its last finished episode when the same command
    is given again.
    """

    out: Path
    """File to write, such as demos/lift.hdf5. It appears only when it is complete; until then the
    finished episodes are in OUT.partial."""
    env: str = "Lift"
    """Environment to show: a task; or, with --expert, any gymnasium id or module:callable."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment; values are JSON or words."""
    expert: str | None = None
    """module:Class of an expert of your own (a zprl_env.experts.Expert); the task's own if not
    given."""
    episodes: int = 50
    """Episodes to perform."""
    seed: int = 0
    """0 to 99. Episode i begins from the environment's seed 10000 * SEED + i: no two recordings
    share an episode, and none is among evaluation's, which begin at 1000000."""
    skill: float | Literal["poor", "mixed", "expert"] = "mixed"
    """Skill of the person who performs: 0 fails about every second time, 1 hardly ever does; poor
    is 0, mixed is 0.5, expert is 1.
    """
    operator_seed: int = 0
    """Seed of the person who performs: in which direction their grasps are off, and where on the
    table.
    """
    disturbance: float = 0.0
    """Strength of the pushes and hold-ups that the hands meet while they perform, 1 for
    centimetres. The file then holds what the expert meant at every state, which is not quite what
    was executed.
    """
    successes_only: bool = False
    """Leave failed episodes out of the file; it then holds fewer than EPISODES."""
    cameras: tuple[str, ...] = ()
    """Cameras whose pictures are recorded at every step, such as agentview robot0_eye_in_hand; a
    task that is seen, such as Lift-Pixels, has usual ones."""
    image_size: int | None = None
    """Height and width of the pictures [pixels]; 84 if not given."""
    render_quality: Literal["fast", "full"] | None = None
    """Quality of the pictures: fast, if not given, has no shadows, reflections, multisamples."""
    workers: Annotated[int, tyro.conf.arg(aliases=["-j"])] = 1
    """Processes to record with."""
    overwrite: bool = False
    """Replace OUT if it exists."""

    def __post_init__(self) -> None:
        for name in ("episodes", "workers"):
            if getattr(self, name) < 1:
                raise ZprlError(f"{name} must be at least 1. Got: {getattr(self, name)}")
        if not 0.0 <= self.disturbance <= 5.0:
            raise ZprlError(f"disturbance must lie in [0, 5]. Got: {self.disturbance}")

    @property
    def settings(self) -> dict[str, Any]:
        """All that the episodes follow from, as the file keeps it."""
        skill = SKILLS[self.skill] if isinstance(self.skill, str) else self.skill
        said = {
            "env": self.env,
            "episodes": self.episodes,
            "seed": self.seed,
            "skill": skill,
            "operator_seed": self.operator_seed,
            "disturbance": self.disturbance,
            "successes_only": self.successes_only,
        }
        # Only what is not usual, so that recordings that were begun before these existed go on.
        own = {
            "env_kwargs": cli.settings(self.env_kwargs),
            "expert": self.expert,
            "cameras": list(self.cameras),
            "image_size": self.image_size,
            "render_quality": self.render_quality,
        }
        return said | {name: value for name, value in own.items() if value}


def record(recording: Recording) -> list[Episode]:
    """Record demonstrations, or resume a recording that was cut off.

    Every finished episode is kept in ``OUT.partial`` until all are there. The file is the same
    whether or not it was made in one go.

    Args:
        recording: What to record, and where to.

    Returns:
        The episodes performed, failures included, in order.

    Raises:
        DemonstrationError: If the file cannot be written, or would hold no episode; if
            ``OUT.partial`` holds another recording's beginning.
        OverwriteError: If the file exists.
        UnknownNameError: If there is no such environment, or it has no expert.
        ZprlError: If a number is out of its range.
    """
    out = recording.out
    if out.is_dir():
        raise DemonstrationError(f"{out} must be a file. Got a folder. Try {out / 'lift.hdf5'}.")
    refuse_overwriting(out, recording.overwrite)
    seeds = [demonstration_seed(recording.seed, index) for index in range(recording.episodes)]
    operator = operator_for(recording.operator_seed)
    env_kwargs = cli.settings(recording.env_kwargs)
    stage = Stage(
        recording.env,
        recording.settings["skill"],
        operator,
        recording.disturbance,
        expert=recording.expert,
        env_kwargs=env_kwargs,
        cameras=recording.cameras,
        image_size=recording.image_size,
        render_quality=recording.render_quality,
    )
    settings, pictures = recording.settings, stage.picture_settings
    context = {
        "versions": _versions(),
        "env_args": stage.env_args,
        "observation_keys": list(stage.observation_keys),
    }
    if pictures is not None:
        context["picture_settings"] = pictures.to_dict()
    # Opened before the first episode: a folder that cannot be written must not cost an hour.
    said = {**settings, **context}
    with closing(stage), UnfinishedRecording(out, said, pictures) as unfinished:
        reference = _reference(stage)
        if reference:
            print(expected_cost(stage, reference, recording.workers), file=sys.stderr)
        _perform_rest(stage, seeds, recording.workers, unfinished)
        episodes = [episode for _, episode in sorted(unfinished.episodes().items())]
        written = [e for e in episodes if e.success or not recording.successes_only]
        if not written:
            unfinished.discard()
            raise DemonstrationError(
                f"none of {len(episodes)} episodes succeeded, so --successes-only leaves nothing "
                "to write. Raise --skill or --episodes."
            )
        remarks = {"recording": settings, "versions": context["versions"]}
        if pictures is not None:
            remarks[FELT] = list(stage.felt_keys)
        unfinished.write(out, written, reference, **remarks)
        unfinished.discard()
    return episodes


def _reference(stage: Stage) -> dict[str, np.ndarray]:
    """Take pictures that anybody can take again; none without cameras."""
    if not stage.sight:
        return {}
    stage.env.reset(seed=0)
    return stage.pictures()


def expected_cost(stage: Stage, reference: Mapping[str, np.ndarray], workers: int = 1) -> str:
    """Say what recording pictures costs per 100 episodes, before it begins.

    Args:
        stage: Where it is recorded.
        reference: Pictures to judge by how well they are compressed.
        workers: Processes that record at once.
    """
    limit = stage.env.spec.max_episode_steps if stage.env.spec is not None else None
    steps = limit or getattr(stage.env.unwrapped, "episode_steps", None) or 500
    began = time.perf_counter()
    for _ in range(TRIED):
        stage.pictures()
    each = (time.perf_counter() - began) / TRIED
    raw = sum(picture.nbytes for picture in reference.values())
    packed = sum(len(zlib.compress(picture.tobytes(), 2)) for picture in reference.values())
    return (
        f"pictures of {len(reference)} camera{'s' * (len(reference) > 1)} take, per 100 episodes "
        f"of {steps} steps (most are shorter): {100 * steps * packed / 1e6:,.0f} MB on the disk "
        f"and as much again until it is done, {100 * steps * raw / 1e6:,.0f} MB uncompressed in "
        f"memory for whoever reads all at once, {100 * steps * each / 60 / workers:.1f} minutes; "
        f"recording holds {steps * raw / 1e6:,.0f} MB per worker"
    )


def _versions() -> dict[str, str]:
    """Return the versions that an episode depends on; the suite's is in ``env_args``."""
    versions = {"python": platform.python_version()}
    for name in ("zprl-env", "gymnasium", "mujoco", "numpy", "h5py"):
        with suppress(packages.PackageNotFoundError):
            versions[name] = packages.version(name)
    return versions


def _perform_rest(
    stage: Stage, seeds: Sequence[int], workers: int, unfinished: UnfinishedRecording
) -> None:
    """Perform the episodes that are not finished yet, and keep each as soon as it is."""
    successes = {index: episode.success for index, episode in unfinished.episodes().items()}
    rest = {index: seed for index, seed in enumerate(seeds) if index not in successes}
    with progress_bar(desc="episodes", total=len(seeds), initial=len(successes)) as progress:
        for index, episode in _performances(stage, rest, workers):
            unfinished.keep(index, episode, progress.write)
            successes[index] = episode.success
            progress.update()
            progress.set_postfix(success=f"{np.mean([*successes.values()]):.2f}")
    unfinished.check()


def _performances(
    stage: Stage, seeds: Mapping[int, int], workers: int
) -> Iterator[tuple[int, Episode]]:
    """Perform on this stage, or on one like it in each of several processes; in any order."""
    if workers == 1 or len(seeds) < 2:
        yield from ((index, stage.perform(seed)) for index, seed in seeds.items())
        return
    start_tracker()
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(seeds)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open_stage,
        initargs=(
            (stage.task, stage.skill, stage.operator, stage.disturbance),
            {"expert": stage.expert_name, "env_kwargs": stage.env_kwargs, **stage.sight},
        ),
    )
    try:
        futures = {pool.submit(_perform, seed): index for index, seed in seeds.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise DemonstrationError(
            "Every process of a recording must live. One has ended, such as for want of memory. "
            "Finished episodes are kept; the same command goes on, perhaps with fewer --workers."
        ) from error
    except BaseException:
        for process in multiprocessing.active_children():
            if process.pid in {*(pool._processes or {})}:
                process.kill()  # even one that hangs or is stopped
        raise
    finally:
        pool.shutdown(cancel_futures=True)


_stage: Stage
"""Stage of a worker process, made by its initializer; an environment does not travel."""


def _open_stage(arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    global _stage
    # Signals reach every process; the one that writes decides. Should it be killed, nobody is
    # left to take the episodes.
    for number in listened_to():
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _stage = Stage(*arguments, **options)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _perform(seed: int) -> Episode:
    return _stage.perform(seed)


EXAMPLES = (
    "--env Lift --episodes 50 --out demos/lift.hdf5",
    "--env Lift --cameras agentview robot0_eye_in_hand --episodes 50 --out demos/seen.hdf5",
    "--env box-close --episodes 100 --skill 1 --workers 2 --out demos/box_close.hdf5",
)


def main() -> None:
    """Run the command line."""
    cli.run(_record)


def _record() -> None:
    recording = cli.parse(Recording, EXAMPLES)
    try:
        episodes = record(recording)
    except KeyboardInterrupt:
        begun = Path(f"{recording.out}.partial")
        said = f"finished episodes are kept in {begun}" if begun.exists() else "no episode finished"
        print(f"{said}; the same command goes on", file=sys.stderr)
        raise
    lengths = [len(episode.trajectory) for episode in episodes]
    successes = sum(episode.success for episode in episodes)
    kept = successes if recording.successes_only else len(episodes)
    print(
        f"{recording.out}: {kept} episode{'' if kept == 1 else 's'}; "
        f"{successes} of {len(episodes)} performed succeeded ({successes / len(episodes):.0%}); "
        f"{min(lengths)} to {max(lengths)} steps, mean {np.mean(lengths):.0f}"
    )


if __name__ == "__main__":
    main()

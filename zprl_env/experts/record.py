"""Record demonstrations: ``python -m zprl_env.experts.record``."""

from __future__ import annotations

import platform
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from importlib import metadata as packages
from pathlib import Path

import numpy as np

from policies.checkpoints.output import refuse_overwriting
from policies.convert import convert
from policies.demonstrations.formats.robomimic import FELT
from policies.demonstrations.lerobot.extra import arrow
from policies.errors import DemonstrationError
from policies.progress import progress_bar
from zprl_env import cli
from zprl_env.experts.performance import demonstration_seed
from zprl_env.experts.performances import Make, performances
from zprl_env.experts.recorded import Episode, RecordedEnvironment
from zprl_env.experts.recording import Recording
from zprl_env.experts.unfinished import UnfinishedRecording

__all__ = ["Recording", "expected_cost", "record"]

TRIED = 5
"""Pictures that are taken to measure how long one takes."""


def record(recording: Recording) -> list[Episode]:
    """Record demonstrations, or resume a recording that was cut off.

    Every finished episode is kept in ``OUT.partial`` until all are there. The file is the same
    whether or not it was made in one go.

    Args:
        recording: What to record, and where to.

    Returns:
        The episodes performed, failures included, in order.

    Raises:
        CheckpointError: The policy of a run cannot be loaded.
        ConfigurationError: A run names code to import and is not trusted.
        DemonstrationError: If the file cannot be written, or would hold no episode; if
            ``OUT.partial`` holds another recording's beginning.
        OverwriteError: If the file exists.
        RunFolderError: The run's agent cannot be loaded.
        UnknownNameError: If there is no such environment, or it has no expert.
        ZprlError: If a number is out of its range.
    """
    _check_out(recording)
    seeds = [demonstration_seed(recording.seed, index) for index in range(recording.episodes)]
    make = recording.make
    with closing(make()) as stage:
        _check_rate(recording, stage)
        settings, pictures = recording.settings | stage.provenance, stage.picture_settings
        context = {
            "versions": _versions(),
            "env_args": stage.env_args,
            "observation_keys": list(stage.observation_keys),
        }
        if pictures is not None:
            context["picture_settings"] = pictures.to_dict()
        # Opened before the first episode: a folder that cannot be written must not cost an hour.
        said = {**settings, **context}
        with UnfinishedRecording(recording.file, said, pictures) as unfinished:
            reference = stage.reference()
            if reference:
                print(expected_cost(stage, reference, recording.workers), file=sys.stderr)
            _perform_rest(stage, make, seeds, recording.workers, unfinished)
            episodes = [episode for _, episode in sorted(unfinished.episodes().items())]
            written = [e for e in episodes if e.success or not recording.successes_only]
            if not written:
                unfinished.discard()
                better = "--episodes" if recording.run else "--skill or --episodes"
                raise DemonstrationError(
                    f"none of {len(episodes)} episodes succeeded, so --successes-only leaves "
                    f"nothing to write. Raise {better}."
                )
            remarks = {"recording": settings, "versions": context["versions"]}
            if pictures is not None:
                remarks[FELT] = list(stage.felt_keys)
            whole = unfinished.folder / "recorded.hdf5"
            conversion = recording.conversion(whole, stage.rate)
            out = recording.out if conversion is None else whole
            unfinished.write(out, written, reference, **remarks)
            if conversion is not None:
                convert(conversion, lambda line: print(line, file=sys.stderr))
            unfinished.discard()
    return episodes


def _check_out(recording: Recording) -> None:
    """Refuse a place that is not free, or where this format cannot be."""
    out = recording.out
    if recording.format == "hdf5":
        if out.is_dir():
            raise DemonstrationError(
                f"{out} must be a file. Got a folder. Try {out / 'lift.hdf5'}."
            )
    else:
        arrow()
    refuse_overwriting(out, recording.overwrite)


def _check_rate(recording: Recording, stage: RecordedEnvironment) -> None:
    """Refuse a LeRobotDataset without a rate before anything is performed."""
    if recording.format != "hdf5" and recording.fps is None and stage.rate is None:
        raise DemonstrationError(
            f"a LeRobotDataset must have a rate in steps per second. Got: none, as {stage.task} "
            "states none. Give it: --fps 20."
        )


def expected_cost(
    stage: RecordedEnvironment, reference: Mapping[str, np.ndarray], workers: int = 1
) -> str:
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
    stage: RecordedEnvironment,
    make: Make,
    seeds: Sequence[int],
    workers: int,
    unfinished: UnfinishedRecording,
) -> None:
    """Perform the episodes that are not finished yet, and keep each as soon as it is."""
    successes = {index: episode.success for index, episode in unfinished.episodes().items()}
    rest = {index: seed for index, seed in enumerate(seeds) if index not in successes}
    with progress_bar(desc="episodes", total=len(seeds), initial=len(successes)) as progress:
        for index, episode in performances(stage, make, rest, workers):
            unfinished.keep(index, episode, progress.write)
            successes[index] = episode.success
            progress.update()
            progress.set_postfix(success=f"{np.mean([*successes.values()]):.2f}")
    unfinished.check()


EXAMPLES = (
    "--env Lift --episodes 50 --out demos/lift.hdf5",
    "--env Lift --cameras agentview robot0_eye_in_hand --episodes 50 --out demos/seen.hdf5",
    "--run runs/Lift/sac/0 --successes-only --format lerobot --out data/lift  # what an agent does",
)


def main() -> None:
    """Run the command line."""
    cli.run(_record)


def _record() -> None:
    recording = cli.parse(Recording, EXAMPLES)
    try:
        episodes = record(recording)
    except KeyboardInterrupt:
        begun = Path(f"{recording.file}.partial")
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

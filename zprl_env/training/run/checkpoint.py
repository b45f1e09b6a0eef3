"""Checkpoints of a run: saved whole or not at all, and checked before a run resumes from them.

Each is a folder ``checkpoints/<env steps>`` with the agent and its optimisers, the best agent so
far, the replay buffer, the history, the place of the environments, the global generators, and a
manifest with the hash of every file. Nothing in it is unpickled. One that is damaged, in whatever
way, is left out, and the one before it is taken.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from policies.checkpoints.output import package_version
from zprl_env.files import RunFolderError, one_line, read_json, write_json
from zprl_env.training.agents.divergence import DivergedError, check_agent, check_replay
from zprl_env.training.agents.replay import end_trajectories
from zprl_env.training.agents.weights import BEST, load_weights, save_weights, weights_file
from zprl_env.training.run import randomness
from zprl_env.training.run.folder import CHECKPOINTS, checkpoint_folders
from zprl_env.training.run.history import History
from zprl_env.training.run.replay_file import load_replay, save_replay
from zprl_env.vectorised.resumable import Place

KEPT = 2
"""Checkpoints that are kept: the newest, and one to fall back to."""

MANIFEST, STATE, REPLAY = "manifest.json", "state.json", "replay.safetensors"
LIBRARIES = ("stable-baselines3", "sb3-contrib", "torch", "numpy", "numba", "gymnasium")
"""Libraries on whose versions it depends whether a resumed run goes on as it would have."""


class Placed(Protocol):
    """Environments that go on behind the place of others of the same seed."""

    def go_to(self, place: Place) -> bool:
        """Go there; tell whether the episode under way was taken up again."""
        ...


class RunCheckpoint(NamedTuple):
    """Contents of one whole checkpoint.

    Attributes:
        folder: Where it is.
        history: What had happened.
        place: Where the environments were.
        generators: State of the global generators.
        updates: Gradient steps taken, by which some algorithms delay their actor's.
    """

    folder: Path
    history: History
    place: Place
    generators: dict[str, Any]
    updates: int


def save_checkpoint(run: Path, model: BaseAlgorithm, history: History, place: Place) -> Path:
    """Save a checkpoint and delete the oldest.

    Args:
        run: The run's folder.
        model: The agent, between two of its decisions.
        history: What happened so far.
        place: Where the environments are.

    Returns:
        The checkpoint's folder.

    Raises:
        DivergedError: Agent or replay buffer are not finite, so that nothing good could be kept.
        RunFolderError: It could not be written; those before it are as they were.
    """
    if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None:
        check_replay(model.replay_buffer)
    folder = run / CHECKPOINTS / f"{history.env_steps:09d}"
    partial = folder.with_name("partial")
    before = folder.with_name(f"{folder.name}~")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _write(partial, run, model, history, place)
        if folder.exists():  # never without one of the two, whenever the process is killed
            shutil.rmtree(before, ignore_errors=True)
            os.replace(folder, before)
        os.replace(partial, folder)
        _sync(folder.parent)
        shutil.rmtree(before, ignore_errors=True)
    except DivergedError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    except Exception as error:  # what writers raise when a disk is full has no common kind
        shutil.rmtree(partial, ignore_errors=True)
        raise RunFolderError(
            f"Expected to write a checkpoint to {folder}. Got: {one_line(error)}. Make room or "
            f"give permission there."
        ) from error
    for old in checkpoint_folders(run)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def find_checkpoint(run: Path, say: Callable[[str], None]) -> RunCheckpoint | None:
    """Find a run's newest checkpoint that is whole.

    Args:
        run: The run's folder.
        say: Told of damaged checkpoints, and of libraries that have changed since.

    Returns:
        The checkpoint, or None if none was ever written.

    Raises:
        RunFolderError: All of them are damaged.
    """
    return _newest(run, say, lambda checkpoint: None)


def resume(
    run: Path, model: BaseAlgorithm, envs: Placed, say: Callable[[str], None]
) -> RunCheckpoint | None:
    """Restore a run's newest checkpoint that is whole and can be loaded.

    Args:
        run: The run's folder.
        model: A model made with the run's configuration.
        envs: Its environments.
        say: As in :func:`find_checkpoint`.

    Returns:
        The checkpoint, or None if none was ever written.

    Raises:
        RunFolderError: All of them are damaged, or of another configuration.
    """
    return _newest(run, say, lambda checkpoint: load_checkpoint(checkpoint, run, model, envs))


def _newest(
    run: Path, say: Callable[[str], None], use: Callable[[RunCheckpoint], object]
) -> RunCheckpoint | None:
    """Return the newest checkpoint that can be read and used."""
    folders = checkpoint_folders(run)
    reason = ""
    for folder in folders:
        try:
            checkpoint = _read(folder, say)
            use(checkpoint)
            return checkpoint
        except Exception as error:  # whatever is wrong in it, the one before it may be whole
            reason = one_line(error)
            say(f"The checkpoint {folder} is damaged and left out: {reason}")
    if folders:
        raise RunFolderError(
            f"Expected a whole checkpoint in {run / CHECKPOINTS}. Got: {len(folders)}, all of them "
            f"damaged (the last one: {reason}). Begin a new run."
        )
    return None


def load_checkpoint(
    checkpoint: RunCheckpoint, run: Path, model: BaseAlgorithm, envs: Placed
) -> None:
    """Restore a checkpoint into a fresh model and fresh environments.

    The global generators are left to :func:`~zprl_env.training.run.randomness.restore`, which is to
    be called when learning goes on.

    Args:
        checkpoint: As :func:`find_checkpoint` found it.
        run: The run's folder, to which the best agent so far is brought back.
        model: A model made with the run's configuration.
        envs: Its environments.

    Raises:
        RunFolderError: A part is of another configuration, or holds NaN or infinity.
    """
    load_weights(checkpoint.folder / weights_file(model), model)
    best = checkpoint.folder / weights_file(model, BEST)
    if best.exists():
        partial = run / f"partial-{best.name}"
        shutil.copy(best, partial)
        os.replace(partial, run / best.name)
    model.num_timesteps = checkpoint.history.decisions
    model._n_updates = checkpoint.updates
    buffer = model.replay_buffer if isinstance(model, OffPolicyAlgorithm) else None
    if buffer is not None:
        load_replay(checkpoint.folder / REPLAY, buffer)
    try:
        check_agent(model)
        if buffer is not None:
            check_replay(buffer)
    except DivergedError as error:  # saved by a version that did not look
        raise RunFolderError(
            f"{error} Delete {checkpoint.folder} to go on from the checkpoint before it, if there "
            f"is one, or begin a new run."
        ) from error
    if not envs.go_to(checkpoint.place) and buffer is not None:
        end_trajectories(buffer)


def newest_checkpoint(run: Path) -> int | None:
    """Return the environment steps of a run's newest checkpoint, None if there is none."""
    return next((int(folder.name.rstrip("~")) for folder in checkpoint_folders(run)), None)


def _write(folder: Path, run: Path, model: BaseAlgorithm, history: History, place: Place) -> None:
    save_weights(folder, model)
    best = run / weights_file(model, BEST)
    if best.exists():
        shutil.copy(best, folder / best.name)
    if isinstance(model, OffPolicyAlgorithm) and model.replay_buffer is not None:
        save_replay(folder / REPLAY, model.replay_buffer)
    state = {
        "history": history.to_dict(),
        "place": [place.episode, place.actions.tolist(), place.observation.tolist()],
        "generators": randomness.capture(),
        "updates": getattr(model, "_n_updates", 0),
    }
    write_json(folder / STATE, state)
    hashes = {file.name: _hash(file) for file in _files(folder)}
    write_json(folder / MANIFEST, {"versions": _versions(), "sha256": hashes})
    for file in folder.iterdir():
        _sync(file)
    _sync(folder)


def _files(folder: Path) -> list[Path]:
    """List the files of a checkpoint that its manifest tells of."""
    return [file for file in sorted(folder.iterdir()) if file.name != MANIFEST]


def _read(folder: Path, say: Callable[[str], None]) -> RunCheckpoint:
    manifest = read_json(folder / MANIFEST)
    expected = manifest["sha256"]
    names = {file.name for file in _files(folder)}
    if not isinstance(expected, dict) or names != {*expected} or STATE not in names:
        raise ValueError(f"a manifest of {expected!r:.60} for {', '.join(sorted(names))}")
    for file in _files(folder):
        if _hash(file) != expected[file.name]:
            raise ValueError(f"{file.name} is not what was written")
    state = read_json(folder / STATE)
    episode, actions, observation = state["place"]
    place = Place(int(episode), np.array(actions, np.float32), np.array(observation, np.float32))
    found = RunCheckpoint(
        folder,
        History.from_dict(state["history"]),
        place,
        state["generators"],
        int(state["updates"]),
    )
    randomness.check(found.generators)
    before, now = manifest["versions"], _versions()
    changed = [
        f"{name} {before.get(name, 'of old')!s:.40}, now {now[name]}"
        for name in now
        if before.get(name) != now[name]
    ]
    if changed:
        say(f"The run goes on, but not to the bit: it was saved with {'; '.join(changed)}.")
    return found


def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES} | {"zprl-env": package_version()}


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _sync(path: Path) -> None:
    """Force a folder's files to the disk, should the power fail."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

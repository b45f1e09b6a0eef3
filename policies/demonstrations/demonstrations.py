"""Demonstrations of one task, read from any of the known formats without torch.

Written is robomimic's HDF5 layout: ``data/demo_i/{obs/<key>, actions, rewards, dones}`` with
``num_samples`` on each episode, ``total`` and ``env_args`` (JSON) on ``data``, and optional lists
of episode names under ``mask`` (https://robomimic.github.io/docs/datasets/overview.html).
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from policies.checkpoints.whole import replace_file
from policies.demonstrations.absolute_actions import is_absolute, mark_absolute
from policies.demonstrations.formats.minari import PREFIX as MINARI
from policies.demonstrations.formats.reading import read_trajectory
from policies.demonstrations.formats.source import IMAGE, KeyChoice, Source
from policies.demonstrations.formats.stored_frames import files_held_open
from policies.demonstrations.formats.table import open_source
from policies.demonstrations.robosuite_versions import OldRobosuite, adapt_robosuite
from policies.demonstrations.trajectory import Trajectory
from policies.demonstrations.writer import DemonstrationWriter
from policies.errors import DemonstrationError
from policies.pictures.settings import PictureSettings

_SKIP = " See python -m policies.inspect for all; --skip-bad leaves bad episodes out."


@dataclass(frozen=True)
class Demonstrations:
    """Episodes of one task, with their success, observation keys and environment's arguments.

    Attributes:
        trajectories: The episodes, in the order of their numbers.
        env_args: robomimic's description of the environment; empty if the file has none.
        observation_keys: The keys that make the flat observation, in this order.
        skipped: Episodes that were skipped because they are bad, with the reason.
        left_out: Other keys that the file has, with the reason why they were not taken.
        action_bounds: Smallest and largest actions that the file states as possible, if it does.
        picture_settings: What the episodes' frames were made with; ``None`` if there are none.
        rate: Steps per second, where they are stored and ``env_args`` does not say them.
    """

    trajectories: tuple[Trajectory, ...]
    env_args: dict[str, Any]
    observation_keys: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    action_bounds: tuple[np.ndarray, np.ndarray] | None = None
    picture_settings: PictureSettings | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        if not self.trajectories:
            raise DemonstrationError("demonstrations must hold at least one episode. Got: none.")
        sizes = {(tuple(self.key_dims(t).items()), t.actions.shape[1]) for t in self.trajectories}
        if len(sizes) > 1:
            raise DemonstrationError(
                f"all episodes must have the same observation and action sizes. Got: {sizes}."
            )
        shapes = {tuple(frame_shapes(t).items()) for t in self.trajectories}
        if len(shapes) > 1:
            raise DemonstrationError(
                f"all episodes must have the same cameras and sizes of frames. Got: {shapes}."
            )
        if self.picture_settings is None and self.trajectories[0].frames:
            frames = frame_shapes(self.trajectories[0])
            found = PictureSettings(cameras=tuple(frames), image_size=_one_size(frames))
            object.__setattr__(self, "picture_settings", found)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras whose frames the episodes have, in order."""
        return tuple(self.trajectories[0].frames)

    @property
    def observation_dims(self) -> dict[str, int]:
        """Size of each observation key, in order."""
        return self.key_dims(self.trajectories[0])

    def key_dims(self, trajectory: Trajectory) -> dict[str, int]:
        """Size of each observation key in one episode."""
        missing = [key for key in self.observation_keys if key not in trajectory.observations]
        if missing:
            raise DemonstrationError(
                f"observations must have the keys {list(self.observation_keys)}. "
                f"Got: {sorted(trajectory.observations)}."
            )
        return key_dims(trajectory, self.observation_keys)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        keys: Sequence[str] | None = None,
        mask: str | None = None,
        *,
        actions: str = "actions",
        old_robosuite: OldRobosuite = "refuse",
        skip_bad: bool = False,
        cameras: Sequence[str] | None = None,
    ) -> Demonstrations:
        """Load demonstrations of any format in `policies.demonstrations.formats.table.FORMATS`.

        Args:
            path: HDF5 file of robomimic, of this project or of D4RL; a recording; a folder of
                ALOHA's episodes; Diffusion Policy's zarr; or ``"minari:<dataset id>"``.
            keys: Observation keys to read, in order, images only if named here. If None: the order
                stored in the file; else robomimic's usual state keys (each robot's ``eef_pos``,
                ``eef_quat`` and ``gripper_qpos``, then ``object``); else all vectors, in the order
                of the file's space or by name.
            mask: Read only the episodes listed under ``mask/<name>``, such as ``"train"``.
            actions: Which array holds the actions, such as robomimic's ``"actions_abs"``; the
                format's own by default.
            old_robosuite: What to do with a file of a robosuite before 1.5; see
                `policies.demonstrations.robosuite_versions`.
            skip_bad: Leave out bad episodes instead of refusing all because of them; `skipped` has
                them with the reason.
            cameras: Cameras whose frames are wanted; all that there are if empty, none if None.
                The frames stay on the disk. Keys that are not given then leave out robosuite's
                ``object``: who sees is not told where things are.

        Raises:
            DemonstrationError: If there is nothing, or it lacks what imitation needs, is damaged or
                has an old robosuite's conventions.
        """
        if os.fspath(path).startswith(MINARI) and (mask is not None or actions != "actions"):
            raise DemonstrationError("a Minari dataset has no masks and no other actions.")
        with files_held_open(), open_source(path) as source:
            name = source.default_actions if actions == "actions" else actions
            choice = source.choose_keys(keys)
            names, missing = source.select(mask, skip_missing=skip_bad)
            skipped = dict.fromkeys(missing, "listed in the mask and not there")
            seen = () if cameras is None else source.choose_cameras(cameras)
            if seen:
                choice = _beside_pictures(source, choice, keys, seen)
            found = read_episodes(
                source, names, choice.taken, name, None if not skip_bad else skipped, seen
            )
            absolute = is_absolute(name, source.env_args)
            episodes, env_args = adapt_robosuite(
                list(found.values()), source.env_args, old_robosuite, absolute="abs" in name
            )
            if absolute:
                env_args = mark_absolute(env_args)
            low, high = source.action_low, source.action_high
            bounds = None if low is None or high is None else (low, high)
            settings = _settings(source, episodes[0]) if seen else None
            return cls(
                *(episodes, env_args, choice.taken, skipped, choice.left_out),
                *(bounds, settings, source.rate),
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all episodes to a new file, replacing an old one only when it is complete.

        Raises:
            DemonstrationError: If the file cannot be written.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self.picture_settings is not None:  # as large as no memory need be
                partial = path.with_name(f"{path.name}.partial")
                partial.unlink(missing_ok=True)
                self._write(partial)
                os.replace(partial, path)
                return
            # HDF5 writes into memory: a file that a disk has no room for, it cannot even close.
            content = BytesIO()
            self._write(content)
            replace_file(path, content.getbuffer())
        except OSError as error:
            raise DemonstrationError(f"cannot write demonstrations to {path}: {error}.") from error

    def _write(self, where: Path | BytesIO) -> None:
        remarks = {"skipped": dict(self.skipped)} if self.skipped else {}
        with DemonstrationWriter(
            where, self.env_args, self.observation_keys, self.picture_settings
        ) as writer:
            for trajectory in self.trajectories:
                writer.append(trajectory)
            writer.seal(**remarks)


def frame_shapes(trajectory: Trajectory) -> dict[str, tuple[int, ...]]:
    """Return height, width and channels of each camera's frames."""
    return {name: tuple(frames.shape[1:]) for name, frames in trajectory.frames.items()}


def _one_size(frames: Mapping[str, tuple[int, ...]]) -> tuple[int, int]:
    sizes = {(shape[0], shape[1]) for shape in frames.values()}
    if len(sizes) > 1:
        raise DemonstrationError(
            f"all cameras must have frames of one size. Got: {dict(frames)}. Choose some with "
            "--cameras."
        )
    return sizes.pop()


def _settings(source: Source, episode: Trajectory) -> PictureSettings:
    """Return what a file says of its frames, compared with them, or what they say themselves."""
    frames = frame_shapes(episode)
    size, stated = _one_size(frames), source.picture_settings
    if stated is None:
        return PictureSettings(cameras=tuple(frames), image_size=size)
    if stated.image_size != size or not {*frames} <= {*stated.cameras}:
        raise DemonstrationError(
            f"frames must be as picture_settings say, {stated.image_size} of "
            f"{', '.join(stated.cameras)}. Got: {dict(frames)}."
        )
    return stated.select(tuple(frames))


def _beside_pictures(
    source: Source, choice: KeyChoice, keys: Sequence[str] | None, cameras: Sequence[str]
) -> KeyChoice:
    """Choose what a policy is shown beside pictures: what it feels, if nothing else is wished."""
    left_out = {
        key: why
        for key, why in choice.left_out.items()
        if key.removesuffix(IMAGE) not in cameras and key not in cameras
    }
    if keys is not None:
        return KeyChoice(tuple(keys), left_out)
    felt = [key for key in source.felt_keys(choice.taken) if key not in cameras]
    known = dict.fromkeys(choice.taken, "where objects are; name it to show it")
    return KeyChoice(
        tuple(felt), {**left_out, **{k: w for k, w in known.items() if k not in (*felt, *cameras)}}
    )


def key_dims(trajectory: Trajectory, keys: Sequence[str]) -> dict[str, int]:
    """Return the size of each key's values in one step."""
    return {key: math.prod(trajectory.observations[key].shape[1:]) for key in keys}


def read_episodes(
    source: Source,
    names: Sequence[str],
    keys: Sequence[str],
    actions: str,
    skipped: dict[str, str] | None = None,
    cameras: Sequence[str] = (),
) -> dict[str, Trajectory]:
    """Read episodes, and sort out those that cannot be imitated or have other sizes than most.

    Args:
        source: Where they are.
        names: Which.
        keys: Observation keys, in order.
        actions: Name of the array that holds the actions.
        skipped: Is given bad episodes with the reason; the first one is raised if this is None.
        cameras: Cameras whose frames are wanted.

    Raises:
        DemonstrationError: An episode is bad, or all are.
    """
    found: dict[str, Trajectory] = {}
    for name in names:
        try:
            found[name] = read_trajectory(source.episode(name), keys, actions, cameras)
        except DemonstrationError as error:
            if skipped is None:
                raise DemonstrationError(f"{error}{_SKIP if len(names) > 1 else ''}") from error
            skipped[name] = str(error).removeprefix(f"{name}: ")
    sizes = {
        n: (
            *key_dims(t, keys).items(),
            ("actions", t.actions.shape[1]),
            *((f"{camera}'s frames", shape) for camera, shape in frame_shapes(t).items()),
        )
        for n, t in found.items()
    }
    if len({*sizes.values()}) > 1:
        usual = Counter(sizes.values()).most_common(1)[0][0]
        odd = {
            name: f"must have as many numbers per step as most, {dict(usual)}. Got: {dict(size)}"
            for name, size in sizes.items()
            if size != usual
        }
        if skipped is None:
            name, reason = next(iter(odd.items()))
            raise DemonstrationError(
                "all episodes must have the same observation and action sizes. "
                f"{name} {reason}.{_SKIP}"
            )
        skipped |= odd
        found = {name: episode for name, episode in found.items() if name not in odd}
    if not found:
        bad = skipped or {}
        first = next(iter(bad.items()), ("", "there are none"))
        raise DemonstrationError(
            f"there must be an episode that can be imitated. Got: {len(bad)} bad ones; "
            f"{first[0]}: {first[1]}"
        )
    return found

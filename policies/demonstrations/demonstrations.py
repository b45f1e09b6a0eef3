"""Demonstrations in robomimic's HDF5 layout, read and written without torch.

``data/demo_i/{obs/<key>, actions, rewards, dones}`` with ``num_samples`` on each episode, ``total``
and ``env_args`` (JSON) on ``data``, and optional lists of episode names under ``mask``
(https://robomimic.github.io/docs/datasets/overview.html). Minari's datasets can be read as well.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from policies.demonstrations.robomimic import read_episodes
from policies.demonstrations.robosuite_versions import OldRobosuite, adapt_robosuite
from policies.demonstrations.trajectory import Trajectory
from policies.demonstrations.writer import DemonstrationWriter
from policies.errors import DemonstrationError

MINARI = "minari:"
"""Prefix of a Minari dataset's name, where a file could be given as well."""


@dataclass(frozen=True)
class Demonstrations:
    """Episodes of one task, with their success, observation keys and environment's arguments.

    Attributes:
        trajectories: The episodes, in the order of their numbers.
        env_args: robomimic's description of the environment; empty if the file has none.
        observation_keys: The keys that make the flat observation, in this order.
    """

    trajectories: tuple[Trajectory, ...]
    env_args: dict[str, Any]
    observation_keys: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.trajectories:
            raise DemonstrationError("demonstrations must hold at least one episode. Got: none.")
        sizes = {(tuple(self.key_dims(t).items()), t.actions.shape[1]) for t in self.trajectories}
        if len(sizes) > 1:
            raise DemonstrationError(
                f"all episodes must have the same observation and action sizes. Got: {sizes}."
            )

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
        shapes = {key: trajectory.observations[key].shape[1:] for key in self.observation_keys}
        return {key: math.prod(shape) for key, shape in shapes.items()}

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        keys: Sequence[str] | None = None,
        mask: str | None = None,
        *,
        actions: str = "actions",
        old_robosuite: OldRobosuite = "refuse",
    ) -> Demonstrations:
        """Load a file written here or by robomimic, or a dataset of Minari.

        Args:
            path: HDF5 file, or ``"minari:<dataset id>"``.
            keys: Observation keys to read, in order, images only if named here. If None: the order
                stored in the file; else robomimic's usual state keys (each robot's ``eef_pos``,
                ``eef_quat`` and ``gripper_qpos``, then ``object``); else all vectors by name.
            mask: Read only the episodes listed under ``mask/<name>``, such as ``"train"``.
            actions: Which dataset holds the actions, such as robomimic's ``"actions_abs"``.
            old_robosuite: What to do with a file of a robosuite before 1.5; see
                `policies.demonstrations.robosuite_versions`.

        Raises:
            DemonstrationError: If the file is missing, not HDF5, lacks what imitation needs or has
                an old robosuite's conventions.
        """
        if str(path).startswith(MINARI):
            from policies.demonstrations.minari import read_minari

            if mask is not None or actions != "actions":
                raise DemonstrationError("a Minari dataset has no masks and no other actions.")
            return cls(*read_minari(str(path)[len(MINARI) :], keys))
        if not Path(path).is_file():
            raise DemonstrationError(f"demonstrations must be an HDF5 file. Got no file at {path}.")
        try:
            with h5py.File(path, "r") as file:
                trajectories, env_args, order = read_episodes(file, keys, mask, actions)
            return cls(*adapt_robosuite(trajectories, env_args, old_robosuite), order)
        except OSError as error:
            raise DemonstrationError(f"{path} must be a complete HDF5 file: {error}.") from error
        except DemonstrationError as error:
            raise DemonstrationError(f"{path}: {error}") from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all episodes to a new file, replacing an old one only when it is complete.

        Raises:
            DemonstrationError: If the file cannot be written.
        """
        path = Path(path)
        partial = path.with_name(f"{path.name}.partial")
        try:
            partial.unlink(missing_ok=True)
            with DemonstrationWriter(partial, self.env_args, self.observation_keys) as writer:
                for trajectory in self.trajectories:
                    writer.append(trajectory)
                writer.seal()
            os.replace(partial, path)
        except OSError as error:
            raise DemonstrationError(f"cannot write demonstrations to {path}: {error}.") from error

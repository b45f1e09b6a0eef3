"""Absolute actions of robomimic's files: marked as such, and written in ten numbers per arm.

robomimic's ``actions_abs`` has per arm position [m], axis times angle [rad] and gripper, in the
world's frame. The environments' ``action="absolute"`` takes position, the first two rows of the
rotation matrix, and gripper: a network can learn rows, while angles jump where they turn over.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError

AXIS_ANGLE, ROWS = 7, 10
"""Numbers per arm, in robomimic's files and in the environments."""
_ROBOSUITE = 1
_FAR = 0.5
"""Distance between a hand and where it is sent that no single step has [m]."""


def is_absolute(name: str, env_args: dict[str, Any]) -> bool:
    """Tell by an array's name, and by the description of the file, whether actions are absolute.

    >>> is_absolute("actions_abs", {"type": 1}), is_absolute("actions", {"type": 1})
    (True, False)
    """
    return env_args.get("type") == _ROBOSUITE and ("abs" in name or marked(env_args))


def marked(env_args: dict[str, Any]) -> bool:
    """Tell whether a robosuite file's description says that its actions are absolute."""
    parts = [part for config in _configs(env_args) for part in _parts(config)]
    absolute = [
        part.get("input_type") == "absolute" or part.get("control_delta") is False for part in parts
    ]
    return env_args.get("action") == "absolute" or any(absolute)


def mark_absolute(env_args: dict[str, Any]) -> dict[str, Any]:
    """Return a robosuite file's description that says that its actions are absolute.

    Args:
        env_args: robomimic's description of the environment, with the controllers' settings.

    >>> old = {"type": 1, "env_kwargs": {"controller_configs": {"control_delta": True}}}
    >>> mark_absolute(old)["env_kwargs"]
    {'controller_configs': {'control_delta': False}}
    """
    changed = copy.deepcopy(env_args)
    for config in _configs(changed):
        for part in _parts(config):
            if "body_parts" not in config:
                part["control_delta"] = False
            elif part.get("type") == "OSC_POSE":
                part |= {"input_type": "absolute", "input_ref_frame": "world"}
    return {**changed, "action": "absolute"}


def to_rows(trajectories: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """Convert absolute actions from seven numbers per arm to ten.

    Args:
        trajectories: Episodes whose actions have shape ``(T, 7 N)`` for N arms.

    Returns:
        The same with actions of shape ``(T, 10 N)``, float32.

    Raises:
        DemonstrationError: There are not seven numbers per arm.
    """
    return tuple(replace(t, actions=axis_angle_to_rows(t.actions)) for t in trajectories)


def axis_angle_to_rows(actions: np.ndarray) -> np.ndarray:
    """Convert actions ``(..., 7 N)`` with axis times angle to ``(..., 10 N)``, float32.

    Raises:
        DemonstrationError: There are not seven numbers per arm.

    >>> axis_angle_to_rows(np.array([0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])).round(1).tolist()[3:9]
    [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    """
    from scipy.spatial.transform import Rotation

    size = actions.shape[-1]
    if size == 0 or size % AXIS_ANGLE:
        raise DemonstrationError(
            f"absolute actions must have {AXIS_ANGLE} numbers per arm: position, axis times angle, "
            f"gripper. Got: {size} numbers."
        )
    arms = np.asarray(actions, np.float64).reshape(*actions.shape[:-1], -1, AXIS_ANGLE)
    turns = Rotation.from_rotvec(arms[..., 3:6].reshape(-1, 3)).as_matrix()[:, :2]
    rows = turns.reshape(*arms.shape[:-1], 6)
    joined = np.concatenate([arms[..., :3], rows, arms[..., 6:]], axis=-1)
    return joined.reshape(*actions.shape[:-1], -1).astype(np.float32)


def frame_notes(trajectories: Sequence[Trajectory], size: int) -> list[str]:
    """Say if absolute positions are far from the hands, as those in another frame are.

    Args:
        trajectories: Episodes with absolute actions; their hands' positions are looked for under
            ``robot<i>_eef_pos``.
        size: Numbers per arm.
    """
    notes = []
    for arm in range(trajectories[0].actions.shape[1] // size):
        key = f"robot{arm}_eef_pos"
        seen = [t for t in trajectories if key in t.observations]
        if not seen:
            continue
        sent = np.concatenate([t.actions[:, size * arm : size * arm + 3] for t in seen])
        hand = np.concatenate([t.observations[key] for t in seen])
        far = float(np.median(np.linalg.norm(sent - hand, axis=1)))
        if far > _FAR:
            notes.append(
                f"absolute positions of arm {arm} are {far:.1f} m from {key}, where a step is "
                "centimetres: they seem to be in another frame than the world's, for example the "
                "robot's base, and the environment would send the hand elsewhere"
            )
    return notes


def _configs(env_args: dict[str, Any]) -> list[dict[str, Any]]:
    kwargs = env_args.get("env_kwargs")
    configs = kwargs.get("controller_configs") if isinstance(kwargs, dict) else None
    listed = configs if isinstance(configs, list) else [configs]
    return [config for config in listed if isinstance(config, dict)]


def _parts(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arms' settings of a controller, in the old form as in the new."""
    parts = config.get("body_parts", {"arm": config})
    found = parts.values() if isinstance(parts, dict) else []
    return [part for part in found if isinstance(part, dict)]

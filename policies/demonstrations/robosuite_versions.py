"""Demonstrations of robosuite before 1.5: differences in convention, detected and converted.

Found by comparing the sources of robosuite 1.4.1 and 1.5.2:

* ``object`` holds the same numbers in another order, and Lift's ``gripper_to_cube_pos`` has the
  opposite sign;
* actions are meant in the frame of the robot's base instead of the world's, which differs for
  robots that are turned, as in two-arm tasks (``input_ref_frame``);
* the controllers' ``control_delta`` is called ``input_type`` and a ``control_delta`` is ignored;
* the Panda's fingers move by 0.2 per control step instead of 25 times 0.01 per substep, an action
  without rotation no longer holds the last orientation asked for, and physics are "lite".

The first two can be undone, the last can not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from policies.demonstrations.trajectory import Trajectory
from policies.errors import DemonstrationError

OldRobosuite = Literal["refuse", "convert", "keep"]

_ROBOSUITE = 1
_POSES = {"cube_pos": 3, "cube_quat": 4, "gripper_to_cube_pos": 3}
_HELD = {"pos": 3, "quat": 4, "to_eef_pos": 3, "to_eef_quat": 4}
_CUBES = {"cubeA_pos": 3, "cubeA_quat": 4, "cubeB_pos": 3, "cubeB_quat": 4}
_TRANSPORT = {"payload": 7, "trash": 7, "lid_handle": 7, "target_bin": 3, "trash_bin": 3}
_OBJECT: dict[str, tuple[dict[str, int], tuple[str, ...]]] = {
    "Lift": (_POSES, ("cube_pos", "cube_quat", "-gripper_to_cube_pos")),
    "PickPlaceCan": (_HELD, ("to_eef_pos", "to_eef_quat", "pos", "quat")),
    "NutAssemblySquare": (_HELD, ("to_eef_pos", "to_eef_quat", "pos", "quat")),
    "Stack": (
        {**_CUBES, "grippers": 6, "cubeA_to_cubeB": 3},
        (*_CUBES, "cubeA_to_cubeB", "grippers"),
    ),
    "TwoArmTransport": (
        {**_TRANSPORT, "grippers": 12, "done": 2},
        (*_TRANSPORT, "done", "grippers"),
    ),
}
"""By task: sizes of the parts of ``object`` in 1.4, in order, and the order in 1.5."""


def robosuite_differences(env_args: dict[str, Any]) -> list[str]:
    """Say in which way a file's conventions are not those of robosuite 1.5.

    Args:
        env_args: robomimic's description of the environment.

    Returns:
        Sentences; none if the file is of robosuite 1.5 or of another simulator.

    Example:
        >>> robosuite_differences({"type": 1, "env_name": "Lift", "env_version": "1.5.2"})
        []
        >>> robosuite_differences({"type": 1, "env_name": "Lift", "env_version": "1.4.1"})[0]
        'it was recorded with robosuite 1.4.1'
    """
    if env_args.get("type") != _ROBOSUITE:
        return []
    version = _version(env_args)
    parts = _controllers(env_args)
    flat = any("body_parts" not in config for config in _configs(env_args))
    if version >= (1, 5) or not (version or flat):
        # An absolute pose says in its own settings what it is relative to.
        delta = [part for part in parts if part.get("input_type") != "absolute"]
        world = any(part.get("input_ref_frame") == "world" for part in delta)
        if world and _robots(env_args) > 1:
            return ["its two robots are turned and its actions are meant in the world's frame"]
        return []
    written = env_args.get("env_version", "before 1.5 (its controller settings are flat)")
    found = [
        f"it was recorded with robosuite {written}",
        "'object' is ordered in another way"
        + (" and gripper_to_cube_pos points the other way" * (env_args.get("env_name") == "Lift")),
        "fingers, held orientations and physics behave a little differently",
    ]
    if _robots(env_args) > 1:
        found.insert(2, "actions are meant in the world's frame and not in that of each base")
    if any(part.get("control_delta") is False for part in parts):
        found.insert(2, "actions are absolute poses, which control_delta no longer asks for")
    return found


def adapt_robosuite(
    trajectories: Sequence[Trajectory],
    env_args: dict[str, Any],
    how: OldRobosuite,
    *,
    absolute: bool = False,
) -> tuple[tuple[Trajectory, ...], dict[str, Any]]:
    """Refuse, convert or keep episodes whose conventions are not those of robosuite 1.5.

    Args:
        trajectories: Episodes.
        env_args: robomimic's description of their environment.
        how: ``"convert"`` orders ``object`` and turns the actions' frame, which is all that can
            be done without the simulator.
        absolute: Whether the actions are absolute poses beside the file's own deltas: they are
            meant in the world's frame in every version.

    Returns:
        The episodes and the description that fits them.

    Raises:
        DemonstrationError: If they are refused, or cannot be converted.
    """
    differences = robosuite_differences(env_args)
    if not differences or how == "keep":
        return tuple(trajectories), env_args
    if how == "refuse":
        raise DemonstrationError(
            f"demonstrations must follow robosuite 1.5, but {'; '.join(differences)}. Take "
            "robomimic's own v1.5 files, or convert what can be converted: python -m "
            "policies.convert OLD.hdf5 NEW.hdf5 --old-robosuite convert."
        )
    _check_convertible(env_args)
    converted = tuple(_convert(trajectory, env_args, absolute) for trajectory in trajectories)
    kwargs = {k: v for k, v in env_args["env_kwargs"].items() if k != "controller_configs"}
    changed = {**env_args, "env_version": "1.5", "env_kwargs": kwargs, "converted_from": env_args}
    return converted, changed


def _check_convertible(env_args: dict[str, Any]) -> None:
    task, version = env_args.get("env_name"), _version(env_args)
    if version < (1, 4):
        raise DemonstrationError(
            "only files of robosuite 1.4 can be converted. Got: env_version "
            f"{env_args.get('env_version')}. Take robomimic's own v1.5 files."
        )
    if version < (1, 5) and task not in _OBJECT:
        raise DemonstrationError(f"only {sorted(_OBJECT)} can be converted. Got: {task}.")
    if any(
        p.get("control_delta") is False or p.get("type") != "OSC_POSE"
        for p in _controllers(env_args)
    ):
        raise DemonstrationError(
            "only delta actions of OSC_POSE can be converted. Got controller settings "
            f"{env_args['env_kwargs'].get('controller_configs')}."
        )
    configuration = env_args["env_kwargs"].get("env_configuration", "default")
    if _robots(env_args) > 1 and configuration not in ("default", "opposed", "single-arm-opposed"):
        raise DemonstrationError(
            f"only robots that face each other can be converted. Got: {configuration}."
        )


def _convert(trajectory: Trajectory, env_args: dict[str, Any], absolute: bool) -> Trajectory:
    observations = dict(trajectory.observations)
    if "object" in observations and _version(env_args) < (1, 5):
        observations["object"] = _reorder(observations["object"], env_args["env_name"])
    actions = trajectory.actions.copy()
    if _robots(env_args) == 2 and not absolute:
        # The first base is turned by +90 degrees about z, the second by -90; 7 numbers each.
        for start, sign in ((0, 1.0), (3, 1.0), (7, -1.0), (10, -1.0)):
            x, y = trajectory.actions[:, start], trajectory.actions[:, start + 1]
            actions[:, start], actions[:, start + 1] = sign * y, -sign * x
    return replace(trajectory, observations=observations, actions=actions)


def _reorder(values: np.ndarray, task: str) -> np.ndarray:
    sizes, order = _OBJECT[task]
    if values.shape[1] != sum(sizes.values()):
        raise DemonstrationError(
            f"'object' of {task} must have {sum(sizes.values())} numbers. Got: {values.shape[1]}."
        )
    ends = np.cumsum(list(sizes.values()))[:-1]
    parts = dict(zip(sizes, np.split(values, ends, axis=1), strict=True))
    columns = [-parts[name[1:]] if name[0] == "-" else parts[name] for name in order]
    return np.concatenate(columns, axis=1)


def _version(env_args: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", str(env_args.get("env_version") or ""))[:2])


def _robots(env_args: dict[str, Any]) -> int:
    robots = env_args.get("env_kwargs", {}).get("robots", "Panda")
    return len(robots) if isinstance(robots, list) else 1


def _configs(env_args: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one controller configuration per robot, or one for all."""
    configs = env_args.get("env_kwargs", {}).get("controller_configs") or []
    listed = configs if isinstance(configs, list) else [configs]
    return [config for config in listed if isinstance(config, dict)]


def _controllers(env_args: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the settings of the arms' controllers, in the old form as in the new."""
    found = [config.get("body_parts", {"arm": config}) for config in _configs(env_args)]
    parts = [part for parts in found if isinstance(parts, dict) for part in parts.values()]
    return [part for part in parts if isinstance(part, dict)]

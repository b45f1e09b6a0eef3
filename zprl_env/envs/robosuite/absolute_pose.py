"""Absolute pose actions for robosuite: the hands' goals in the world instead of their motions.

An action is ten numbers per arm: the position of the gripper's fingertips in the world [m], the
first two rows of its rotation matrix (Zhou et al. 2019, continuous where angles are not; rows, as
in Diffusion Policy and PyTorch3D), and the gripper, -1 open to 1 closed. robosuite takes seven
numbers per arm: position, axis times angle [rad], gripper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from zprl_env.envs.robosuite.quiet import quiet_robosuite
from zprl_env.errors import ConfigurationError, InvalidActionError

SIZE, ROBOSUITE_SIZE = 10, 7
"""Numbers per arm, here and in robosuite."""
REACH = np.array([[-0.9, -0.9, -0.4], [0.9, 0.9, 0.9]])
"""Corners of the box that a hand may be sent to, from the arm's base [m]."""
PARALLEL = 1e-6
"""Length below which a row, or its addition to the other one, says nothing about a direction."""


def absolute_controllers(robots: str | Sequence[str]) -> list[dict[str, Any]]:
    """Return the ``controller_configs`` of ``robosuite.make`` for absolute goals in the world.

    They are each robot's own controllers, with the same gains; only what an action means differs.

    Args:
        robots: Names of robosuite's robots, in the environment's order.

    >>> [controller] = absolute_controllers("Panda")
    >>> right = controller["body_parts"]["right"]
    >>> right["type"], right["input_type"], right["input_ref_frame"]
    ('OSC_POSE', 'absolute', 'world')
    """
    with quiet_robosuite():
        from robosuite.controllers import load_composite_controller_config

        names = [robots] if isinstance(robots, str) else robots
        configs = [load_composite_controller_config(robot=name) for name in names]
    for config in configs:
        for part in config["body_parts"].values():
            if part["type"] == "OSC_POSE":
                part.update(input_type="absolute", input_ref_frame="world")
    return configs


def action_bounds(env: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and the largest absolute actions of an environment.

    Args:
        env: A robosuite environment.

    Returns:
        Two arrays of shape ``(10 N,)`` for N arms: positions within `REACH` of each arm's base,
        everything else in [-1, 1].

    Raises:
        ConfigurationError: A robot has anything but one arm with a gripper of one number.
    """
    low, high = -np.ones((len(env.robots), SIZE)), np.ones((len(env.robots), SIZE))
    for arm, robot in enumerate(env.robots):
        if len(robot.arms) != 1 or robot.action_dim != ROBOSUITE_SIZE:
            raise ConfigurationError(
                f"absolute actions need robots with one arm and {ROBOSUITE_SIZE} numbers to "
                f"command, got {robot.name} with {len(robot.arms)} and {robot.action_dim}; use "
                "delta actions"
            )
        low[arm, :3], high[arm, :3] = REACH + robot.base_pos
    return low.ravel(), high.ravel()


def to_robosuite(actions: np.ndarray) -> np.ndarray:
    """Convert absolute actions into robosuite's.

    Rows that are not orthonormal, as a network gives them, are made so by Gram and Schmidt's
    method: the first keeps its direction, the second the part at right angles to the first.

    Args:
        actions: Shape ``(..., 10 N)`` for N arms.

    Returns:
        Shape ``(..., 7 N)``, float64.

    Raises:
        InvalidActionError: The size is wrong, or a rotation's rows are zero or parallel.

    >>> to_robosuite(np.array([0.1, 0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 1.0, 0.0, 1.0])).tolist()
    [0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    """
    arms = _by_arm(actions, SIZE)
    rows = arms[..., 3:9].reshape(-1, 2, 3)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    first, second = np.moveaxis(rows / np.maximum(lengths, PARALLEL), 1, 0)
    second = second - np.sum(first * second, axis=-1, keepdims=True) * first
    rest = np.linalg.norm(second, axis=-1, keepdims=True)
    degenerate = (lengths < PARALLEL).any(axis=(1, 2)) | (rest[:, 0] < PARALLEL)
    if degenerate.any():
        raise InvalidActionError(
            "the two rows of a rotation must be neither zero nor parallel, got "
            f"{rows[degenerate][0].tolist()}; the unturned rotation is 1, 0, 0, 0, 1, 0"
        )
    second = second / rest
    matrices = np.stack([first, second, np.cross(first, second)], axis=1)
    turns = Rotation.from_matrix(matrices).as_rotvec().reshape(*arms.shape[:-1], 3)
    return _joined(arms[..., :3], turns, arms[..., 9:])


def from_robosuite(actions: np.ndarray) -> np.ndarray:
    """Convert robosuite's absolute actions into ours; the inverse of `to_robosuite`.

    Args:
        actions: Shape ``(..., 7 N)`` for N arms.

    Returns:
        Shape ``(..., 10 N)``, float64.

    Raises:
        InvalidActionError: The size is wrong.

    >>> from_robosuite(np.array([0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])).tolist()
    [0.1, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]
    """
    arms = _by_arm(actions, ROBOSUITE_SIZE)
    matrices = Rotation.from_rotvec(arms[..., 3:6].reshape(-1, 3)).as_matrix()
    return from_poses(arms[..., :3], matrices.reshape(*arms.shape[:-1], 3, 3), arms[..., 6])


def from_poses(positions: np.ndarray, rotations: np.ndarray, grips: np.ndarray) -> np.ndarray:
    """Write poses of N hands as absolute actions.

    Args:
        positions: Of the fingertips, in the world. Shape ``(..., N, 3)``. [m]
        rotations: Of robosuite's ``grip_site``, in the world. Shape ``(..., N, 3, 3)``.
        grips: -1 open to 1 closed. Shape ``(..., N)``.

    Returns:
        Shape ``(..., 10 N)``.
    """
    rows = rotations[..., :2, :].reshape(*rotations.shape[:-2], 6)
    return _joined(positions, rows, np.asarray(grips)[..., None])


def from_deltas(
    env: Any, observations: Mapping[str, np.ndarray], actions: np.ndarray
) -> np.ndarray:
    """Convert a demonstration's delta actions into the absolute ones that set the same goals.

    Args:
        env: A robosuite environment of the same task, with delta actions; reset at least once.
        observations: What was observed before each action, by key: positions and quaternions of
            the hands. Shape ``(T, n)`` each.
        actions: The delta actions. Shape ``(T, 7 N)`` for N arms.

    Returns:
        Shape ``(T, 10 N)``. robomimic's files call these ``actions_abs``, with axis times angle.

    Raises:
        InvalidActionError: The size is wrong.
    """
    deltas = _by_arm(actions, ROBOSUITE_SIZE)
    positions, rotations = np.empty((*deltas.shape[:-1], 3)), np.empty((*deltas.shape[:-1], 3, 3))
    data = env.sim.data
    for arm, robot in enumerate(env.robots):
        [name] = robot.arms
        controller, prefix = robot.part_controllers[name], robot.robot_model.naming_prefix
        delta = np.clip(deltas[:, arm, :6], controller.input_min, controller.input_max)
        delta = delta * controller.output_max
        base = Rotation.from_matrix(np.eye(3))
        if controller.input_ref_frame == "base":
            base = Rotation.from_matrix(controller.origin_ori)
        # Observed is the wrist, and commanded are the fingers, that it is screwed to at an angle.
        wrist = Rotation.from_matrix(data.get_body_xmat(robot.robot_model.eef_name[name]))
        fingers = Rotation.from_matrix(data.get_site_xmat(controller.ref_name))
        hand = Rotation.from_quat(observations[f"{prefix}eef_quat"]) * (wrist.inv() * fingers)
        turn = base * Rotation.from_rotvec(delta[:, 3:]) * base.inv()
        positions[:, arm] = observations[f"{prefix}eef_pos"] + base.apply(delta[:, :3])
        rotations[:, arm] = (turn * hand).as_matrix()
    return from_poses(positions, rotations, deltas[..., 6])


def _by_arm(actions: np.ndarray, size: int) -> np.ndarray:
    """Return actions of shape ``(..., size N)`` as ``(..., N, size)``, float64."""
    actions = np.asarray(actions, dtype=np.float64)
    if actions.ndim == 0 or actions.shape[-1] == 0 or actions.shape[-1] % size:
        raise InvalidActionError(
            f"an action must have {size} numbers for each arm, got shape {actions.shape}"
        )
    return actions.reshape(*actions.shape[:-1], -1, size)


def _joined(*parts: np.ndarray) -> np.ndarray:
    """Return arrays of shape ``(..., N, n)`` side by side, all arms in one row."""
    joined = np.concatenate(parts, axis=-1)
    return joined.reshape(*joined.shape[:-2], -1)

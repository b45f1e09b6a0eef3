"""Cartesian impedance control of a simulated arm, compiled."""

from __future__ import annotations

import numpy as np

from policies.compiling import compiled
from zprl_env.envs.robosuite.operational_space import apply_torques

BEYOND = 10**9
"""More than any motor does [N m]."""


@compiled
def follow(
    qpos: np.ndarray,
    qvel: np.ndarray,
    bias: np.ndarray,
    ctrl: np.ndarray,
    mass: np.ndarray,
    jacobian: np.ndarray,
    position: np.ndarray,
    rotation: np.ndarray,
    goal: np.ndarray,
    command: np.ndarray,
    share: float,
    posture: np.ndarray,
    stiffness: np.ndarray,
    damping: np.ndarray,
    limits: np.ndarray,
    qpos_index: np.ndarray,
    qvel_index: np.ndarray,
    ctrl_index: np.ndarray,
) -> None:
    """Move the goal some way towards the command, and write the torques that pull the hand there.

    A Cartesian spring and damper with the inertia made even, gravity compensated and the posture
    held in the nullspace; see `zprl_env.envs.robosuite.operational_space.apply_torques`, whose
    arguments these are but for three: ``goal``, the position [m] and quaternion that the spring is
    fixed to, shape ``(7,)``, written to; ``command``, where the goal is to go, likewise; and
    ``share``, how much of that way it goes now. Where the arm is singular it is damped and held
    against gravity.

    Where a motor would have to do more than it can, all of them pull less, in the same direction:
    clipped one by one they would pull the hand elsewhere, and a tool that is pressed against
    something would be thrown over.
    """
    sign = 1.0 if np.dot(goal[3:], command[3:]) >= 0.0 else -1.0
    norm = 0.0
    for i in range(7):
        towards = command[i] if i < 3 else sign * command[i]
        goal[i] += share * (towards - goal[i])
        if i >= 3:
            norm += goal[i] * goal[i]
    goal[3:] /= np.sqrt(norm)
    w, x, y, z = goal[3:]
    matrix = np.empty((3, 3))
    matrix[0] = 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)
    matrix[1] = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)
    matrix[2] = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
    unlimited = np.empty_like(limits)
    unlimited[0], unlimited[1] = -BEYOND, BEYOND
    if apply_torques(
        qpos,
        qvel,
        bias,
        ctrl,
        mass,
        jacobian,
        position,
        rotation,
        goal[:3],
        matrix,
        posture,
        stiffness,
        damping,
        unlimited,
        qpos_index,
        qvel_index,
        ctrl_index,
    ):
        _weaken(bias, ctrl, limits, qvel_index, ctrl_index)
    else:
        for i in range(qvel_index.shape[0]):
            torque = bias[qvel_index[i]] - 5.0 * qvel[qvel_index[i]]
            ctrl[ctrl_index[i]] = min(max(torque, limits[0, i]), limits[1, i])


@compiled
def _weaken(
    bias: np.ndarray,
    ctrl: np.ndarray,
    limits: np.ndarray,
    qvel_index: np.ndarray,
    ctrl_index: np.ndarray,
) -> None:
    """Weaken what pulls beside gravity, until no motor does more than it can."""
    weaker = 1.0
    for i in range(qvel_index.shape[0]):
        held, torque = bias[qvel_index[i]], ctrl[ctrl_index[i]]
        if torque > limits[1, i]:
            weaker = min(weaker, max(limits[1, i] - held, 0.0) / (torque - held))
        elif torque < limits[0, i]:
            weaker = min(weaker, max(held - limits[0, i], 0.0) / (held - torque))
    if weaker < 1.0:
        for i in range(qvel_index.shape[0]):
            held = bias[qvel_index[i]]
            torque = held + weaker * (ctrl[ctrl_index[i]] - held)
            ctrl[ctrl_index[i]] = min(max(torque, limits[0, i]), limits[1, i])


@compiled
def hold_joints(
    qpos: np.ndarray,
    qvel: np.ndarray,
    bias: np.ndarray,
    ctrl: np.ndarray,
    mass: np.ndarray,
    posture: np.ndarray,
    limits: np.ndarray,
    qpos_index: np.ndarray,
    qvel_index: np.ndarray,
    ctrl_index: np.ndarray,
) -> None:
    """Write the torques that pull the joints to a posture; arguments as `follow` has them."""
    joints = qvel_index.shape[0]
    for i in range(joints):
        torque = bias[qvel_index[i]]
        for j in range(joints):
            error = posture[j] - qpos[qpos_index[j]]
            acceleration = 400.0 * error - 40.0 * qvel[qvel_index[j]]
            torque += mass[qvel_index[i], qvel_index[j]] * acceleration
        ctrl[ctrl_index[i]] = min(max(torque, limits[0, i]), limits[1, i])

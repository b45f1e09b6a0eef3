"""The torques of operational-space control, compiled."""

from __future__ import annotations

import numpy as np

from policies.compiling import compiled

SINGULAR = 1e-12
"""Pivot over diagonal at and below which a matrix counts as singular."""


@compiled
def _factor(matrix: np.ndarray) -> bool:
    """Replace a matrix's lower triangle by its Cholesky factor; False if it is singular."""
    for j in range(matrix.shape[0]):
        diagonal = matrix[j, j]
        for i in range(j, matrix.shape[0]):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
        if not matrix[j, j] > SINGULAR * diagonal:
            return False
        matrix[j, j] = np.sqrt(matrix[j, j])
        for i in range(j + 1, matrix.shape[0]):
            matrix[i, j] /= matrix[j, j]
    return True


@compiled
def _solve(lower: np.ndarray, vector: np.ndarray) -> None:
    """Replace a vector x by L^-T L^-1 x."""
    size = vector.shape[0]
    for i in range(size):
        for k in range(i):
            vector[i] -= lower[i, k] * vector[k]
        vector[i] /= lower[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            vector[i] -= lower[k, i] * vector[k]
        vector[i] /= lower[i, i]


@compiled
def _of_the_arm(
    mass: np.ndarray, jacobian: np.ndarray, qvel_index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Joint-space inertia and hand's Jacobian of the arm, out of the whole model's."""
    joints = qvel_index.shape[0]
    arm_mass = np.empty((joints, joints))
    arm_jacobian = np.empty((6, joints))
    for i in range(joints):
        for j in range(joints):
            arm_mass[i, j] = mass[qvel_index[i], qvel_index[j]]
        for row in range(6):
            arm_jacobian[row, i] = jacobian[row, qvel_index[i]]
    return arm_mass, arm_jacobian


@compiled
def _wrench(
    qvel: np.ndarray,
    jacobian: np.ndarray,
    position: np.ndarray,
    rotation: np.ndarray,
    goal_position: np.ndarray,
    goal_rotation: np.ndarray,
    stiffness: np.ndarray,
    damping: np.ndarray,
) -> np.ndarray:
    """Force f and torque t on the hand: a spring to the goal and a damper to rest."""
    error = np.zeros(6)
    for i in range(3):
        error[i] = goal_position[i] - position[i]
    for column in range(3):
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            error[3 + i] += 0.5 * (
                rotation[3 * j + column] * goal_rotation[k, column]
                - rotation[3 * k + column] * goal_rotation[j, column]
            )
    wrench = np.empty(6)
    for row in range(6):
        velocity = 0.0
        for i in range(qvel.shape[0]):
            velocity += jacobian[row, i] * qvel[i]
        wrench[row] = stiffness[row] * error[row] - damping[row] * velocity
    return wrench


@compiled
def _towards_posture(
    qpos: np.ndarray,
    qvel: np.ndarray,
    posture: np.ndarray,
    qpos_index: np.ndarray,
    qvel_index: np.ndarray,
) -> np.ndarray:
    """Acceleration of the joints by themselves, a, towards the posture that they prefer."""
    joints = qvel_index.shape[0]
    stiffness_joint = 10.0
    damping_joint = 2.0 * np.sqrt(stiffness_joint)
    acceleration = np.empty(joints)
    for i in range(joints):
        offset = posture[i] - qpos[qpos_index[i]]
        acceleration[i] = stiffness_joint * offset - damping_joint * qvel[qvel_index[i]]
    return acceleration


@compiled
def _inverse_inertia(lower: np.ndarray, jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of the hand's inertia, J M^-1 J^T = (L^-1 J^T)^T (L^-1 J^T), whole and in blocks.

    In the second, position and orientation are decoupled.
    """
    joints = lower.shape[0]
    half = jacobian.copy()
    for row in range(6):
        for i in range(joints):
            for k in range(i):
                half[row, i] -= lower[i, k] * half[row, k]
            half[row, i] /= lower[i, i]
    full, blocks = np.zeros((6, 6)), np.zeros((6, 6))
    for i in range(6):
        for j in range(6):
            for k in range(joints):
                full[i, j] += half[i, k] * half[j, k]
            if (i < 3) == (j < 3):
                blocks[i, j] = full[i, j]
    return full, blocks


@compiled
def apply_torques(
    qpos: np.ndarray,
    qvel: np.ndarray,
    bias: np.ndarray,
    ctrl: np.ndarray,
    mass: np.ndarray,
    jacobian: np.ndarray,
    position: np.ndarray,
    rotation: np.ndarray,
    goal_position: np.ndarray,
    goal_rotation: np.ndarray,
    posture: np.ndarray,
    stiffness: np.ndarray,
    damping: np.ndarray,
    limits: np.ndarray,
    qpos_index: np.ndarray,
    qvel_index: np.ndarray,
    ctrl_index: np.ndarray,
) -> bool:
    """Write the torques that pull one hand towards its goal into ``ctrl``.

    Khatib (1987), with position and orientation decoupled and the posture held in the nullspace,
    as robosuite's ``OperationalSpaceController`` with a fixed base computes them::

        tau = J^T [Lambda_p f; Lambda_o t] + bias + N^T M (k_q (q_0 - q) - 2 sqrt(k_q) dq)

    robosuite forms M^-1, three Lambdas and N; here each is applied by a Cholesky factorisation,
    with the same result up to rounding, since N^T M a = M a - J^T Lambda J a.

    Args:
        qpos: Joint positions of the whole model. Shape ``(nq,)``.
        qvel: Joint velocities of the whole model. Shape ``(nv,)``.
        bias: Gravity, Coriolis and centrifugal forces. Shape ``(nv,)``.
        ctrl: Actuator commands, written to. Shape ``(nu,)``.
        mass: Joint-space inertia of the whole model. Shape ``(nv, nv)``.
        jacobian: Of the hand, position rows first. Shape ``(6, nv)``.
        position: Of the hand [m]. Shape ``(3,)``.
        rotation: Of the hand, row by row. Shape ``(9,)``.
        goal_position: Shape ``(3,)`` [m].
        goal_rotation: Shape ``(3, 3)``.
        posture: Joint positions q_0 to prefer. Shape ``(n,)`` [rad].
        stiffness: Shape ``(6,)``.
        damping: Shape ``(6,)``.
        limits: Lowest and highest torques. Shape ``(2, n)`` [N m].
        qpos_index: Where the arm's joints are in ``qpos``. Shape ``(n,)``.
        qvel_index: Where the arm's joints are in ``qvel``. Shape ``(n,)``.
        ctrl_index: Where the arm's motors are in ``ctrl``. Shape ``(n,)``.

    Returns:
        Whether that was possible. At a singular posture, where pseudo-inverses have to be taken,
        ``ctrl`` is left as it was.
    """
    joints = qvel_index.shape[0]
    arm_mass, arm_jacobian = _of_the_arm(mass, jacobian, qvel_index)
    wrench = _wrench(
        qvel, jacobian, position, rotation, goal_position, goal_rotation, stiffness, damping
    )
    acceleration = _towards_posture(qpos, qvel, posture, qpos_index, qvel_index)
    hand_acceleration = np.zeros(6)
    for row in range(6):
        for i in range(joints):
            hand_acceleration[row] += arm_jacobian[row, i] * acceleration[i]

    lower = arm_mass.copy()
    if not _factor(lower):
        return False
    full, blocks = _inverse_inertia(lower, arm_jacobian)
    if not (_factor(full) and _factor(blocks)):
        return False
    _solve(full, hand_acceleration)
    _solve(blocks, wrench)

    for i in range(joints):
        torque = bias[qvel_index[i]]
        for row in range(6):
            torque += arm_jacobian[row, i] * (wrench[row] - hand_acceleration[row])
        for j in range(joints):
            torque += arm_mass[i, j] * acceleration[j]
        ctrl[ctrl_index[i]] = min(max(torque, limits[0, i]), limits[1, i])
    return True

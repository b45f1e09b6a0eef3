"""Forward kinematics of an arm from an MJCF or URDF file: joints in, where the tool is out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from real.tasks import rotation
from real.tasks.arm import ArmPreset
from zprl_env.envs.states_only import import_mujoco
from zprl_env.errors import ConfigurationError, UnknownNameError

MODELS = Path(__file__).parent / "models"
"""Folder of the files that are shipped."""
REACHING, DAMPING, LONGEST = 12, 0.01, 0.2
"""Steps of least squares that lead to a pose, their damping, and the longest one [rad]."""
LIGHT = 1e-6
"""Mass and inertia of bodies that have none in a file [kg, kg m^2]; nothing is made to move."""


def find_model(file: str) -> Path:
    """Find an arm's file: one that is shipped, or a path.

    Raises:
        ConfigurationError: There is none.

    >>> find_model("xarm7.xml").name
    'xarm7.xml'
    """
    for path in (MODELS / file, Path(file)):
        if path.is_file():
            return path
    shipped = ", ".join(sorted(path.name for path in MODELS.glob("*.xml")))
    raise ConfigurationError(
        f"kinematics.file must be an MJCF or URDF file, or one of {shipped}. Got: {file}, which is "
        "not there. Give its path from the preset's folder, or an absolute one."
    )


class ArmKinematics:
    """Forward kinematics of an arm: where its tool is, in the robot's base frame, and how it moves.

    Args:
        arm: The preset's arm, with its ``kinematics``.

    Raises:
        ConfigurationError: The file cannot be read, or has not as many joints.
        UnknownNameError: It has no such tool or joint.

    Example:
        >>> from real.tasks.files import load_preset
        >>> arm = load_preset("place-orange-joints").arms[0]
        >>> kinematics = ArmKinematics(arm)
        >>> kinematics.position(arm.posture).round(3).tolist()
        [0.42, 0.0, 0.28]
        >>> kinematics.jacobian(arm.posture).shape
        (6, 7)
    """

    def __init__(self, arm: ArmPreset) -> None:
        if arm.kinematics is None:
            raise ConfigurationError(
                f"kinematics must name the file of {arm.model}. Got: none. Add kinematics: "
                "{file: my_arm.xml, tool: gripper} to the arm in the preset."
            )
        self._mujoco: Any = import_mujoco()
        path = find_model(arm.kinematics.file)
        self._model = self._read(path)
        self._data: Any = self._mujoco.MjData(self._model)
        joints = self._joints(path, arm.kinematics.joints, arm.joints)
        self._qpos = self._model.jnt_qposadr[joints]
        self._dofs = self._model.jnt_dofadr[joints]
        self._at = self._tool(path, arm.kinematics.tool)
        yaw = arm.base_yaw
        self._turn = np.array(
            [[np.cos(yaw), -np.sin(yaw), 0.0], [np.sin(yaw), np.cos(yaw), 0.0], [0.0, 0.0, 1.0]]
        )
        self._base = np.array(arm.base, np.float64)
        self._rows = np.zeros((2, 3, self._model.nv))

    def position(self, joints: np.ndarray) -> np.ndarray:
        """Return the tool's position [m]. Shape ``(3,)``."""
        self._data.qpos[self._qpos] = joints
        self._mujoco.mj_kinematics(self._model, self._data)
        found: np.ndarray = self._turn @ self._at[0] + self._base
        return found

    def pose(self, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the tool's position [m] and orientation as a unit quaternion, w first."""
        position, quaternion = self.position(joints), np.empty(4)
        matrix = self._turn @ self._at[1].reshape(3, 3)
        self._mujoco.mju_mat2Quat(quaternion, matrix.ravel())
        return position, quaternion

    def jacobian(self, joints: np.ndarray) -> np.ndarray:
        """Return the tool's linear and angular velocity per joint velocity. Shape ``(6, J)``."""
        self.position(joints)
        mujoco, model, data = self._mujoco, self._model, self._data
        mujoco.mj_comPos(model, data)
        mujoco.mj_jac(model, data, *self._rows, self._at[0], self._body)
        return np.concatenate([self._turn @ rows[:, self._dofs] for rows in self._rows])

    def reach(
        self, position: np.ndarray, quaternion: np.ndarray, start: np.ndarray, rest: np.ndarray
    ) -> np.ndarray:
        """Return joints near others at which the tool is nearly at a pose, by least squares.

        Args:
            position: Where the tool is to be [m]. Shape ``(3,)``.
            quaternion: How it is to be turned, w first. Shape ``(4,)``.
            start: Joints to begin from [rad]. Shape ``(J,)``.
            rest: Joints that spare ones are drawn to [rad]. Shape ``(J,)``.
        """
        joints, unit = np.array(start, np.float64), np.eye(len(start))
        for _ in range(REACHING):
            there, turned = self.pose(joints)
            away = rotation.to_vector(rotation.multiply(quaternion, rotation.inverse(turned)))
            error, rows = np.concatenate([position - there, away]), self.jacobian(joints)
            inverse = rows.T @ np.linalg.inv(rows @ rows.T + DAMPING**2 * np.eye(6))
            spare = (unit - inverse @ rows) @ (rest - joints)
            joints += np.clip(inverse @ error + 0.2 * spare, -LONGEST, LONGEST)
        return joints

    def _read(self, path: Path) -> Any:
        """Read a file without its shapes: meshes need not be there."""
        try:
            spec = self._mujoco.MjSpec.from_file(str(path))
            for parts in (spec.actuators, spec.sensors, spec.pairs, spec.excludes, spec.geoms):
                for part in [*parts]:
                    part.delete()
            for parts in (spec.meshes, spec.skins):
                for part in [*parts]:
                    part.delete()
            spec.compiler.fusestatic = False  # of a URDF, whose tool may be a link that is fixed
            spec.compiler.boundmass = spec.compiler.boundinertia = LIGHT
            return spec.compile()
        except ValueError as error:
            raise ConfigurationError(
                f"kinematics.file must be an MJCF or URDF file that MuJoCo reads. Got: {path}: "
                f"{error}. Try `python -m mujoco.viewer --mjcf={path}`."
            ) from None

    def _joints(self, path: Path, names: tuple[str, ...], count: int) -> np.ndarray:
        """Return the numbers of the commanded joints."""
        mujoco, model = self._mujoco, self._model
        moved = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)
        known = {model.joint(n).name: n for n in range(model.njnt) if model.jnt_type[n] in moved}
        for name in names:
            if name not in known:
                raise UnknownNameError(f"joint of {path.name}", name, known)
        found = [known[name] for name in names] or [*known.values()][:count]
        if len(found) != count:
            raise ConfigurationError(
                f"{path} must have the {count} joints of the preset. Got: {', '.join(known)}."
            )
        return np.array(found)

    def _tool(self, path: Path, name: str) -> tuple[Any, Any]:
        """Return views of the tool's position and rotation matrix."""
        model, data = self._model, self._data
        sites = [model.site(n).name for n in range(model.nsite)]
        bodies = [model.body(n).name for n in range(1, model.nbody)]
        if name in sites:
            self._body = int(model.site_bodyid[model.site(name).id])
            return data.site(name).xpos, data.site(name).xmat
        if name in bodies:
            self._body = model.body(name).id
            return data.body(name).xpos, data.body(name).xmat
        raise UnknownNameError(f"site or body of {path.name}", name, [*sites, *bodies])

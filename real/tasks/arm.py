"""One arm of a preset: model, gripper, home, safety limits and kinematics."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Positive: TypeAlias = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Vector: TypeAlias = tuple[Finite, Finite, Finite]
PerJoint: TypeAlias = Positive | tuple[Positive, ...]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]

ORDERS = ("velocity", "acceleration", "jerk")
RATES = tuple(f"{kind}{name}" for kind in ("", "angular_") for name in ORDERS)
POSE_LIMITS = ("low", "high", "rotation", *RATES)
"""Limits that an arm must have whose poses are commanded."""
TIGHT, INSIDE = 0.95, 0.003
"""Share of the limits, and distance from the box [m or rad], of commands that are filtered once
more."""
FAR = 1e3
"""A limit that is none."""
BINARY_HANDS = ("panda",)
"""Grippers that open and close, and hold by force, if a preset does not say how they grip."""


class Part(BaseModel):
    """Part of a preset: frozen, and without settings that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Home(Part):
    """An arm's pose between episodes, in the robot's base frame, or its joints."""

    position: Vector = (0.0, 0.0, 0.0)
    """Position of the end effector [m]; to be given where poses are commanded."""
    quaternion: tuple[Finite, Finite, Finite, Finite] = (1.0, 0.0, 0.0, 0.0)
    """Orientation as a unit quaternion, w first. Rotation vectors are relative to it."""
    joints: tuple[Finite, ...] = ()
    """Joint positions [units of the arm]; to be given where joints are commanded."""
    gripper: Share = 1.0
    """Opening from 0, closed, to 1, open."""

    @field_validator("quaternion")
    @classmethod
    def _unit(cls, quaternion: tuple[float, ...]) -> tuple[float, ...]:
        norm = math.hypot(*quaternion)
        if abs(norm - 1.0) > 1e-3:
            raise ValueError(f"must have length 1, got {norm:.4g}; try 0, 1, 0, 0: straight down")
        return tuple(value / norm for value in quaternion)


class JointLimits(Part):
    """Safety limits of an arm's joints, one number for all or one per joint [units of the arm]."""

    low: tuple[Finite, ...]
    """Lowest positions, one per joint."""
    high: tuple[Finite, ...]
    """Highest positions, one per joint."""
    velocity: PerJoint
    """Largest velocities, per second."""
    acceleration: PerJoint
    """Largest accelerations, per second squared."""
    jerk: PerJoint
    """Largest jerks, per second cubed."""

    @model_validator(mode="after")
    def _possible(self) -> JointLimits:
        if len(self.low) != len(self.high):
            raise ValueError(
                f"low and high must have a number per joint; got {len(self.low)} and "
                f"{len(self.high)}"
            )
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(
                f"low must be below high of every joint; got low {self.low}, high {self.high}"
            )
        return self


class Limits(Part):
    """Safety limits of one arm: box, velocity, acceleration and jerk, whatever the policy says.

    Where poses are commanded, all but those of joints must be given. Where joints are, ``joints``
    must be; ``low`` and ``high`` are then a box for the tool, by the arm's ``kinematics``.
    """

    low: Vector = (-FAR, -FAR, -FAR)
    """Lowest corner of the box that the end effector stays in [m]."""
    high: Vector = (FAR, FAR, FAR)
    """Its highest corner [m]."""
    rotation: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)
    """Largest rotation vector from the home orientation, per axis [rad]."""
    velocity: Positive = FAR
    """Largest velocity per axis [m/s]."""
    acceleration: Positive = FAR
    """Largest acceleration per axis [m/s^2]."""
    jerk: Positive = FAR
    """Largest jerk per axis [m/s^3]."""
    angular_velocity: Positive = FAR
    """Largest velocity of the rotation vector, per axis [rad/s]."""
    angular_acceleration: Positive = FAR
    """Largest acceleration of the rotation vector, per axis [rad/s^2]."""
    angular_jerk: Positive = FAR
    """Largest jerk of the rotation vector, per axis [rad/s^3]."""
    gripper_velocity: Positive = 2.0
    """Largest speed of the gripper, in openings per second [1/s]."""
    joints: JointLimits | None = None
    """Limits of the joints, where joints are commanded."""

    @property
    def boxed(self) -> bool:
        """Whether there is a box at all."""
        return (*self.low, *self.high) != (*(-FAR,) * 3, *(FAR,) * 3)

    def tightened(self, home: Home) -> Limits:
        """Return slightly smaller limits, in which home lies all the same."""
        update: dict[str, Any] = {name: TIGHT * getattr(self, name) for name in RATES}
        update["rotation"] = tuple(TIGHT * angle for angle in self.rotation)
        if self.joints is None:
            update |= _moved_in(self.low, self.high, home.position, (INSIDE,) * 3)
        else:
            update["joints"] = self._tightened_joints(self.joints, home)
        return self.model_copy(update=update)

    def _tightened_joints(self, joints: JointLimits, home: Home) -> JointLimits:
        update: dict[str, Any] = {}
        for name in ORDERS:
            value = getattr(joints, name)
            all_of = (TIGHT * one for one in value) if isinstance(value, tuple) else None
            update[name] = TIGHT * value if all_of is None else tuple(all_of)
        inside = [0.001 * (high - low) for low, high in zip(joints.low, joints.high, strict=True)]
        update |= _moved_in(joints.low, joints.high, home.joints, inside)
        return joints.model_copy(update=update)

    @model_validator(mode="after")
    def _possible(self) -> Limits:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(
                f"low must be below high on every axis; got low {self.low}, high {self.high}"
            )
        if (angle := math.hypot(*self.rotation)) >= math.pi:
            raise ValueError(
                f"rotation must stay below half a turn in all, which one vector says uniquely; got "
                f"{self.rotation}, of length {angle:.3g}; try smaller angles or another home"
            )
        return self


class Grip(Part):
    """Grip of a gripper: continuous, or by opening and closing with a force."""

    kind: Literal["continuous", "binary"] = "continuous"
    """``continuous``: it follows any opening. ``binary``: it is opened or closed, and commanded
    once per change."""
    force: Positive | None = None
    """Force that it closes with, where the hand can be told [N]."""
    speed: Positive | None = None
    """Openings per second, where the hand can be told [1/s]."""
    pause: NotNegative = 0.6
    """Shortest time between two commands to a binary hand [s]."""
    close_below: Share = 0.4
    """A binary hand closes when it is sent below this opening ..."""
    open_above: Share = 0.6
    """... and opens when it is sent above this one; between the two it stays as it is."""
    shut_below: Share = 0.0
    """A continuous hand that is sent below this opening closes all the way: what is thin slips out
    of one that is open by a hair."""

    @model_validator(mode="after")
    def _possible(self) -> Grip:
        if self.close_below >= self.open_above:
            raise ValueError(
                f"close_below must be below open_above; got {self.close_below} and "
                f"{self.open_above}"
            )
        return self


class Kinematics(Part):
    """An MJCF or URDF file of an arm, by which its joints say where its tool is."""

    file: str
    """The file: one that is shipped, such as ``xarm7.xml``, or a path, from the preset's folder."""
    tool: str
    """Site or body at the end effector."""
    joints: tuple[str, ...] = ()
    """Names of the commanded joints, in order; the file's first ones if not given."""


class JointArrays(NamedTuple):
    """The limits of an arm's J joints. Shape ``(J,)`` each.

    Attributes:
        low: Lowest positions [rad].
        high: Highest positions [rad].
        velocity: Largest velocities [rad/s].
        acceleration: Largest accelerations [rad/s^2].
        jerk: Largest jerks [rad/s^3].
    """

    low: np.ndarray
    high: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray


class ArmPreset(Part):
    """One arm with its gripper, its home and its limits."""

    model: Name
    """The arm, e.g. ``xarm7``, ``panda`` or ``so101``."""
    gripper: Name
    """The gripper, e.g. ``robotiq_85`` or ``panda``."""
    joints: Count = 7
    """Number of joints, without the gripper's."""
    units: Literal["radians", "degrees"] = "radians"
    """Unit of angle of joints: in ``home``, ``safety.joints``, ``action_scale.joints`` and what is
    observed. With degrees the observed gripper counts from 0 to 100, as LeRobot's do. Drivers
    always speak of radians, and of openings from 0 to 1."""
    base: Vector = (0.0, 0.0, 0.0)
    """Position of its mount [m]."""
    base_yaw: Finite = 0.0
    """Turn of its mount about the vertical [rad]."""
    home: Home
    safety: Limits
    grip: Grip | None = None
    """Grip of the gripper: binary for Franka's hand and else continuous, if not given."""
    kinematics: Kinematics | None = None
    """File that says where the tool is, for a box where joints are commanded."""

    @property
    def gripping(self) -> Grip:
        """Grip of the gripper."""
        kind: Any = "binary" if self.gripper in BINARY_HANDS else "continuous"
        return self.grip or Grip(kind=kind)

    @property
    def unit(self) -> float:
        """Unit of angle of the arm's joints [rad]."""
        return math.pi / 180.0 if self.units == "degrees" else 1.0

    def per_joint(self, values: float | tuple[float, ...]) -> np.ndarray:
        """Return one number for all joints, or one per joint, in radians. Shape ``(J,)``."""
        return self.unit * np.broadcast_to(np.asarray(values, np.float64), (self.joints,))

    @property
    def posture(self) -> np.ndarray:
        """Joint positions between episodes [rad]. Shape ``(J,)``."""
        return self.per_joint(self.home.joints)

    @property
    def joint_limits(self) -> JointArrays:
        """Limits of the joints, in radians, where joints are commanded."""
        limits = self.safety.joints
        if limits is None:
            raise ValueError("safety.joints is missing, which commanding joints needs")
        return JointArrays(*(self.per_joint(getattr(limits, n)) for n in JointArrays._fields))

    def check_pose(self, where: str) -> None:
        """Refuse an arm that lacks what commanding its pose needs."""
        lacks = [
            f"home.{n}" for n in ("position", "quaternion") if n not in self.home.model_fields_set
        ]
        lacks += [f"safety.{n}" for n in POSE_LIMITS if n not in self.safety.model_fields_set]
        if lacks:
            raise ValueError("; ".join(f"{where}{name} is missing" for name in lacks))

    def check_joints(self, where: str) -> None:
        """Refuse an arm that lacks what commanding its joints needs."""
        limits = self.safety.joints
        lacks = ["home.joints"] * (not self.home.joints) + ["safety.joints"] * (limits is None)
        if lacks or limits is None:
            raise ValueError("; ".join(f"{where}{name} is missing" for name in lacks))
        if self.safety.boxed and self.kinematics is None:
            raise ValueError(
                f"{where}kinematics must name a file that tells where the tool is, for the box of "
                "safety; got none; try kinematics: {file: my_arm.xml, tool: gripper}, or leave low "
                "and high out"
            )
        inside = zip(limits.low, self.home.joints, limits.high, strict=True)
        if not all(low < value < high for low, value, high in inside):
            raise ValueError(
                f"{where}home.joints must lie inside their limits; got {self.home.joints}, limits "
                f"from {limits.low} to {limits.high}"
            )

    @model_validator(mode="after")
    def _fits_together(self) -> ArmPreset:
        limits = self.safety.joints
        corners = zip(self.safety.low, self.home.position, self.safety.high, strict=True)
        if limits is None and not all(low < value < high for low, value, high in corners):
            raise ValueError(
                f"home.position must lie inside the box; got {self.home.position}, box from "
                f"{self.safety.low} to {self.safety.high}"
            )
        given: dict[str, Any] = {"home.joints": self.home.joints}
        if limits is not None:
            given |= {f"safety.joints.{n}": getattr(limits, n) for n in JointArrays._fields}
        if self.kinematics is not None:
            given["kinematics.joints"] = self.kinematics.joints
        for name, values in given.items():
            if isinstance(values, tuple) and values and len(values) != self.joints:
                raise ValueError(
                    f"{name} must have {self.joints} numbers, one per joint; got {len(values)}"
                )
        if self.gripping.kind == "binary" and self.home.gripper not in (0.0, 1.0):
            raise ValueError(
                f"home.gripper must be 0 or 1 of a binary hand; got {self.home.gripper}"
            )
        return self


def _moved_in(
    low: tuple[float, ...], high: tuple[float, ...], home: tuple[float, ...], by: Any
) -> dict[str, tuple[float, ...]]:
    """Move bounds inward, as far as home allows."""
    return {
        "low": tuple(min(v + d, h) for v, d, h in zip(low, by, home, strict=True)),
        "high": tuple(max(v - d, h) for v, d, h in zip(high, by, home, strict=True)),
    }

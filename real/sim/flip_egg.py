"""The flip-egg scene: slide the spatula under the fried egg and turn it over."""

from __future__ import annotations

from typing import Any, ClassVar

import mujoco
import numpy as np

from real.sim.arms import SOLID_GROUP
from real.sim.looks import decorate
from real.sim.scene import TaskScene

EGG_RADIUS, EGG_HALF = 0.045, 0.005  # [m]
PAN_RADIUS, RIM, RIM_HEIGHT = 0.14, 20, 0.012  # [m], pieces of the rim, [m]
PAN_FLOOR = 0.006  # [m]
BLADE = np.array([0.145, 0.0, 0.024])  # the middle of the blade, from the fingertips [m]
BLADE_HALF = np.array([0.05, 0.055, 0.001])  # [m]
LIP = 0.014  # height of the rim along the blade's side that goes down first [m]
BALLS = 2 * np.pi * np.arange(12) / 12
"""Directions in which the egg's edge is felt [rad]."""
TURNED = -0.9  # cosine of the egg's tilt


class FlipEgg(TaskScene):
    """A fried egg in a pan, and a spatula that the hand holds, its blade ahead and below.

    A lip along the blade's side keeps the egg from sliding off while the wrist rolls. It is done
    when the egg lies in the pan with its yolk down. The egg is a stiff disc: one that tears is
    beyond rigid bodies.
    """

    OBJECTS: ClassVar = ("egg", "pan")

    def build(self, world: Any) -> None:
        """See `TaskScene.build`."""
        self._add_pan(world)
        self._add_egg(world)
        self._add_spatula(world.body("arm0_gripper_eef"))

    @staticmethod
    def _add_pan(world: Any) -> None:
        """Add a pan with a rim, of which the flat floor collides."""
        pan = world.worldbody.add_body(name="pan")
        iron = (0.16, 0.16, 0.18, 1.0)
        pan.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=(PAN_RADIUS, PAN_FLOOR / 2, 0.0),
            pos=(0.0, 0.0, PAN_FLOOR / 2),
            rgba=iron,
            contype=0,
            conaffinity=0,
        )
        pan.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(PAN_RADIUS, PAN_RADIUS, PAN_FLOOR / 2),
            pos=(0.0, 0.0, PAN_FLOOR / 2),
            group=SOLID_GROUP,
            friction=(0.25, 0.005, 0.001),
        )
        decorate(
            pan,
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            size=(0.011, 0.0, 0.0),
            fromto=(0.0, PAN_RADIUS, 0.012, 0.0, PAN_RADIUS + 0.16, 0.03),
            rgba=(0.10, 0.10, 0.11, 1.0),
        )
        for angle in 2 * np.pi * np.arange(RIM) / RIM:
            pan.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(0.004, PAN_RADIUS * np.tan(np.pi / RIM) + 0.001, RIM_HEIGHT / 2),
                pos=(PAN_RADIUS * np.cos(angle), PAN_RADIUS * np.sin(angle), RIM_HEIGHT / 2),
                quat=(np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)),
                rgba=iron,
                friction=(0.25, 0.005, 0.001),
            )

    @staticmethod
    def _add_egg(world: Any) -> None:
        """Add an egg, a disc that is seen and balls that are felt."""
        egg = world.worldbody.add_body(name="egg")
        egg.add_freejoint()
        egg.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=(EGG_RADIUS, EGG_HALF, 0.0),
            rgba=(0.97, 0.96, 0.92, 1.0),
            mass=0.04,
            contype=0,
            conaffinity=0,
        )
        # Discs meet discs in one point, of which none is at rest; balls meet them in many.
        for angle, radius in [(0.0, 0.0), *((a, EGG_RADIUS - EGG_HALF) for a in BALLS)]:
            egg.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=(EGG_HALF, 0.0, 0.0),
                pos=(radius * np.cos(angle), radius * np.sin(angle), 0.0),
                mass=0.001,
                group=SOLID_GROUP,
                friction=(0.35, 0.005, 0.0005),
            )
        for x, y, radius in ((0.022, 0.016, 0.030), (-0.018, 0.024, 0.028), (0.002, -0.028, 0.026)):
            decorate(
                egg,
                type=mujoco.mjtGeom.mjGEOM_CYLINDER,
                size=(radius, 0.6 * EGG_HALF, 0.0),
                pos=(x, y, 0.0),
                rgba=(0.95, 0.93, 0.87, 1.0),
            )
        egg.add_geom(
            type=mujoco.mjtGeom.mjGEOM_ELLIPSOID,
            size=(0.018, 0.018, 0.004),
            pos=(0.0, 0.0, EGG_HALF),
            rgba=(0.98, 0.76, 0.15, 1.0),
            contype=0,
            conaffinity=0,
            mass=0.0,
        )

    @staticmethod
    def _add_spatula(hand: Any) -> None:
        """Put a spatula into the hand."""
        steel, wood = (0.7, 0.71, 0.73, 1.0), (0.45, 0.28, 0.16, 1.0)
        spatula = hand.add_body(name="arm0_spatula", quat=(np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)))
        collides = {"contype": 2, "conaffinity": 0xFD}
        start = BLADE - (BLADE_HALF[0], 0.0, 0.0)
        spatula.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=BLADE_HALF,
            pos=BLADE,
            rgba=steel,
            mass=0.03,
            friction=(0.35, 0.005, 0.001),
            **collides,
        )
        spatula.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(BLADE_HALF[0], 0.001, LIP / 2),
            pos=BLADE + (0.0, BLADE_HALF[1], -LIP / 2),  # noqa: RUF005
            rgba=steel,
            mass=0.005,
            friction=(0.35, 0.005, 0.001),
            **collides,
        )
        spatula.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            size=(0.006, 0.0, 0.0),
            fromto=(-0.03, 0.0, 0.0, *start),
            rgba=wood,
            mass=0.04,
            contype=0,
            conaffinity=0,
        )

    def lay_out(self, rng: np.random.Generator) -> None:
        """See `TaskScene.lay_out`."""
        pan = np.array([*self.start(rng, (0.50, -0.06), (0.54, 0.02)), 0.0])
        angle, radius = rng.uniform(-np.pi, np.pi), 0.03 * np.sqrt(rng.random())
        beside = radius * np.cos(angle), radius * np.sin(angle), PAN_FLOOR + EGG_HALF
        self.put("pan", pan)
        self.put("egg", pan + np.array(beside), float(rng.uniform(-np.pi, np.pi)))

    def success(self) -> bool:
        """See `TaskScene.success`."""
        egg, pan = self.pose("egg"), self.pose("pan")
        upright = 1.0 - 2.0 * float(np.sum(egg[4:6] ** 2))
        in_pan = float(np.linalg.norm(egg[:2] - pan[:2])) < PAN_RADIUS and egg[2] < 0.03
        return bool(upright < TURNED and in_pan and not self.touches("egg", "arm"))

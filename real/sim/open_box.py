"""The open-box scene: hold the box with one arm and open its lid with the other."""

from __future__ import annotations

from typing import Any, ClassVar

import mujoco
import numpy as np

from real.sim.looks import add_material, decorate
from real.sim.scene import TaskScene

HALF = np.array([0.06, 0.08, 0.04])  # of the box, without lid [m]
WALL = 0.005  # half its thickness [m]
HANDLE = np.array([0.0, 0.13, 0.04])  # what the left arm holds the box by, from its floor [m]
KNOB = np.array([-0.11, 0.0, 0.025])  # what the lid is opened by, from its hinge [m]
OPEN_ANGLE = 1.2  # [rad]
BLOCK = mujoco.mjtGeom.mjGEOM_BOX
IRON, LABEL = (0.30, 0.31, 0.34, 1.0), (0.90, 0.88, 0.80, 1.0)
HALF_TURN = np.sqrt(0.5)
UPRIGHT = (HALF_TURN, HALF_TURN, 0.0, 0.0)
SIDEWAYS = (HALF_TURN, 0.0, HALF_TURN, 0.0)
"""Turns of plates whose texture stands upright, facing along y and along x."""


class OpenBox(TaskScene):
    """A box that stands loosely on the table, with a handle, and a lid whose hinge rubs.

    It is done when the lid is open and the box still stands. Pulled at the lid alone, it tips.
    """

    OBJECTS: ClassVar = ("box", "lid")

    def build(self, world: Any) -> None:
        """See `TaskScene.build`."""
        blue, wood = (0.25, 0.42, 0.62, 1.0), (0.72, 0.53, 0.33, 1.0)
        box = world.worldbody.add_body(name="box")
        box.add_freejoint()

        planks = add_material(world, "box", "wood", repeat=(1.0, 0.5), rgb=(0.86, 0.64, 0.40))
        lacquer = add_material(world, "lid", "plain", rgb=(0.24, 0.42, 0.66), specular=0.4)

        def block(body: Any, position: Any, size: Any, rgba: Any, mass: float, **more: Any) -> None:
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                pos=position,
                size=size,
                rgba=rgba,
                mass=mass,
                friction=(1.0, 0.01, 0.001),
                **more,
            )

        x, y, z = HALF
        block(box, (0, 0, WALL), (x, y, WALL), wood, 0.15)
        for side in (-1, 1):
            block(box, (side * (x - WALL), 0, z), (WALL, y, z), wood, 0.04)
            block(box, (0, side * (y - WALL), z), (x, WALL, z), wood, 0.04)
            for face, size, turn in (
                ((side * (x + 3e-4), 0, z), (z, y, 2e-4), SIDEWAYS),
                ((0, side * (y + 3e-4), z), (x, z, 2e-4), UPRIGHT),
            ):
                decorate(box, planks, type=BLOCK, pos=face, size=size, quat=turn)
            for edge in (-1, 1):  # corners of iron
                at = (side * x, edge * y, z)
                decorate(box, type=BLOCK, pos=at, size=(0.005, 0.005, z), rgba=IRON)
        block(box, HANDLE - (0, 0, 0.012), (0.018, 0.008, 0.028), blue, 0.03, condim=4)
        block(box, (0, (y + HANDLE[1]) / 2, 0.01), (0.018, (HANDLE[1] - y) / 2, 0.006), blue, 0.01)

        lid = box.add_body(name="lid", pos=(x, 0, 2 * z + WALL))
        lid.add_joint(
            name="hinge",
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=(0, 1, 0),
            range=(0.0, 2.0),
            limited=True,
            damping=0.01,
            frictionloss=0.15,
            armature=1e-4,
        )
        off = {"contype": 0, "conaffinity": 0}
        block(lid, (-x, 0, 0), (x, y, WALL), blue, 0.06, **off)
        decorate(lid, lacquer, type=BLOCK, pos=(-x, 0, WALL), size=(x, y, 3e-4))
        decorate(lid, type=BLOCK, pos=(-x, 0, WALL + 2e-4), size=(0.03, 0.04, 3e-4), rgba=LABEL)
        for side in (-1, 1):
            hinge = (0.003, side * 0.05, 0.0)
            decorate(lid, type=BLOCK, pos=hinge, size=(0.006, 0.012, 0.006), rgba=IRON)
        block(lid, (KNOB[0], 0, KNOB[2] / 2), (0.006, 0.006, KNOB[2] / 2), wood, 0.005)
        lid.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(0.014, 0, 0),
            pos=KNOB,
            rgba=wood,
            mass=0.01,
            condim=4,
            friction=(1.2, 0.01, 0.001),
        )

    def lay_out(self, rng: np.random.Generator) -> None:
        """See `TaskScene.lay_out`."""
        where = self.start(rng, (0.40, -0.05), (0.45, 0.02))
        self.put("box", np.array([*where, 0.0]), float(rng.uniform(-0.2, 0.2)))

    def success(self) -> bool:
        """See `TaskScene.success`."""
        upright = 1.0 - 2.0 * float(np.sum(self.pose("box")[4:6] ** 2))
        angle = float(self.data.joint("hinge").qpos[0])
        return bool(angle > OPEN_ANGLE and upright > 0.95 and self.pose("box")[2] < 0.01)

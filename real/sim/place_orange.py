"""The place-orange scene: pick up the orange and put it on the plate."""

from __future__ import annotations

from typing import Any, ClassVar

import mujoco
import numpy as np

from real.sim.looks import add_material, decorate
from real.sim.scene import TaskScene

RADIUS, PLATE_RADIUS, PLATE_FLOOR = 0.033, 0.085, 0.008  # [m]
RIM, RIM_HEIGHT = 16, 0.016  # pieces of the rim, and its height [m]
STILL = 0.08  # [m/s]
BLUE = (0.25, 0.40, 0.66, 1.0)


class PlaceOrange(TaskScene):
    """An orange, which rolls, and a plate with a rim.

    The orange lies to the arm's right and the plate to its left. It is done when the orange lies
    still on the plate and no finger touches it.
    """

    OBJECTS: ClassVar = ("orange", "plate")

    def build(self, world: Any) -> None:
        """See `TaskScene.build`."""
        orange = world.worldbody.add_body(name="orange")
        orange.add_freejoint()
        orange.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(RADIUS, 0.0, 0.0),
            mass=0.14,
            material=add_material(
                world, "orange", "peel", repeat=(2.0, 2.0), rgb=(1.0, 0.55, 0.08), specular=0.3
            ),
            condim=6,
            friction=(0.9, 0.01, 0.002),
            solref=(0.01, 1.0),
        )
        orange.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=(0.005, 0.002, 0.0),
            pos=(0.0, 0.0, RADIUS),
            rgba=(0.25, 0.42, 0.12, 1.0),
            contype=0,
            conaffinity=0,
            mass=0.0,
        )
        plate = world.worldbody.add_body(name="plate")
        white = (0.86, 0.88, 0.92, 1.0)
        plate.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=(PLATE_RADIUS, PLATE_FLOOR / 2, 0.0),
            pos=(0.0, 0.0, PLATE_FLOOR / 2),
            rgba=white,
        )
        for radius, half, rgba in ((0.055, 4.2e-3, BLUE), (0.050, 4.4e-3, white)):  # a painted ring
            decorate(
                plate,
                type=mujoco.mjtGeom.mjGEOM_CYLINDER,
                size=(radius, half, 0.0),
                pos=(0.0, 0.0, PLATE_FLOOR / 2),
                rgba=rgba,
            )
        for angle in 2 * np.pi * np.arange(RIM) / RIM:
            plate.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(0.004, PLATE_RADIUS * np.tan(np.pi / RIM) + 0.001, RIM_HEIGHT / 2),
                pos=(PLATE_RADIUS * np.cos(angle), PLATE_RADIUS * np.sin(angle), RIM_HEIGHT / 2),
                quat=(np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)),
                rgba=white,
            )

    def lay_out(self, rng: np.random.Generator) -> None:
        """See `TaskScene.lay_out`."""
        self.put("orange", np.array([*self.start(rng, (0.34, -0.22), (0.50, -0.04)), RADIUS]))
        self.put("plate", np.array([*self.start(rng, (0.38, 0.12), (0.46, 0.18)), 0.0]))

    def success(self) -> bool:
        """See `TaskScene.success`."""
        orange, plate = self.pose("orange")[:3], self.pose("plate")[:3]
        beside = float(np.linalg.norm(orange[:2] - plate[:2]))
        on_plate = beside < PLATE_RADIUS and abs(orange[2] - RADIUS - PLATE_FLOOR) < 0.008
        return bool(on_plate and self.speed("orange") < STILL and not self.touches("orange", "arm"))

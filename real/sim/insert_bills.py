"""The insert-bills scene: hold the wallet open with one arm and insert bills with the other."""

from __future__ import annotations

from typing import Any, ClassVar

import mujoco
import numpy as np

from real.sim.looks import add_material, decorate
from real.sim.scene import TaskScene, look_at

POCKET = np.array([0.06, 0.002, 0.04])  # half of the wallet's sides [m]
DEPTH = 0.016  # of the pocket at its bottom [m]
TAB = np.array([0.095, 0.0, 0.075])  # what the wallet is opened by, from its hinge [m]
BILL = np.array([0.035, 0.0015, 0.035])  # half of the bundle [m]
MASS = 0.02  # of the bundle [kg]
STAND = 0.25  # mass of their stand [kg]
SLIPPERY = (0.4, 0.005, 0.0005)  # friction of iron on paper and wood
LEANING = -0.12  # angle at which the wallet is shut [rad]
UPRIGHT = (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)  # turn of a plate that faces along y
SEEN = (0.40, -0.10, 0.07)  # middle of what the side camera looks at [m]


class InsertBills(TaskScene):
    """A bundle of bills in a stand, and a wallet of stiff leather that a spring keeps shut.

    The stand stands loosely on the table: a finger that comes down beside the bills pushes it away,
    where one that is fixed would let a rigid bundle be levered out.

    It is done when the bills are in the wallet and nobody holds them. They are rigid, as one bundle
    is; a single bill would bend.
    """

    OBJECTS: ClassVar = ("wallet", "bills")

    def build(self, world: Any) -> None:
        """See `TaskScene.build`."""
        leather, paper = (0.52, 0.31, 0.18, 1.0), (0.86, 0.90, 0.80, 1.0)
        hide = add_material(world, "hide", "leather", rgb=(0.78, 0.46, 0.26), specular=0.3)
        note = add_material(world, "note", "banknote", rgb=(0.60, 0.92, 0.62))

        def block(body: Any, position: Any, size: Any, rgba: Any, **more: Any) -> None:
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX, pos=position, size=size, rgba=rgba, **more
            )

        x, thin, z = POCKET
        wallet = world.worldbody.add_body(name="wallet")
        block(wallet, (0, -DEPTH / 2 - thin, z), (x, thin, z), leather)
        sheet = {"type": mujoco.mjtGeom.mjGEOM_BOX, "quat": UPRIGHT}
        outside = -DEPTH / 2 - 2 * thin - 2e-4
        decorate(wallet, hide, pos=(0, outside, z), size=(x, z, 2e-4), **sheet)
        block(wallet, (0, 0, 0.002), (x, DEPTH / 2 + 2 * thin, 0.002), leather)
        flap = wallet.add_body(name="flap", pos=(0, DEPTH / 2 + thin, 0.004))
        flap.add_joint(
            name="flap",
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=(-1, 0, 0),
            range=(LEANING, 0.9),
            limited=True,
            stiffness=0.15,
            springref=2 * LEANING,
            damping=0.01,
            armature=1e-4,
        )
        block(flap, (0, 0, z), (x, thin, z), leather, mass=0.03)
        decorate(flap, hide, pos=(0, thin + 2e-4, z), size=(x, z, 2e-4), **sheet)
        block(flap, ((x + TAB[0]) / 2, 0, TAB[2]), (TAB[0] - x, thin, 0.006), leather, mass=0.004)
        block(
            flap,
            TAB,
            (0.012, 0.006, 0.018),
            leather,
            mass=0.01,
            condim=4,
            friction=(1.2, 0.01, 0.001),
        )

        stand = world.worldbody.add_body(name="stand")
        stand.add_freejoint()
        iron, heavy = (0.3, 0.3, 0.32, 1.0), STAND / 4
        for side in (-1, 1):
            wall, end = (0, side * 0.0075, 0.015), (side * 0.042, 0, 0.015)
            block(stand, wall, (0.046, 0.005, 0.015), iron, mass=heavy, friction=SLIPPERY)
            block(stand, end, (0.004, 0.0025, 0.015), iron, mass=heavy, friction=SLIPPERY)
        bills = world.worldbody.add_body(name="bills")
        bills.add_freejoint()
        x2, y2, z2 = BILL**2
        bills.explicitinertial, bills.mass = True, MASS  # in this frame, whatever is painted on it
        bills.ipos = np.zeros(3)
        bills.inertia = MASS / 3.0 * np.array([y2 + z2, x2 + z2, x2 + y2])
        block(bills, (0, 0, 0), BILL, paper, mass=MASS, condim=4, friction=(1.0, 0.01, 0.001))
        for side in (-1, 1):  # both faces of the bundle
            at = (0, side * (BILL[1] + 1e-4), 0)
            decorate(bills, note, pos=at, size=(BILL[0], BILL[2], 1e-4), **sheet)
        # Bills and wallet stand with their edges towards the camera at the front.
        world.worldbody.add_camera(
            name="side", pos=(0.86, -0.62, 0.42), xyaxes=look_at((0.86, -0.62, 0.42), SEEN), fovy=30
        )

    def lay_out(self, rng: np.random.Generator) -> None:
        """See `TaskScene.lay_out`."""
        stand = self.start(rng, (0.36, -0.30), (0.42, -0.22))
        self.put("stand", np.array([*stand, 0.0]))
        self.put("bills", np.array([*stand, BILL[2] + 0.001]))
        self.put("wallet", np.array([*self.start(rng, (0.38, -0.02), (0.42, 0.06)), 0.0]))
        self.data.joint("flap").qpos[0] = LEANING

    def success(self) -> bool:
        """See `TaskScene.success`."""
        away = self.pose("bills")[:3] - self.pose("wallet")[:3]
        inside = abs(away[0]) < POCKET[0] and -DEPTH < away[1] < 3 * DEPTH and away[2] < 0.05
        return bool(inside and self.speed("bills") < 0.1 and not self.touches("bills", "arm"))

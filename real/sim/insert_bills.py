"""The insert-bills scene: hold the wallet open with one arm and insert bills with the other."""

from __future__ import annotations

from typing import Any, ClassVar

import mujoco
import numpy as np

from real.sim.scene import TaskScene

POCKET = np.array([0.06, 0.002, 0.04])  # half of the wallet's sides [m]
DEPTH = 0.016  # of the pocket at its bottom [m]
TAB = np.array([0.095, 0.0, 0.075])  # what the wallet is opened by, from its hinge [m]
BILL = np.array([0.035, 0.0015, 0.035])  # half of the bundle [m]
LEANING = -0.12  # angle at which the wallet is shut [rad]


class InsertBills(TaskScene):
    """A bundle of bills in a stand, and a wallet of stiff leather that a spring keeps shut.

    It is done when the bills are in the wallet and nobody holds them. They are rigid, as one bundle
    is; a single bill would bend.
    """

    OBJECTS: ClassVar = ("wallet", "bills")

    def build(self, world: Any) -> None:
        """See `TaskScene.build`."""
        leather, green = (0.40, 0.24, 0.14, 1.0), (0.45, 0.62, 0.45, 1.0)

        def block(body: Any, position: Any, size: Any, rgba: Any, **more: Any) -> None:
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX, pos=position, size=size, rgba=rgba, **more
            )

        x, thin, z = POCKET
        wallet = world.worldbody.add_body(name="wallet")
        block(wallet, (0, -DEPTH / 2 - thin, z), (x, thin, z), leather)
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
        for side in (-1, 1):
            block(stand, (0, side * 0.0075, 0.01), (0.03, 0.005, 0.01), (0.3, 0.3, 0.32, 1.0))
        bills = world.worldbody.add_body(name="bills")
        bills.add_freejoint()
        block(bills, (0, 0, 0), BILL, green, mass=0.02, condim=4, friction=(1.0, 0.01, 0.001))

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

"""The scene of a simulated task: its objects on the table, and its success criterion."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

import mujoco
import numpy as np

from real.sim.body import ArmBody
from real.sim.looks import add_material

UP = np.array([0.0, 0.0, 1.0])


class TaskScene(abc.ABC):
    """One task's objects on the table, whose top is at height 0.

    A task adds four methods. Every object that is tracked is a body of the same name. Starts that
    `lay_out` draws by `start` can be widened (`zprl_env.envs.mismatch`).
    """

    OBJECTS: ClassVar[tuple[str, ...]] = ()
    """Bodies that a tracker reports."""

    def __init__(self) -> None:
        self.model: Any = None
        self.data: Any = None
        self.arms: Sequence[ArmBody] = ()
        self.widened, self.regions = 1.0, 0
        self._poses: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    @abc.abstractmethod
    def build(self, world: Any) -> None:
        """Add the task's bodies to a ``mujoco.MjSpec`` that has table and arms."""

    @abc.abstractmethod
    def lay_out(self, rng: np.random.Generator) -> None:
        """Put the objects where an episode begins; the arms are at home."""

    @abc.abstractmethod
    def success(self) -> bool:
        """Tell whether the task is done."""

    def bind(self, model: Any, data: Any, arms: Sequence[ArmBody]) -> None:
        """Bind the scene to the compiled world."""
        self.model, self.data, self.arms = model, data, arms
        # Views, since asking for one costs time.
        self._poses = {name: (data.body(name).xpos, data.body(name).xquat) for name in self.OBJECTS}

    def start(
        self, rng: np.random.Generator, low: Sequence[float], high: Sequence[float]
    ) -> np.ndarray:
        """Draw where something lies when an episode begins, by what can be widened from outside.

        Args:
            rng: Source of chance.
            low: Lowest corner of the region.
            high: Its highest corner. The region is :attr:`widened` times as wide, about its centre.
        """
        self.regions += 1
        if self.widened == 1.0:
            return rng.uniform(low, high)
        center, half = (np.add(high, low)) / 2.0, np.subtract(high, low) / 2.0
        return rng.uniform(center - self.widened * half, center + self.widened * half)

    def pose(self, name: str) -> np.ndarray:
        """Position [m] and quaternion of an object, w first. Shape ``(7,)``."""
        return np.concatenate(self._poses[name])

    def speed(self, name: str) -> float:
        """Return the speed of an object that moves freely [m/s]."""
        start = self.model.body(name).dofadr[0]
        return float(np.linalg.norm(self.data.qvel[start : start + 3]))

    def put(self, name: str, position: np.ndarray, yaw: float = 0.0) -> None:
        """Put an object that is fixed or moves freely somewhere, turned about the vertical."""
        quaternion = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
        body = self.model.body(name)
        if body.jntnum[0]:
            start = self.model.jnt_qposadr[body.jntadr[0]]
            self.data.qpos[start : start + 7] = [*position, *quaternion]
        else:
            self.model.body_pos[body.id] = position
            self.model.body_quat[body.id] = quaternion

    def touches(self, one: str, other: str) -> bool:
        """Tell whether two bodies touch, by the beginnings of their names."""
        for contact in self.data.contact[: self.data.ncon]:
            names = [self.model.body(self.model.geom_bodyid[g]).name for g in contact.geom]
            for first, second in (names, names[::-1]):
                if first.startswith(one) and second.startswith(other):
                    return True
        return False


def look_at(place: Any, seen: Any) -> tuple[float, ...]:
    """Return the axes x and y of a camera at a place that looks at a point, upright.

    >>> look_at((1.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    """
    back = np.subtract(place, seen) / np.linalg.norm(np.subtract(place, seen))
    right = np.cross(UP, back) / np.linalg.norm(np.cross(UP, back))
    return tuple((np.concatenate([right, np.cross(back, right)]) + 0.0).tolist())


def add_room(world: Any) -> None:
    """Add floor, table, light and the camera ``front`` to a ``mujoco.MjSpec``."""
    world.option.timestep = 0.002
    world.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    world.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    world.option.impratio = 10.0
    world.visual.headlight.ambient = (0.32, 0.32, 0.32)
    world.visual.headlight.diffuse = (0.32, 0.32, 0.32)
    world.visual.map.znear = 0.005
    world.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=(0.93, 0.94, 0.96),
        rgb2=(0.75, 0.79, 0.84),
        width=64,
        height=384,
    )
    table = world.worldbody
    table.add_light(
        pos=(0.6, -0.8, 2.0), dir=(-0.1, 0.4, -1.0), castshadow=True, diffuse=(0.42, 0.42, 0.42)
    )
    table.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(0.55, 0.75, 0.02),
        pos=(0.35, 0.0, -0.02),
        material=add_material(world, "table", "wood", repeat=(2.0, 3.0), rgb=(0.88, 0.76, 0.60)),
        friction=(0.8, 0.005, 0.001),
    )
    for x in (-0.15, 0.85):
        for y in (-0.7, 0.7):
            table.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(0.025, 0.025, 0.33),
                pos=(x, y, -0.37),
                rgba=(0.45, 0.40, 0.36, 1.0),
                contype=0,
                conaffinity=0,
            )
    table.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(3.0, 3.0, 0.1),
        pos=(0.0, 0.0, -0.7),
        rgba=(0.86, 0.87, 0.88, 1.0),
        contype=0,
        conaffinity=0,
    )
    # Looks from over the table's far edge back at the arms.
    table.add_camera(name="front", pos=(1.15, 0.0, 0.75), xyaxes=(0, 1, 0, -0.64, 0, 0.77), fovy=50)

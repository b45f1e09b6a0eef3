"""The simulated world: arms, a task's scene, and the physics between them."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from real.sim.arms import add_arm, prefix
from real.sim.body import ArmBody
from real.sim.scene import TaskScene, add_room
from real.sim.variation import Variation
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object

SCENES = {
    "place-orange": "real.sim.place_orange:PlaceOrange",
    "flip-egg": "real.sim.flip_egg:FlipEgg",
    "open-box": "real.sim.open_box:OpenBox",
    "insert-bills": "real.sim.insert_bills:InsertBills",
}
"""Scenes by the names that presets give them."""


def make_scene(preset: Preset, scene: str | None = None) -> TaskScene:
    """Make the objects that a simulated robot has before it.

    Args:
        preset: The task.
        scene: A name in `SCENES`, or ``"module:Class"``; the preset's own scene if None.

    Raises:
        UnknownNameError: There is no such scene.
        ConfigurationError: It cannot be imported, is no `TaskScene`, or lacks an object that the
            preset tracks.
    """
    name = scene or preset.scene or preset.name
    if name not in SCENES and scene is None:
        raise UnknownNameError(f"scene of the preset {preset.name}", name, SCENES)
    if name not in SCENES and ":" not in name:
        raise UnknownNameError("scene", name, [*SCENES, "module:Class"])
    made = load_object(SCENES.get(name, name), "scene")
    if not (isinstance(made, type) and issubclass(made, TaskScene)):
        raise ConfigurationError(
            f"A scene must be a subclass of real.sim.scene.TaskScene. Got: {name!r}, {made!r}."
        )
    if foreign := [o for o in preset.objects if o not in made.OBJECTS]:
        raise ConfigurationError(
            f"The objects of {preset.name} must be among {', '.join(made.OBJECTS)}. "
            f"Got: {', '.join(foreign)}. Try another scene."
        )
    return made()


class World:
    """The MuJoCo world of arms and objects, stepped together by its own time alone.

    Args:
        preset: The task.
        scene: Whose objects; see `make_scene`.
        variation: What of its looks varies by seed; nothing if None.

    Raises:
        UnknownNameError: There is no such scene, arm or gripper.
        ConfigurationError: The scene cannot be made, or lacks an object that the preset tracks.
    """

    def __init__(
        self, preset: Preset, scene: str | None = None, variation: Variation | None = None
    ) -> None:
        self.scene = make_scene(preset, scene)
        self.objects = preset.objects
        spec = mujoco.MjSpec()
        spec.compiler.degree = False  # as the arms' files have it
        add_room(spec)
        drives = [add_arm(spec, arm, index) for index, arm in enumerate(preset.arms)]
        wrists = ("wrist",) if len(drives) == 1 else ("left_wrist", "right_wrist")
        for index, wrist in zip(range(len(drives)), wrists, strict=False):
            hand = spec.body(f"{prefix(index)}right_hand")
            hand.add_camera(name=wrist, pos=(0.07, 0.0, 0.0), quat=(0.0, 1.0, 0.0, 0.0), fovy=75.0)
        self.scene.build(spec)
        self.variation = variation or Variation()
        self.variation.prepare(spec)
        self.model: Any = spec.compile()
        self.variation.bind(self.model)
        self.data: Any = mujoco.MjData(self.model)
        self.arms = [
            ArmBody(self.model, self.data, arm, index, drive)
            for index, (arm, drive) in enumerate(zip(preset.arms, drives, strict=True))
        ]
        self.scene.bind(self.model, self.data, self.arms)
        self.period = float(self.model.opt.timestep)

    def reset(self, rng: np.random.Generator) -> None:
        """Put the arms at home and the objects where a seed says."""
        mujoco.mj_resetData(self.model, self.data)
        for arm in self.arms:
            arm.go_home()
        self.scene.lay_out(rng)
        mujoco.mj_forward(self.model, self.data)
        self.step(50)  # objects settle
        self.data.qvel[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def step(self, steps: int = 1, joints: list[np.ndarray] | None = None) -> None:
        """Run physics steps.

        Args:
            steps: How many.
            joints: Where to pull each arm's joints, instead of its hand to the goal [rad].
        """
        model, data = self.model, self.data
        for _ in range(steps):
            mujoco.mj_step1(model, data)
            for index, arm in enumerate(self.arms):
                arm.actuate(None if joints is None else joints[index])
            mujoco.mj_step2(model, data)

    def object_poses(self) -> dict[str, np.ndarray]:
        """Poses of the tracked objects. Shape ``(7,)`` each."""
        return {name: self.scene.pose(name) for name in self.objects}

"""Arms and grippers as MuJoCo models, from the files that robosuite ships."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mujoco
import numpy as np

from real.tasks.preset import ArmPreset
from zprl_env.errors import MissingExtraError, UnknownNameError

TOOL = "tool"
"""Site between the fingertips: z points out of the hand, the fingers close along y."""
SOLID_GROUP = 3
"""Group of the geoms that collide and are not shown."""


@dataclass(frozen=True)
class ArmKind:
    """An arm that can be simulated.

    Attributes:
        torques: What each motor can do [N m].
        rest: A posture with the hand pointing down, from which others are searched [rad].
    """

    torques: tuple[float, ...]
    rest: tuple[float, ...]


ARMS = {
    "xarm7": ArmKind((50, 50, 30, 30, 30, 20, 20), (0.0, 0.0, 0.0, 1.2, 0.0, 1.2, np.pi)),
    "panda": ArmKind((87, 87, 87, 87, 12, 12, 12), (0.0, 0.1, 0.0, -2.2, 0.0, 2.3, np.pi / 4)),
}
"""The arms by the name in a preset."""


@dataclass(frozen=True)
class Drive:
    """The joints that drive a gripper, opened and closed.

    Attributes:
        joints: Driven joints.
        opened: Where they are when it is open [rad or m].
        closed: Where they are when it is closed [rad or m].
    """

    joints: tuple[str, ...]
    opened: tuple[float, ...]
    closed: tuple[float, ...]


def robotiq_85(hand: Any) -> Drive:
    """Attach Robotiq's 2F-85, whose fingertips stay parallel.

    robosuite couples its links by springs, which lets the tips turn; equalities hold them here.
    """
    tips = ("left_fingertip_collision", "right_fingertip_collision")
    gripper = _read("grippers/robotiq_gripper_85.xml", tips)
    for side, drive in (("left", "finger_joint"), ("right", "right_outer_knuckle_joint")):
        for link, ratio in (("inner_finger", -1.0), ("inner_knuckle", 1.0)):
            _couple(gripper, f"{side}_{link}_joint", drive, ratio)
    _couple(gripper, "right_outer_knuckle_joint", "finger_joint", 1.0)
    for joint in gripper.joints:
        joint.armature, joint.damping = 0.002, 0.02
    for actuator in gripper.actuators:
        actuator.forcerange, actuator.forcelimited = (-2.0, 2.0), True
        actuator.gainprm[0], actuator.biasprm[1:3] = 10.0, (-10.0, -0.4)
    palm = gripper.body("robotiq_85_adapter_link")
    palm.add_geom(
        name="palm_collision",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=(0.035, 0.04, 0.0),
        pos=(0.0, 0.0, 0.045),
        group=SOLID_GROUP,
    )
    palm.add_site(name=TOOL, group=4, pos=(0.0, 0.0, 0.135))
    _attach(hand, gripper)
    return Drive(("finger_joint", "right_outer_knuckle_joint"), (0.0, 0.0), (0.8, 0.8))


def panda(hand: Any) -> Drive:
    """Attach Franka's own hand."""
    solid = ("finger1_pad_collision", "finger2_pad_collision", "hand_collision")
    gripper = _read("grippers/panda_gripper.xml", solid)
    body = gripper.body("right_gripper")
    body.add_site(
        name=TOOL, group=4, pos=(0.0, 0.0, 0.097), quat=(np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5))
    )
    _attach(hand, gripper)
    return Drive(("finger_joint1", "finger_joint2"), (0.04, -0.04), (0.0, 0.0))


GRIPPERS: dict[str, Callable[[Any], Drive]] = {"robotiq_85": robotiq_85, "panda": panda}
"""Functions that attach a gripper to a hand, by the gripper's name in a preset."""


def add_arm(world: Any, arm: ArmPreset, index: int) -> Drive:
    """Put an arm with its gripper into a world.

    Args:
        world: The ``mujoco.MjSpec``.
        arm: Which, and where.
        index: Its number; names begin with `prefix`.

    Returns:
        How its gripper is driven, with the names it has in the world.

    Raises:
        UnknownNameError: It cannot be simulated.
        MissingExtraError: robosuite is not installed.
    """
    for kind, name, known in (("arm", arm.model, ARMS), ("gripper", arm.gripper, GRIPPERS)):
        if name not in known:
            raise UnknownNameError(f"simulated {kind}", name, known)
    model = _read(f"robots/{arm.model}/robot.xml")
    for joint in model.joints:
        joint.armature, joint.damping, joint.frictionloss = 0.1, 0.5, 0.0
    torques = ARMS[arm.model].torques
    for actuator, torque in zip(model.actuators, torques, strict=True):
        actuator.ctrlrange = (-torque, torque)
    drive = GRIPPERS[arm.gripper](model.body("right_hand"))
    for geom in model.geoms:
        if geom.contype or geom.conaffinity:  # with the world, and with the other arms
            geom.contype, geom.conaffinity = 2 << index, 0xFF & ~(2 << index)
    half = 0.5 * arm.base_yaw
    frame = world.worldbody.add_frame(pos=arm.base, quat=(np.cos(half), 0.0, 0.0, np.sin(half)))
    world.attach(model, prefix=prefix(index), frame=frame)
    return Drive(
        tuple(f"{prefix(index)}gripper_{joint}" for joint in drive.joints),
        drive.opened,
        drive.closed,
    )


def prefix(index: int) -> str:
    """Return the beginning of the names of an arm's parts.

    >>> prefix(1)
    'arm1_'
    """
    return f"arm{index}_"


def _assets() -> Path:
    found = importlib.util.find_spec("robosuite")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("robosuite", "robosuite")
    return Path(found.submodule_search_locations[0], "models", "assets")


def _read(name: str, solid: Sequence[str] = ()) -> Any:
    """Read a file of robosuite's.

    Args:
        name: Where it is among the assets.
        solid: Geoms that collide; the others are seen or left out.
    """
    path = _assets() / name
    root = ElementTree.parse(path).getroot()
    for part in [root, *root.iter()]:
        if part.tag in ("tendon", "sensor"):
            part.clear()
        names = set()
        for item in list(part):
            if item.tag == "geom" and item.get("name", "") in solid:
                item.set("group", str(SOLID_GROUP))
            elif item.tag in ("site", "camera") or item.get("group") == "0":
                part.remove(item)
            elif item.tag == "geom":
                item.attrib.update(contype="0", conaffinity="0")
            if "file" in item.attrib:
                item.set("file", str(path.parent / item.attrib["file"]))
                if item.get("name") in names:  # robosuite names a mesh twice
                    part.remove(item)
                names.add(item.get("name"))
    return mujoco.MjSpec.from_string(ElementTree.tostring(root, encoding="unicode"))


def _attach(hand: Any, gripper: Any) -> None:
    hand.add_frame().attach_body(gripper.worldbody.first_body(), "gripper_", "")


def _couple(spec: Any, joint: str, leader: str, ratio: float) -> None:
    """Make a joint follow another."""
    equality = spec.add_equality(
        type=mujoco.mjtEq.mjEQ_JOINT, name1=joint, name2=leader, objtype=mujoco.mjtObj.mjOBJ_JOINT
    )
    equality.data[:5] = (0.0, ratio, 0.0, 0.0, 0.0)
    equality.solref = (0.005, 1.0)

"""Arms and grippers are what robosuite's files say, where the preset has them."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from real.sim.arms import ARMS, GRIPPERS, TOOL, add_arm, prefix
from real.tasks.files import load_preset
from zprl_env.errors import UnknownNameError

ARM = load_preset("place-orange").arms[0]


def built(*arms):
    """A world of arms alone, and how their grippers are driven."""
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    drives = [add_arm(spec, arm, index) for index, arm in enumerate(arms)]
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data, drives


@pytest.mark.parametrize("gripper", GRIPPERS)
@pytest.mark.parametrize("arm", ARMS)
def test_every_gripper_fits_every_arm(arm, gripper):
    preset = ARM.model_copy(update={"model": arm, "gripper": gripper})
    model, _, (drive,) = built(preset)
    joints = [model.joint(f"{prefix(0)}joint{number}") for number in range(1, 8)]
    for joint, torque in zip(joints, ARMS[arm].torques, strict=True):
        (motor,) = np.flatnonzero(model.actuator_trnid[:, 0] == joint.id)
        assert model.actuator_ctrlrange[motor].tolist() == [-torque, torque]
    for name, opened, closed in zip(drive.joints, drive.opened, drive.closed, strict=True):
        low, high = model.joint(name).range
        assert low <= min(opened, closed) <= max(opened, closed) <= high + 1e-9
    assert model.site(f"{prefix(0)}gripper_{TOOL}").id >= 0


def test_it_stands_where_it_is_mounted_and_turned():
    moved = ARM.model_copy(update={"base": (0.1, -0.4, 0.2), "base_yaw": np.pi / 2})
    (_, straight, _), (_, turned, _) = built(ARM), built(moved)
    name = f"{prefix(0)}right_hand"
    x, y, z = straight.body(name).xpos
    np.testing.assert_allclose(turned.body(name).xpos, [0.1 - y, -0.4 + x, 0.2 + z], atol=1e-9)


@pytest.mark.parametrize("gripper", GRIPPERS)
def test_the_fingers_meet_at_the_tool_along_its_y_axis(gripper):
    model, data, (drive,) = built(ARM.model_copy(update={"gripper": gripper}))
    tips = [
        index
        for index in range(model.ngeom)
        if any(part in model.geom(index).name for part in ("fingertip_coll", "pad_collision"))
    ]
    assert len(tips) == 2
    gaps = []
    for ends in (drive.opened, drive.closed):
        for name, end in zip(drive.joints, ends, strict=True):
            data.joint(name).qpos[0] = end
        if gripper == "robotiq_85":  # whose other joints follow by equalities, here by hand
            for side in ("left", "right"):
                data.joint(f"arm0_gripper_{side}_inner_finger_joint").qpos[0] = -ends[0]
                data.joint(f"arm0_gripper_{side}_inner_knuckle_joint").qpos[0] = ends[0]
        mujoco.mj_forward(model, data)
        site = data.site(f"{prefix(0)}gripper_{TOOL}")
        seen = (data.geom_xpos[tips] - site.xpos) @ site.xmat.reshape(3, 3)
        np.testing.assert_allclose(seen[0] * [1, -1, 1], seen[1], atol=2e-3)
        gaps.append(np.abs(seen[:, 1]).sum())
    assert gaps[0] > gaps[1] + 0.05


def test_an_arm_collides_with_the_world_and_the_other_arm_but_not_with_itself():
    model, _, _ = built(ARM, ARM.model_copy(update={"base": (0.0, 0.6, 0.0)}))
    solid: dict[str, list[tuple[int, int]]] = {"arm0": [], "arm1": []}
    for index in range(model.ngeom):
        geom = model.geom(index)
        if geom.contype[0]:
            name = model.body(geom.bodyid[0]).name[:4]
            solid[name].append((int(geom.contype[0]), int(geom.conaffinity[0])))
    table = 1, 1

    def collide(one, other):
        return bool(one[0] & other[1] or other[0] & one[1])

    for arm in solid.values():
        assert len(arm) >= 3
        assert all(collide(geom, table) for geom in arm)
        assert not any(collide(one, other) for one in arm for other in arm)
    assert all(collide(one, other) for one in solid["arm0"] for other in solid["arm1"])


def test_what_cannot_be_simulated_is_named():
    for kind, name in (("model", "xarm6"), ("gripper", "robotiq_140")):
        foreign = ARM.model_copy(update={kind: name})
        with pytest.raises(UnknownNameError, match=f"unknown simulated .* '{name}'"):
            add_arm(mujoco.MjSpec(), foreign, 0)

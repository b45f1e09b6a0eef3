"""Absolute actions are marked, converted, and lead the real simulator to the same success."""

import json

import h5py
import numpy as np
import pytest

from policies.convert import Conversion, convert
from policies.demonstrations import Demonstrations
from policies.demonstrations.absolute_actions import axis_angle_to_rows, mark_absolute, marked
from policies.errors import DemonstrationError
from tests.helpers.demonstrations import env_args, write_robomimic

TWO = ("Panda", "Panda")


def poses(steps, arms, near, rng):
    """Absolute actions in robomimic's layout, close to the hands."""
    parts = [
        np.concatenate([hand + 0.01, rng.uniform(-2, 2, (steps, 3)), np.ones((steps, 1))], axis=1)
        for hand in near[:arms]
    ]
    return np.concatenate(parts, axis=1)


def absolute_file(path, args, arms=1, far=0.0):
    sizes = [("object", 10), *((f"robot{i}_eef_pos", 3) for i in range(arms))]
    write_robomimic(path, args, sizes=sizes, actions=7 * arms)
    rng = np.random.default_rng(0)
    with h5py.File(path, "a") as file:
        for episode in file["data"].values():
            hands = [episode[f"obs/robot{i}_eef_pos"][()] + far for i in range(arms)]
            episode["actions_abs"][...] = poses(5, arms, hands, rng)
    return path


@pytest.mark.parametrize("arms", [1, 2])
@pytest.mark.parametrize("version", ["1.5.1", "1.4.1"])
def test_a_converted_file_is_absolute_and_says_so(tmp_path, arms, version):
    task, robots = ("Lift", ("Panda",)) if arms == 1 else ("TwoArmTransport", TWO)
    args = env_args(task, version, robots)
    if arms == 2:
        args["env_name"] = "Lift"  # whose object has ten numbers
    source = absolute_file(tmp_path / "d.hdf5", args, arms)
    out = str(tmp_path / "abs.hdf5")
    convert(Conversion(str(source), out, actions="actions_abs", old_robosuite="convert"))
    read = Demonstrations.load(out)
    assert read.trajectories[0].actions.shape == (5, 10 * arms)
    assert read.env_args["action"] == "absolute"
    assert marked(read.env_args)
    with h5py.File(source) as file:
        stored = file["data/demo_0/actions_abs"][()]
    absolute_pose = pytest.importorskip("zprl_env.envs.robosuite.absolute_pose")
    expected = absolute_pose.from_robosuite(stored)
    np.testing.assert_allclose(read.trajectories[0].actions, expected, atol=1e-6)
    back = absolute_pose.to_robosuite(read.trajectories[0].actions)
    np.testing.assert_allclose(back[:, :3], stored[:, :3], atol=1e-6)


def test_deltas_stay_deltas(tmp_path):
    source = absolute_file(tmp_path / "d.hdf5", env_args())
    convert(Conversion(str(source), str(tmp_path / "out.hdf5")))
    read = Demonstrations.load(tmp_path / "out.hdf5")
    assert read.trajectories[0].actions.shape == (5, 7)
    assert "action" not in read.env_args
    assert not marked(read.env_args)


def test_what_the_library_loads_is_marked_as_well(tmp_path):
    source = absolute_file(tmp_path / "d.hdf5", env_args())
    read = Demonstrations.load(source, actions="actions_abs")
    assert marked(read.env_args)
    assert not marked(Demonstrations.load(source).env_args)


def test_converting_twice_changes_nothing(tmp_path):
    source = absolute_file(tmp_path / "d.hdf5", env_args())
    first, second = str(tmp_path / "1.hdf5"), str(tmp_path / "2.hdf5")
    convert(Conversion(str(source), first, actions="actions_abs"))
    convert(Conversion(first, second))
    once, twice = Demonstrations.load(first), Demonstrations.load(second)
    assert once.env_args == twice.env_args
    np.testing.assert_array_equal(once.trajectories[0].actions, twice.trajectories[0].actions)


def test_another_frame_than_the_worlds_is_said(tmp_path):
    said: list[str] = []
    for far in (0.0, 3.0):
        source = absolute_file(tmp_path / f"{far}.hdf5", env_args(), far=far)
        out = str(tmp_path / f"out{far}.hdf5")
        convert(Conversion(str(source), out, actions="actions_abs"), say=said.append)
        assert any("another frame than the world's" in line for line in said) is (far > 0)


@pytest.mark.parametrize("size", [6, 8, 12])
def test_other_numbers_than_seven_per_arm_are_refused(size):
    with pytest.raises(DemonstrationError, match=f"7 numbers per arm.* Got: {size}"):
        axis_angle_to_rows(np.zeros((3, size)))


def test_two_robots_settings_are_both_marked():
    part = {"type": "OSC_POSE", "input_type": "delta"}
    configs = [{"body_parts": {"right": dict(part)}}, {"body_parts": {"right": dict(part)}}]
    args = {"type": 1, "env_kwargs": {"controller_configs": configs}}
    before = json.dumps(args)
    found = mark_absolute(args)["env_kwargs"]["controller_configs"]
    assert [c["body_parts"]["right"]["input_type"] for c in found] == ["absolute"] * 2
    assert json.dumps(args) == before


def goals(env, action):
    """What robomimic writes as the absolute action of a delta: the controllers' goals."""
    from scipy.spatial.transform import Rotation

    parts = []
    for arm, robot in enumerate(env._env.robots):
        controller = robot.part_controllers["right"]
        base, turn = np.zeros(3), np.eye(3)
        if controller.input_ref_frame == "base":
            base, turn = controller.origin_pos, controller.origin_ori
        turned = Rotation.from_matrix(turn @ controller.goal_ori).as_rotvec()
        grip = action[7 * arm + 6 : 7 * arm + 7]
        parts += [base + turn @ controller.goal_pos, turned, grip]
    return np.concatenate(parts)


def test_the_real_simulator_succeeds_with_converted_actions_as_with_deltas(tmp_path):
    pytest.importorskip("robosuite", reason="needs the robosuite extra")
    from zprl_env.experts.performance import Stage, demonstration_seed, operator_for

    stage = Stage("Lift", 1.0, operator_for(0), env_kwargs={"fast": False})
    seed = demonstration_seed(0, 0)
    shown = stage.perform(seed)
    deltas, absolute = stage.env.unwrapped, []
    deltas.reset(seed=seed)
    for action in shown.trajectory.actions:
        *_, info = deltas.step(action)
        absolute.append(goals(deltas, action))
    assert info["is_success"]
    file = tmp_path / "lift.hdf5"
    keys = tuple(stage.observation_keys)
    Demonstrations((shown.trajectory,), stage.env_args, keys).save(file)
    with h5py.File(file, "a") as opened:
        opened["data/demo_0/actions_abs"] = np.array(absolute)
    stage.close()
    converted = convert(Conversion(str(file), str(tmp_path / "a.hdf5"), actions="actions_abs"))

    from zprl_env import make_env

    env = make_env("Lift", action="absolute")
    env.reset(seed=seed)
    success = False
    for action in converted.trajectories[0].actions:
        *_, info = env.step(action)
        success = success or info["is_success"]
        if success:
            break
    env.close()
    assert success

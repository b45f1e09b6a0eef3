"""The simulated robot, spoken to as hardware would be."""

from __future__ import annotations

import dataclasses
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from real.drivers import sim
from real.drivers.sim import SimRobot
from real.robot import Cameras, RobotCommand, RobotError, SceneRobot
from real.sim.faults import Fault
from real.sim.place_orange import PlaceOrange
from real.sim.world import SCENES, World
from real.tasks.files import FOLDER, load_preset, parse_preset
from real.testing import check_robot
from zprl_env.errors import ConfigurationError, RenderingError, UnknownNameError

PRESET = load_preset("place-orange")
DOWN = np.array([[0.0, 1.0, 0.0, 0.0]])


class OwnScene(PlaceOrange):
    """A user's own."""


def connected(**options):
    robot = SimRobot(PRESET, **options)
    robot.connect()
    robot.reset_scene(0)
    return robot


def command(x=0.42, y=0.0, z=0.28, gripper=1.0):
    return RobotCommand(np.array([[x, y, z]]), DOWN, np.array([gripper]))


def wait(robot, seconds):
    robot.clock.sleep_until(robot.clock.now() + seconds)


def numbers(state):
    parts = [state.position, state.quaternion, state.linear_velocity, state.gripper]
    return np.concatenate([np.ravel(p) for p in (*parts, *state.joints, *state.objects.values())])


@pytest.fixture
def robot():
    robot = connected()
    yield robot
    robot.close()


def test_it_is_a_robot_with_a_scene_and_cameras(robot):
    assert robot.n_arms == 1
    assert isinstance(robot, SceneRobot)
    assert isinstance(robot, Cameras)


def test_it_conforms():
    check_robot("sim", "place-orange")


def test_a_measurement_may_be_written_to(robot):
    before = robot.state().position.copy()
    robot.state().position[:] = 7.0
    np.testing.assert_array_equal(robot.state().position, before)


@pytest.mark.parametrize(("newtons", "home"), [(10.0, True), (60.0, False)])
def test_a_load_in_the_hand_keeps_no_arm_from_getting_home(newtons, home, robot, monkeypatch):
    monkeypatch.setattr(sim, "AT_HOME", 5e-4)
    world = robot._world
    world.data.xfrc_applied[world.model.body("arm0_right_hand").id, 2] = -newtons
    if home:
        robot.home()
    else:
        with pytest.raises(RobotError, match="must get home within 30 s"):
            robot.home()
    away = np.abs(world.arms[0].joints - world.arms[0].posture).max()
    assert away > 5e-4
    world.data.xfrc_applied[:] = 0.0


def test_it_begins_exactly_at_home(robot):
    state = robot.state()
    np.testing.assert_allclose(state.position, [PRESET.arms[0].home.position], atol=1e-3)
    assert abs(float(state.quaternion[0] @ DOWN[0])) > 0.9999
    assert state.gripper[0] > 0.97
    assert set(state.objects) == {"orange", "plate"}


def test_it_goes_where_it_is_sent_and_stays_there(robot):
    robot.command(command(y=0.05, z=0.25, gripper=0.0))
    wait(robot, 1.0)
    there = robot.state()
    np.testing.assert_allclose(there.position, [[0.42, 0.05, 0.25]], atol=2e-3)
    assert there.gripper[0] < 0.05
    wait(robot, 1.0)
    np.testing.assert_allclose(robot.state().position, there.position, atol=2e-3)


def test_the_gripper_takes_its_time(robot):
    robot.command(command(gripper=0.0))
    wait(robot, 0.05)
    assert robot.state().gripper[0] > 0.9
    wait(robot, 0.3)
    assert 0.2 < robot.state().gripper[0] < 0.8


def test_stop_drops_what_is_on_its_way():
    robot = connected(latency=0.2)
    robot.command(command(y=0.1))
    robot.stop()
    wait(robot, 1.0)
    assert abs(robot.state().position[0, 1]) < 2e-3


def test_home_takes_the_joints_back(robot):
    rest = robot.state().joints[0]
    robot.command(command(x=0.45, y=0.1, z=0.2))
    wait(robot, 1.0)
    assert np.abs(robot.state().joints[0] - rest).max() > 0.1
    robot.home()
    wait(robot, 0.1)
    assert np.abs(robot.state().joints[0] - rest).max() < 5e-3


def test_the_same_seed_is_the_same_episode_to_the_bit():
    seen = []
    for past in (0, 3):
        robot = connected(seed=past)
        for step in range(past):  # what happened before does not matter
            robot.command(command(z=0.2 + 0.01 * step))
            wait(robot, 0.1)
        robot.reset_scene(7)
        states = [numbers(robot.state())]
        for step in range(20):
            robot.command(command(y=-0.005 * step, gripper=step % 2))
            wait(robot, 1 / 60)
            states.append(numbers(robot.state()))
        seen.append(np.array(states))
    np.testing.assert_array_equal(seen[0], seen[1])


def test_other_seeds_are_other_layouts(robot):
    before = robot.state().objects["orange"]
    robot.reset_scene(1)
    assert np.linalg.norm(robot.state().objects["orange"] - before) > 0.01


def test_a_measurement_is_as_old_as_its_latency():
    robot = connected(latency=0.1, jitter=0.0)
    wait(robot, 1.0)
    assert robot.clock.now() - robot.state().stamp == pytest.approx(0.1, abs=0.012)


def test_without_noise_rest_is_rest():
    robot = connected(noise=0.0)
    wait(robot, 0.2)
    before = robot.state().position
    wait(robot, 0.2)
    np.testing.assert_allclose(robot.state().position, before, atol=1e-6)


def test_frozen_sensors_have_new_stamps_and_old_content(robot):
    robot.inject("freeze")
    wait(robot, 0.1)
    first = robot.state()
    robot.command(command(y=0.1))
    wait(robot, 0.5)
    second = robot.state()
    assert second.stamp > first.stamp + 0.4
    np.testing.assert_array_equal(numbers(first), numbers(second))


def test_stale_means_that_nothing_new_arrives(robot):
    wait(robot, 0.1)
    first = robot.state()
    robot.inject("stale", duration=0.5)
    wait(robot, 0.4)
    np.testing.assert_array_equal(numbers(robot.state()), numbers(first))
    assert robot.state().stamp == first.stamp
    wait(robot, 0.2)
    assert robot.state().stamp > first.stamp + 0.4


def test_a_refusal_is_an_error_and_ends(robot):
    robot.inject("reject", duration=0.1)
    with pytest.raises(RobotError, match="refusal"):
        robot.command(command())
    robot.state()
    wait(robot, 0.2)
    robot.command(command())


def test_a_lost_connection_has_to_be_made_again(robot):
    robot.inject("disconnect", duration=0.1)
    for call in (robot.state, robot.stop, robot.connect):
        with pytest.raises(RobotError, match="simulated robot must be"):
            call()
    wait(robot, 0.2)
    with pytest.raises(RobotError, match="connect"):
        robot.state()
    robot.connect()
    assert robot.clock.now() - robot.state().stamp < 0.1


def test_faults_come_when_they_are_due_in_every_episode():
    robot = connected(faults=[Fault("reject", after=0.1, duration=0.1)])
    for seed in range(2):
        robot.reset_scene(seed)
        robot.command(command())
        wait(robot, 0.15)
        with pytest.raises(RobotError, match="refusal"):
            robot.command(command())
    robot = connected(faults=[{"kind": "reject", "probability": 0.0}])
    robot.command(command())


def test_before_connect_and_after_close_nobody_answers():
    robot = SimRobot(PRESET)
    with pytest.raises(RobotError, match="connected"):
        robot.state()
    robot.connect()
    robot.close()
    robot.close()
    with pytest.raises(RobotError, match="closed"):
        robot.connect()


def test_in_real_time_it_moves_by_itself():
    robot = connected(realtime=True)
    try:
        robot.command(command(y=0.05))
        began = time.monotonic()
        while robot.state().position[0, 1] < 0.04 and time.monotonic() < began + 60.0:
            time.sleep(0.02)
        assert robot.state().position[0, 1] >= 0.04
        assert -0.01 < robot.clock.now() - robot.state().stamp < 10.0
    finally:
        robot.close()


def test_nothing_waits_while_a_picture_is_drawn(robot, monkeypatch):
    drawing, drawn = threading.Event(), threading.Event()
    frames = robot._cameras.frames

    def slowly(*how):
        drawing.set()
        assert drawn.wait(5.0)
        return frames(*how)

    monkeypatch.setattr(robot._cameras, "frames", slowly)
    with ThreadPoolExecutor(1) as beside:
        taken = beside.submit(robot.images, ["front"])
        assert drawing.wait(5.0)
        robot.command(command(y=0.02))
        wait(robot, 0.5)
        assert robot.state().position[0, 1] > 0.01  # it moved meanwhile
        drawn.set()
        assert taken.result()["front"].shape == (240, 320, 3)


def test_pictures_show_the_scene(robot):
    try:
        images = robot.images(["front"])
    except RobotError as error:
        if isinstance(error.__cause__, RenderingError):
            pytest.skip(str(error))
        raise
    assert images["front"].shape == (240, 320, 3)
    assert images["front"].std() > 10
    with pytest.raises(RobotError, match="unknown camera"):
        robot.images(["behind"])


@pytest.mark.parametrize("task", SCENES)
def test_no_task_is_done_when_it_begins(task):
    preset = load_preset(task)
    world = World(preset)
    low = np.min([arm.safety.low for arm in preset.arms], axis=0)
    high = np.max([arm.safety.high for arm in preset.arms], axis=0)
    for seed in range(5):
        world.reset(np.random.default_rng(seed))
        assert not world.scene.success()
        for name, pose in world.object_poses().items():
            assert (pose[:2] > low[:2]).all(), name
            assert (pose[:2] < high[:2]).all(), name


def test_a_preset_that_was_copied_and_renamed_keeps_its_scene(tmp_path):
    text = (FOLDER / "place-orange.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("name: place-orange", "name: mine"), encoding="utf-8")
    preset = load_preset(path)
    assert preset.name == "mine"
    assert isinstance(World(preset).scene, PlaceOrange)
    with pytest.raises(UnknownNameError, match="unknown scene of the preset mine 'mine'"):
        World(preset.model_copy(update={"scene": None}))


def test_a_scene_of_one_s_own_is_the_driver_s_setting_and_never_the_file_s():
    own = f"{__name__}:OwnScene"
    assert isinstance(World(PRESET, own).scene, OwnScene)
    with pytest.raises(ConfigurationError, match="scene string should match pattern"):
        parse_preset(PRESET.model_dump() | {"scene": own})
    with pytest.raises(UnknownNameError, match="scene of the preset"):  # past the validation
        World(PRESET.model_copy(update={"scene": own}))
    with pytest.raises(ConfigurationError, match=r"subclass of real\.sim\.scene\.TaskScene\. Got"):
        World(PRESET, "math:tau")
    with pytest.raises(UnknownNameError, match="OwnScenes"):
        World(PRESET, f"{own}s")


def test_what_is_impossible_is_refused():
    with pytest.raises(ConfigurationError, match="latency must be 0 or more"):
        SimRobot(PRESET, latency=-1.0)
    with pytest.raises(UnknownNameError, match="did you mean 'place-orange'"):
        SimRobot(PRESET, scene="place-oranges")
    with pytest.raises(ConfigurationError, match="objects of open-box"):
        SimRobot(load_preset("open-box"), scene="place-orange")
    foreign = PRESET.arms[0].model_copy(update={"model": "ur20"})
    with pytest.raises(UnknownNameError, match="simulated arm"):
        SimRobot(PRESET.model_copy(update={"arms": (foreign,)}))
    with pytest.raises(UnknownNameError, match="fault"):
        SimRobot(PRESET, faults=[{"kind": "explode"}])
    with pytest.raises(ConfigurationError, match="probability"):
        dataclasses.replace(Fault("stale"), probability=2.0)


def test_a_home_out_of_reach_is_named():
    home = PRESET.arms[0].home.model_copy(update={"position": (1.5, 0.0, 0.3)})
    arm = PRESET.arms[0].model_copy(update={"home": home})
    with pytest.raises(RobotError, match="reach its home"):
        SimRobot(PRESET.model_copy(update={"arms": (arm,)}))

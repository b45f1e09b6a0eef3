"""What the application answers, asked without a network between."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load
from scipy.spatial.transform import Rotation

from real.cameras.reader import CameraReader
from real.cameras.rig import CameraRig
from real.drivers.ideal import IdealRobot
from real.network.app import make_app
from real.network.served_robot import ServedRobot
from real.network.wire import ArmFrame
from real.robot import RobotError
from real.tasks.files import load_preset
from tests.helpers.robots.coasting import CoastingRobot
from tests.helpers.robots.filming import FakeDevice
from tests.helpers.robots.serving import until
from zprl_env.errors import ConfigurationError

PRESET = load_preset("open-box")
DOWN = [1.0, 0.0, 0.0, 0.0]
"""Fingers straight down, as x, y, z, w."""
FRAMES = [ArmFrame.of(arm) for arm in PRESET.arms]


class Client:
    """Asks an application as a server would."""

    def __init__(self, robot, rig=None):
        self.robot = robot
        self._served = ServedRobot(robot, PRESET, dead_man=1e6)
        self._app = make_app(self._served, rig)

    def post(self, path: str, content: Any = None) -> tuple[int, bytes]:
        """Status and body."""
        body = b"" if content is None else json.dumps(content).encode()
        sent: list[dict[str, Any]] = []

        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            sent.append(dict(message))

        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": path,
        }
        scope |= {"headers": [(b"content-type", b"application/json")], "query_string": b""}
        asyncio.run(self._app(scope, receive, send))
        return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])

    def ask(self, path: str, content: Any = None) -> Any:
        """The reply's JSON."""
        status, reply = self.post(path, content)
        assert status == 200, reply
        return json.loads(reply)

    def refusal(self, path: str, content: Any = None) -> tuple[int, str]:
        """Status and what is said."""
        status, reply = self.post(path, content)
        return status, json.loads(reply)["detail"]

    def close(self):
        self._served.close()


@pytest.fixture
def simulated():
    robot = IdealRobot(PRESET)
    robot.connect()
    client = Client(robot)
    yield client
    client.close()


@pytest.fixture
def hardware():
    client = Client(CoastingRobot(PRESET))
    yield client
    client.close()


def test_each_arm_is_at_its_address_in_its_own_frame_and_the_first_at_the_root(simulated):
    for arm, frame in enumerate(FRAMES):
        home = PRESET.arms[arm].home
        pose = simulated.ask(f"/arm{arm}/getstate")["pose"]
        expected = frame.to_wire(np.array(home.position), np.array(home.quaternion))
        np.testing.assert_allclose(pose, expected, atol=1e-12)
    assert simulated.ask("/getstate")["pose"] == simulated.ask("/arm0/getstate")["pose"]
    status, said = simulated.post("/arm2/getstate")
    assert (status, b"/getpos_euler, " in said, b"/zprl/stop" in said) == (404, True, True)


def test_a_pose_moves_its_arm_alone(simulated):
    home = simulated.robot.state().position
    target = home[1] + np.array([0.03, 0.02, -0.01])
    wire = FRAMES[1].to_wire(target, np.array([0.0, 1.0, 0.0, 0.0]))
    assert simulated.post("/arm1/pose", {"arr": wire.tolist()}) == (200, b"Moved")
    expected = [home[0], target]
    assert until(lambda: np.allclose(simulated.robot.state().position, expected, atol=1e-12))


def test_part_of_a_state_is_what_the_whole_has(simulated):
    state = simulated.ask("/arm1/getstate")
    for name in ("vel", "force", "torque", "q", "dq", "jacobian"):
        assert simulated.ask(f"/arm1/get{name}") == {name: state[name]}
    assert simulated.ask("/arm1/getpos") == {"pose": state["pose"]}
    assert simulated.ask("/arm1/get_gripper") == {"gripper": state["gripper_pos"]}


def test_a_pose_is_told_in_euler_s_angles_as_scipy_has_them(simulated):
    pose = np.array(simulated.ask("/arm1/getpos")["pose"])
    told = simulated.ask("/arm1/getpos_euler")["pose"]
    np.testing.assert_allclose(told[:3], pose[:3])
    turned = Rotation.from_euler("xyz", told[3:]) * Rotation.from_quat(pose[3:]).inv()
    assert turned.magnitude() < 1e-9


@pytest.mark.parametrize("path", ["/update_param", "/set_load"])
def test_a_setting_is_the_driver_s_own_or_it_is_said_that_nothing_was_changed(path, simulated):
    status, told = simulated.refusal(path, {"mass": 0.5})
    assert (status, "nothing was changed" in told) == (501, True)
    heard: list[tuple[dict, int]] = []

    def change(parameters, arm):
        if "mass" not in parameters:
            raise ConfigurationError("mass must be said.")
        heard.append((parameters, arm))

    setattr(simulated.robot, path.strip("/"), change)
    assert simulated.post(path, {"mass": 0.5})[0] == 200
    assert simulated.post(f"/arm1{path}", {"mass": 0.1})[0] == 200
    assert heard == [({"mass": 0.5}, 0), ({"mass": 0.1}, 1)]
    status, told = simulated.refusal(path, {})
    assert (status, "mass must be said" in told) == (422, True)


def test_besides_serl_s_it_says_when_what_lies_where_and_whether_it_is_done(simulated):
    simulated.robot.clock.sleep_until(4.0)
    added = simulated.ask("/getstate")["zprl"]
    assert (added["stamp"], added["age"], added["success"]) == (4.0, 0.0, False)
    objects = simulated.robot.state().objects
    assert added["objects"] == {name: pose.tolist() for name, pose in objects.items()}


@pytest.mark.parametrize(
    ("path", "content", "opening"),
    [
        ("/arm1/move_gripper", {"gripper_pos": 51}, 0.8),
        ("/arm1/close_gripper", None, 0.0),
        ("/arm1/close_gripper_slow", None, 0.0),
        ("/arm1/open_gripper", None, 1.0),
    ],
)
def test_grippers_open_and_close(path, content, opening, simulated):
    simulated.post("/close_gripper")
    assert simulated.post(path, content)[0] == 200
    expected = [0.0, opening]
    assert until(lambda: np.allclose(simulated.robot.state().gripper, expected))


@pytest.mark.parametrize(
    ("path", "content", "complaint"),
    [
        ("/pose", {"arr": [0.4, 0.0, 0.3]}, "body.arr: List should have at least 7 items"),
        (
            "/pose",
            {"arr": [0.4, 0.0, 0.3, 2, 0, 0, 0]},
            "must be a position [m] and a unit quatern",
        ),
        ("/pose", {"arr": [1e4, 0.0, 0.3, *DOWN]}, "must be a position [m] and a unit quaternion"),
        ("/pose", {"arr": ["0.4", 0.0, 0.3, *DOWN]}, "body.arr.0: Input should be a valid number"),
        ("/move_gripper", {"gripper_pos": 256}, "should be less than or equal to 255"),
        ("/move_gripper", {"gripper_pos": True}, "body.gripper_pos: Input should be a valid num"),
        (
            "/zprl/reset_scene",
            {"seed": -1},
            "body.seed: Input should be greater than or equal",
        ),
        ("/zprl/reset_scene", {"seeed": 1}, "body.seeed: Extra inputs are not permitted"),
    ],
)
def test_what_is_malformed_is_told_by_its_place_and_moves_nothing(
    path, content, complaint, simulated
):
    before = simulated.ask("/getstate")
    status, detail = simulated.refusal(path, content)
    assert status == 422
    assert complaint in detail
    assert simulated.ask("/getstate") == before


def test_what_is_impossible_is_a_conflict_and_what_fails_is_not_available(hardware):
    status, detail = hardware.refusal("/pose", {"arr": [0.4, 0.0, -1.0, *DOWN]})
    assert (status, "must lie in the box of open-box" in detail) == (409, True)
    hardware.robot.broken["state"] = RobotError("The robot must be there. Got: no answer.")
    status, detail = hardware.refusal("/getstate")
    assert (status, detail) == (503, "The robot must be there. Got: no answer.")
    hardware.robot.broken.clear()
    hardware.robot.calls.clear()
    assert hardware.post("/clearerr") == (200, b"Clear")
    assert hardware.robot.calls == ["connect", "stop"]


def test_impedance_is_switched_off_and_on(hardware):
    assert hardware.post("/stopimp")[0] == 200
    assert hardware.refusal("/open_gripper")[0] == 409
    assert hardware.post("/startimp")[0] == 200
    assert hardware.post("/open_gripper") == (200, b"Opened")


def test_a_joint_reset_takes_the_arms_home(hardware):
    hardware.post("/close_gripper")
    assert hardware.post("/jointreset") == (200, b"Reset Joint")
    assert hardware.robot.calls[-1] == "home"
    assert hardware.ask("/getstate")["gripper_pos"] == 1.0


def test_a_stop_is_a_word_of_ours(hardware):
    hardware.post("/close_gripper")
    assert hardware.ask("/zprl/stop") == {"stopped": True}
    assert hardware.robot.calls[-1] == "stop"


def test_hardware_has_neither_scene_nor_cameras(hardware):
    assert hardware.ask("/getstate")["zprl"]["success"] is None
    for path in ("/zprl/reset_scene", "/zprl/images", "/arm1/zprl/images"):
        assert hardware.post(path, {"names": []})[0] == 404


def test_a_scene_is_laid_out_by_its_seed(simulated):
    places = []
    for seed in (3, 4, 3):
        assert simulated.ask("/zprl/reset_scene", {"seed": seed}) == {"reset": True}
        places.append(simulated.ask("/getstate")["zprl"]["objects"]["box"])
    assert places[0] == places[2] != places[1]


def test_pictures_are_those_that_were_asked_for(simulated):
    status, reply = simulated.post("/zprl/images", {"names": ["front", "left_wrist"]})
    pictures = load(reply)
    assert (status, sorted(pictures)) == (200, ["front", "left_wrist"])
    expected = simulated.robot.images(["front"])["front"]
    np.testing.assert_array_equal(pictures["front"], expected)
    status, detail = simulated.refusal("/zprl/images", {"names": ["front", "behind"]})
    assert (status, "Got: behind." in detail) == (409, True)


def test_pictures_of_devices_are_taken_after_they_are_asked_for(simulated):
    device = FakeDevice(0.03, (16, 16))
    rig = CameraRig({"front": CameraReader("front", device, patience=0.5)})
    rig.connect()
    client = Client(simulated.robot, rig)
    status, first = client.post("/zprl/images", {"names": ["front", "left_wrist"]})
    assert status == 200
    shapes = {name: picture.shape for name, picture in load(first).items()}
    assert shapes == {"front": (16, 16, 3), "left_wrist": (64, 64, 3)}
    assert client.post("/zprl/images", {"names": ["front"]})[1] != first
    device.broken = RuntimeError("no lens")
    assert client.refusal("/zprl/images", {"names": ["front"]}) == (
        503,
        "the camera front failed: RuntimeError: no lens",
    )
    client.close()
    rig.close()

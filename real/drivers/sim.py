"""The simulated robot driver: MuJoCo behind the interface that hardware has."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from policies.pictures.quality import QUALITIES, RenderQuality
from policies.pictures.settings import PictureSettings
from real.cameras.camera import CameraError
from real.clock import Clock, SimulatedClock, WallClock
from real.robot import JointCommand, ReflexError, RobotCommand, RobotError, RobotState, Space
from real.sim.body import JOINT_SPEED
from real.sim.cameras import WorldCameras
from real.sim.delay import DelayLine
from real.sim.faults import BLIND, Fault, FaultKind, FaultSchedule
from real.sim.measuring import Sensors
from real.sim.variation import Variation
from real.sim.world import World
from real.tasks.preset import TRACKED, Preset
from zprl_env.envs.mismatch import Mismatched, make_mismatch, read_mismatch
from zprl_env.errors import ConfigurationError

MEASURING = 5
"""Physics steps between two measurements."""
AT_HOME = 2e-3
"""Distance from the rest posture that counts as there [rad]."""
BURDENED = 2e-2
"""Distance at which an arm hangs that a load in its hand pulls aside [rad]."""
HOMING = 30.0
"""Time after which the arms should be at home [s]."""
ARREARS = 0.1
"""Time that a real-time simulation may fall behind before it lets it go [s]."""


class SimRobot(Mismatched):
    """Arms in MuJoCo with a task's objects: a robot, its scene and its cameras.

    The arms follow commands as a Cartesian spring does, at 500 Hz. In lock-step, the default, time
    is simulated: it passes while :attr:`clock` is waited for, and the same seed gives the same
    episode bit for bit. In real time a thread of its own simulates beside the caller.

    Args:
        preset: The task.
        realtime: Whether time is the computer's.
        scene: Whose objects; see `real.sim.world.World`.
        latency: Time that a command takes to the arms, and a measurement back [s].
        jitter: Deviation of each latency; none is ever negative [s].
        noise: Level of the sensors' noise; at 1 half a millimetre for a tracked object.
        gripper_delay: Time that a gripper takes to react, besides the latency [s].
        faults: What goes wrong in each episode, as `real.sim.faults.Fault` or its fields.
        seed: Of noise, jitter and scenes before the first that has a seed of its own.
        image_size: Height and width of pictures [pixels].
        vary: What of the scene's looks varies by its seed, of ``"textures"``, ``"light"`` and
            ``"camera"``; all with True.
        vary_strength: How much; see `real.sim.variation.Variation`.
        mismatch: How it differs from where demonstrations were recorded; see
            `zprl_env.envs.mismatch`.

    Raises:
        ConfigurationError: A number is out of its range.
        UnknownNameError: There is no such simulated arm, gripper, scene or fault.
        MissingExtraError: robosuite, whose files the arms come from, is not installed.
    """

    clock: Clock
    own_world = True
    """Whether every object is a robot of its own, which no other process can have."""
    accepts: tuple[Space, ...] = ("pose", "joints")
    """Spaces that it may be commanded in."""

    def __init__(
        self,
        preset: Preset,
        *,
        realtime: bool = False,
        scene: str | None = None,
        latency: float = 0.01,
        jitter: float = 0.002,
        noise: float = 1.0,
        gripper_delay: float = 0.05,
        faults: Sequence[Fault | Mapping[str, object]] = (),
        seed: int = 0,
        image_size: tuple[int, int] = (240, 320),
        vary: Sequence[str] | bool = (),
        vary_strength: float = 1.0,
        mismatch: Mapping[str, float] | None = None,
    ) -> None:
        for name, value in (
            ("latency", latency),
            ("jitter", jitter),
            ("noise", noise),
            ("gripper_delay", gripper_delay),
        ):
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigurationError(f"{name} must be 0 or more. Got: {value}.")
        self.mismatch = read_mismatch(mismatch)  # before a scene is compiled
        self.preset, self.n_arms = preset, len(preset.arms)
        height, width = image_size
        self.image_size = height, width
        self._latency, self._jitter, self._gripper_delay = latency, jitter, gripper_delay
        self._faults = FaultSchedule([f if isinstance(f, Fault) else Fault(**f) for f in faults])  # type: ignore[arg-type]
        self._rng = np.random.default_rng(seed)
        self._world = World(preset, scene, Variation(vary, vary_strength))
        self._sensors = Sensors(self._world, noise)
        self._cameras = WorldCameras(self._world, self.image_size)
        make_mismatch(self, self.mismatch, f"the task {preset.name}")
        self._world.reset(self._rng)
        self._lock = threading.RLock()
        self._connected = self._closed = False
        self._thread: threading.Thread | None = None
        self.realtime = realtime
        self.clock = WallClock() if realtime else SimulatedClock(self.advance)
        self._origin, self._steps = self.clock.now(), 0
        self._commands, self._grips = DelayLine[np.ndarray](), DelayLine[np.ndarray]()
        self._measurements = DelayLine[RobotState](capacity=1000)
        self._arrived: RobotState | None = None
        self._frozen: RobotState | None = None
        self._reflex = False  # since the last connection
        self._way: list[np.ndarray] | None = None  # of the joints, home
        self._shown: dict[object, Mapping[str, np.ndarray]] = {}  # the newest pictures

    def connect(self) -> None:
        """Reach the robot; see `real.robot.Robot.connect`."""
        with self._lock:
            if self._closed:
                raise RobotError("The simulated robot must not be closed. Got: close(). Make one.")
            if self._faults.active("disconnect", self.clock.now()):
                raise RobotError("The simulated robot must be there. Got: disconnected. Try later.")
            self._connected, self._reflex = True, False
            if self.realtime and self._thread is None:
                self._origin, self._steps = self.clock.now(), 0
                self._thread = threading.Thread(target=self._run, daemon=True, name="sim")
                self._thread.start()
            if self._arrived is None:
                self._arrived = self._measured()

    def state(self) -> RobotState:
        """Return the newest measurement that has arrived; see `real.robot.Robot.state`."""
        with self._lock:
            now = self._reach()
            self._have_no_reflex(now)
            if not self._faults.active("stale", now):
                for measurement in self._measurements.arrived(now):
                    self._arrived = measurement
            if self._arrived is None:
                raise RobotError("A measurement must have arrived. Got: none yet. Try again.")
            return copy.deepcopy(self._arrived)  # what is given away may be written to

    def command(self, command: RobotCommand | JointCommand) -> None:
        """Send the arms somewhere; see `real.robot.Robot.command`."""
        if isinstance(command, JointCommand):
            poses = np.array(command.joints, dtype=np.float64)
        else:
            position = np.asarray(command.position, dtype=np.float64)
            quaternion = np.asarray(command.quaternion, dtype=np.float64)
            poses = np.concatenate([position, quaternion], axis=1)
        gripper = np.asarray(command.gripper, dtype=np.float64)
        with self._lock:
            now = self._reach()
            self._have_no_reflex(now)
            if self._faults.active("reject", now):
                raise RobotError("The simulated robot must take commands. Got: a refusal.")
            due = self._commands.send(poses, now + self._delay())
            self._grips.send(np.clip(gripper, 0.0, 1.0), due + self._gripper_delay)

    def stop(self) -> None:
        """Hold still; see `real.robot.Robot.stop`."""
        with self._lock:
            self._reach()
            self._hold()

    def home(self) -> None:
        """Take the joints to their rest posture; see `real.robot.Robot.home`."""
        with self._lock:
            self._reach()
            self._commands.clear()
            self._grips.clear()
            for arm in self._world.arms:
                arm.opening_command = arm.home_opening
            self._way = [arm.joints.copy() for arm in self._world.arms]
        deadline = self.clock.now() + HOMING
        while True:
            self.clock.sleep_until(self.clock.now() + 0.02)
            with self._lock:
                now = self._reach()
                if self._way is None:
                    raise RobotError("The arms must get home. Got: stop(). Try home() again.")
                away = max(np.abs(arm.joints - arm.posture).max() for arm in self._world.arms)
                if away < AT_HOME or now > deadline:
                    self._way = None
                    for arm in self._world.arms:
                        arm.hold()
                    if away < BURDENED:  # what its hand still holds is laid out anew
                        return
                    raise RobotError(
                        f"The arms must get home within {HOMING:g} s. Got: {away:.2g} rad short. "
                        "Look what is in their way."
                    )

    def close(self) -> None:
        """Stop; see `real.robot.Robot.close`."""
        with self._lock:
            self._closed, self._connected = True, False
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._cameras.close()

    def reset_scene(self, seed: int | None) -> None:
        """Lay out the objects; see `real.robot.SceneRobot.reset_scene`."""
        with self._lock:
            self._reach()
            if seed is not None:
                self._rng = np.random.default_rng(seed)
            self._world.reset(self._rng)
            if self._world.variation.kinds:
                look = int(self._rng.integers(2**31)) if seed is None else seed
                with self._cameras.still():
                    self._world.variation.draw(look)
            self._origin, self._steps = self.clock.now(), 0
            self._faults.draw(self._rng, self._origin)
            self._forget()
            self._arrived = self._measured()

    def success(self) -> bool:
        """Tell whether the task is done; see `real.robot.SceneRobot.success`."""
        with self._lock:
            return self._world.scene.success()

    def images(self, names: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Take pictures; see `real.robot.Cameras.images`."""
        return self.frames(names, self._cameras.image_size, QUALITIES["full"])

    def frames(
        self, names: Sequence[str], image_size: tuple[int, int], quality: RenderQuality
    ) -> Mapping[str, np.ndarray]:
        """Take pictures of any size; see `real.robot.SimulatedCameras.frames`.

        The world goes on while they are drawn, of the state that it had when they were asked for.
        """
        with self._lock:
            now = self._reach()
            wrong = next((kind for kind in BLIND if self._faults.active(kind, now)), None)
            if wrong == "no-picture":
                raise CameraError("The simulated cameras must give pictures. Got: none.")
            state = self._cameras.state()
        key = (tuple(names), image_size, quality)
        if wrong == "frozen-picture" and key in self._shown:
            return {name: picture.copy() for name, picture in self._shown[key].items()}
        self._shown[key] = taken = self._cameras.frames(names, image_size, quality, state)
        if wrong == "black-picture":
            return {name: np.zeros_like(picture) for name, picture in taken.items()}
        return {name: picture.copy() for name, picture in taken.items()}

    def picture_settings(
        self, names: Sequence[str], image_size: tuple[int, int], quality: RenderQuality
    ) -> PictureSettings:
        """Describe such pictures; see `real.robot.SimulatedCameras.picture_settings`."""
        with self._lock:
            return self._cameras.settings(names, image_size, quality)

    def inject(self, kind: FaultKind, duration: float = math.inf) -> None:
        """Begin a fault, which lasts until the scene is laid out again.

        Args:
            kind: What; see `real.sim.faults.Fault`.
            duration: For how long [s].
        """
        with self._lock:
            self._faults.begin(kind, self.clock.now(), duration)

    def advance(self, when: float) -> None:
        """Run the physics up to a time of the clock [s]; called by the clock, or the thread."""
        period, world = self._world.period, self._world
        until = math.floor((when - self._origin) / period + 1e-6)
        while self._steps < until:
            now = self._origin + self._steps * period
            for poses in self._commands.arrived(now):
                for arm, pose in zip(world.arms, poses, strict=True):
                    (arm.command if arm.joint_command is None else arm.joint_command)[:] = pose
            for openings in self._grips.arrived(now):
                for arm, opening in zip(world.arms, openings, strict=True):
                    arm.opening_command = float(opening)
            if self._way is not None:
                self._way = [
                    way + np.clip(arm.posture - way, -JOINT_SPEED * period, JOINT_SPEED * period)
                    for way, arm in zip(self._way, world.arms, strict=True)
                ]
            world.step(joints=self._way)
            self._steps += 1
            if self._steps % MEASURING == 0:
                state = self._measured()
                self._measurements.send(state, state.stamp + self._delay())

    def _measured(self) -> RobotState:
        """Measure now; the content is an old one while the sensors are frozen."""
        stamp = self._origin + self._steps * self._world.period
        state = self._sensors.measure(self._rng, stamp)
        if self._faults.active("freeze", stamp):
            self._frozen = self._frozen or state
            return replace(self._frozen, stamp=stamp)
        self._frozen = None
        return state

    def _delay(self) -> float:
        return max(0.0, self._latency + self._jitter * float(self._rng.standard_normal()))

    def _simulation(self) -> tuple[Any, Any]:
        return self._world.model, self._world.data

    def _delay_gripper(self, seconds: float) -> bool:
        self._gripper_delay += seconds
        return True

    def _shift_objects(self, metres: float) -> bool:
        self._sensors.shift[0] = metres
        return any(part in self.preset.observation for part in TRACKED)

    def _widen_starts(self, factor: float) -> bool:
        scene = self._world.scene
        scene.widened, scene.regions = factor, 0
        scene.lay_out(np.random.default_rng(0))  # tells whether it draws by what is widened
        return scene.regions > 0

    def _hold(self) -> None:
        """Hold the arms where they are."""
        self._commands.clear()
        self._grips.clear()
        self._way = None
        for arm in self._world.arms:
            arm.hold()

    def _forget(self) -> None:
        """Clear commands and measurements that are on their way."""
        for line in (self._commands, self._grips, self._measurements):
            line.clear()
        self._arrived = self._frozen = self._way = None

    def _reach(self) -> float:
        """Return the time if the robot can be reached.

        Raises:
            RobotError: It cannot.
        """
        now = self.clock.now()
        if self._faults.active("disconnect", now):
            self._connected = False
        if not self._connected:
            raise RobotError(
                "The simulated robot must be connected. Got: no answer. Try connect()."
            )
        return now

    def _have_no_reflex(self, now: float) -> None:
        """Hold the arms by a reflex as long as there is one.

        Raises:
            ReflexError: There is one, or nobody has connected since.
        """
        if self._faults.active("reflex", now) and not self._reflex:
            self._reflex = True
            self._faults.end("reflex")
            self._hold()
        if self._reflex:
            raise ReflexError(
                "The simulated robot's own protection must not act. Got: a reflex, as if by a "
                "collision. Connect again once the way is free."
            )

    def _run(self) -> None:
        """Keep up with the computer's clock; the thread of a real-time simulation."""
        period = MEASURING * self._world.period
        due = self.clock.now()
        while True:
            self.clock.sleep_until(due)
            with self._lock:
                if self._closed:
                    return
                now = self.clock.now()
                behind = now - self._origin - self._steps * self._world.period
                if behind > ARREARS:
                    self._origin += behind
                self.advance(now)
            due = max(due + period, self.clock.now())

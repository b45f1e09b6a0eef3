"""The Franka robot driver: arms with Franka's hand by franky, on libfranka's own protocol.

No hardware has been tried by us: begin with small limits, at a tenth of the speed, a hand on the
stop. Tested on every commit against franky-sim, which speaks the protocol on loopback.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from real.clock import WallClock
from real.drivers.compliance import Compliance, Load
from real.drivers.hand import Hand
from real.drivers.hosts import hosts_of
from real.network.wire import ArmFrame
from real.robot import ReflexError, RobotCommand, RobotError, RobotState
from real.tasks.arm import ArmPreset, Grip
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError, MissingExtraError

READY = (0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4)
"""Franka's own rest posture [rad], for presets without ``home.joints``."""
POSTURE = 10.0
"""Stiffness that keeps the elbow where the rest posture has it [Nm/rad]."""
MOST = 100.0
"""Force that the arm is pulled to its reference with at most [N]."""
FORCE, SPEED = 40.0, 0.1
"""Force of the hand's grasp [N], and its speed [m/s], where the preset does not say."""
SETTLING = 0.5
"""Time that a motion may take to end after a stop [s]."""
RESTING = 0.05
"""Speed of a joint up to which an arm may be told another load [rad/s]."""


class FrankaRobot:
    """Franka arms by franky, which runs libfranka's loop at 1 kHz in a thread without Python.

    Commands are the reference of an impedance controller, which is kept alive and not planned anew:
    the arm follows like a damped spring, about 0.1 s behind, and stays at the last reference when
    none comes. When the process is lost, so are the packets that the robot waits for 1,000 times a
    second: it brakes by itself.

    Args:
        preset: The task. ``home.joints`` is the posture that :meth:`home` goes to; Franka's own
            if not given.
        host: Address of the robot, of several separated by commas.
        stiffness: Of the tool [N/m].
        damping: Of the tool [Ns/m]; less than this overshoots.
        rotational_stiffness: [Nm/rad].
        rotational_damping: [Nms/rad].
        collision_force: External force beyond which the robot's reflex stops it [N].
        collision_torque: The same of a joint's torque [Nm].
        home_speed: Fraction of the joints' own limits on the way home.
        home_timeout: How long going home may take [s].
        enforce_realtime: Whether a kernel without real time is refused, as libfranka does.

    Raises:
        MissingExtraError: franky is not installed.
        ConfigurationError: There are not as many addresses as arms, or the stiffness is 0.
    """

    accepts = ("pose",)

    def __init__(
        self,
        preset: Preset,
        *,
        host: str = "172.16.0.2",
        stiffness: float = 2000.0,
        damping: float = 180.0,
        rotational_stiffness: float = 150.0,
        rotational_damping: float = 10.0,
        collision_force: float = 20.0,
        collision_torque: float = 20.0,
        home_speed: float = 0.1,
        home_timeout: float = 60.0,
        enforce_realtime: bool = True,
    ) -> None:
        try:
            import franky
        except ModuleNotFoundError:
            raise MissingExtraError("franky", "franka") from None
        self._franky: Any = franky
        self.clock = WallClock()
        self.n_arms = len(preset.arms)
        self.address = hosts_of(preset, host, "robot")
        self._presets = preset.arms
        config = franky.RealtimeConfig
        self._options = {
            "default_torque_threshold": collision_torque,
            "default_force_threshold": collision_force,
            "realtime_config": config.Enforce if enforce_realtime else config.Ignore,
        }
        if not stiffness > 0.0:
            raise ConfigurationError(f"stiffness must be above 0 N/m. Got: {stiffness}.")
        usual = Compliance(
            stiffness,
            damping,
            rotational_stiffness,
            rotational_damping,
            translational_clip=(MOST / stiffness,) * 3,
        )
        self._compliance = [usual] * len(preset.arms)
        self._home_speed, self._home_timeout = home_speed, home_timeout
        self._arms: list[_Arm] = []
        self._hands: list[Hand] = []
        self._stops = 0

    def connect(self) -> None:
        """Reach every arm and its hand, and clear their errors; a second call reconnects."""
        self.close()
        for number, (host, arm) in enumerate(zip(self.address, self._presets, strict=True)):
            with _told(host):
                robot = self._franky.Robot(host, **self._options)
                self._arms.append(_Arm(self._franky, robot, arm, self._compliance[number]))
                if not robot.recover_from_errors():
                    raise RobotError(
                        f"{host} must be free of errors. Got: {robot.state.current_errors}. Try "
                        "Desk: unlock the brakes and activate FCI."
                    )
                if arm.gripper == "panda":
                    self._hands.append(_hand(self._franky.Gripper(host), arm.gripping))

    def state(self) -> RobotState:
        """Return the newest measurement of every arm; velocities are those of its joints."""
        states = [self._ask(arm, host) for arm, host in self._connected()]
        return RobotState(
            stamp=min(state["stamp"] for state in states),
            position=np.stack([state["position"] for state in states]),
            quaternion=np.stack([state["quaternion"] for state in states]),
            linear_velocity=np.stack([state["linear"] for state in states]),
            angular_velocity=np.stack([state["angular"] for state in states]),
            gripper=np.array([h.measured() for h in self._hands] or [1.0] * self.n_arms),
            joints=tuple(state["joints"] for state in states),
            joint_velocities=tuple(state["velocities"] for state in states),
        )

    def command(self, command: RobotCommand) -> None:
        """Send every arm's controller its reference, and its hand what it has to do."""
        for number, (arm, host) in enumerate(self._connected()):
            pose = arm.frame.to_wire(command.position[number], command.quaternion[number])
            if not np.isfinite(pose).all():
                raise RobotError(f"A pose must be finite. Got: {pose.tolist()}.")
            with _told(host):
                arm.follow(pose)
        for hand, opening in zip(self._hands, command.gripper, strict=False):
            hand.grip(float(opening))

    def stop(self) -> None:
        """Hold every arm where it is, by the robot's own stop, whichever of them answers."""
        self._stops += 1
        failures = []
        for arm, host in self._connected():
            try:
                with _told(host):
                    arm.stop()
            except RobotError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def home(self) -> None:
        """Take the joints to their rest posture, one arm beside the other."""
        stops, until = self._stops, time.monotonic() + self._home_timeout
        for arm, host in self._connected():
            with _told(host):
                arm.stop()
                arm.go(arm.posture, self._home_speed)
        for arm, host in self._connected():
            with _told(host):
                while not arm.robot.join_motion(0.01):
                    if time.monotonic() > until:
                        self.stop()
                        raise RobotError(
                            f"{host} must be home within {self._home_timeout:g} s. Got: it is not."
                        )
        if self._stops != stops:
            raise RobotError("The arms were stopped on their way home.")

    def update_param(self, parameters: Mapping[str, Any], number: int = 0) -> None:
        """Make an arm softer or stiffer, as hil-serl's ``/update_param`` does.

        Springs change within a tenth of a second, in motion as well. A clip that changes ends the
        motion as a stop does, and holds from the next command on. It lasts until it is changed
        again, reconnections included.

        Args:
            parameters: See `real.drivers.compliance.Compliance.updated`.
            number: Which arm.

        Raises:
            ConfigurationError: They are none that it can have; nothing was changed.
            RobotError: It is not there.
        """
        arm, host = self._connected()[number]
        compliance = self._compliance[number].updated(parameters)
        with _told(host):
            arm.comply(compliance)
        self._compliance[number] = compliance

    def set_load(self, parameters: Mapping[str, Any], number: int = 0) -> None:
        """Tell an arm at rest what its hand holds besides, as hil-serl's ``/set_load`` does.

        Args:
            parameters: See `real.drivers.compliance.Load.of`.
            number: Which arm.

        Raises:
            ConfigurationError: That is no load; nothing was changed.
            RobotError: It moves, or is not there.
        """
        load = Load.of(parameters)
        arm, host = self._connected()[number]
        with _told(host):
            speed = float(np.abs(arm.robot.state.dq).max())
            if speed > RESTING:
                raise RobotError(
                    f"{host} must rest when it is told its load. Got: {speed:.2f} rad/s."
                )
            arm.stop()
            arm.settle()
            arm.robot.set_load(load.mass, load.center.tolist(), load.inertia.tolist())

    def close(self) -> None:
        """Stop and disconnect every arm; the hands hold what they hold."""
        for hand in self._hands:
            hand.close()
        for arm in self._arms:
            with suppress(Exception):
                arm.stop()
            arm.robot = None
        self._arms, self._hands = [], []

    def _connected(self) -> list[tuple[_Arm, str]]:
        if not self._arms:
            raise RobotError("The robot must be connected. Got: close(). Try connect().")
        return [*zip(self._arms, self.address, strict=True)]

    def _ask(self, arm: _Arm, host: str) -> dict[str, Any]:
        """Measure one arm."""
        modes = self._franky.RobotMode
        with _told(host):
            state = arm.robot.state
            if state.robot_mode in (modes.Reflex, modes.UserStopped):
                raise ReflexError(f"{host} must obey. Got: {state.robot_mode.name}.")
            turning = arm.robot.model.zero_jacobian(self._franky.Frame.EndEffector, state)
        measured = state.time.to_sec()
        if measured != arm.measured:  # or else it keeps its age, as what was lost does
            arm.measured, arm.stamp = measured, self.clock.now()
        pose = np.concatenate([state.O_T_EE.translation, state.O_T_EE.quaternion])
        position, quaternion = arm.frame.from_wire(pose)
        linear, angular = arm.frame.velocity_from_wire(turning @ state.dq)
        return {
            "stamp": arm.stamp,
            "position": position,
            "quaternion": quaternion,
            "linear": linear,
            "angular": angular,
            "joints": np.array(state.q),
            "velocities": np.array(state.dq),
        }


class _Arm:
    """One arm's connection, the motion that it is in, and how soft that is."""

    def __init__(self, franky: Any, robot: Any, preset: ArmPreset, compliance: Compliance) -> None:
        self.robot = robot
        self.frame = ArmFrame.of(preset)
        self.posture = preset.posture if preset.home.joints else np.array(READY)
        self.measured, self.stamp = -1.0, -np.inf
        self._franky, self._compliance = franky, compliance
        self._motion: Any = None

    def follow(self, pose: np.ndarray) -> None:
        """Make a pose the controller's reference, and start it where it does not run."""
        target = self._franky.CartesianReference(self._franky.Affine(pose[:3], pose[3:]))
        motion = self._motion
        if motion is not None and not self.robot.join_motion(0.0):
            motion.set_reference(target)
            return
        self.settle()
        motion = self._franky.CartesianImpedanceTrackingMotion(
            posture_task=self._franky.PostureTask(self.posture, POSTURE),
            translational_error_clip=self._compliance.clip(MOST),
            rotational_error_clip=np.array(self._compliance.rotational_clip),
        )
        motion.set_gains(self._gains())
        motion.set_reference(target)
        self.robot.move(motion, asynchronous=True)
        self._motion = motion

    def comply(self, compliance: Compliance) -> None:
        """Be as soft or stiff from now on; other clips end the motion, and hold from the next."""
        before, self._compliance = self._compliance, compliance
        if self._motion is None:
            return
        clips = (before.clip(MOST), before.rotational_clip)
        if not np.array_equal(clips[0], compliance.clip(MOST)) or (
            clips[1] != compliance.rotational_clip
        ):
            self.stop()
        else:
            self._motion.set_gains(self._gains())

    def _gains(self) -> Any:
        spring = self._compliance
        return self._franky.CartesianImpedanceGains.diagonal(
            [spring.translational_stiffness] * 3 + [spring.rotational_stiffness] * 3,
            [spring.translational_damping] * 3 + [spring.rotational_damping] * 3,
        )

    def go(self, posture: np.ndarray, speed: float) -> None:
        """Begin to move the joints somewhere."""
        self.settle()
        target = self._franky.JointState(posture)
        motion = self._franky.JointMotion(target, relative_dynamics_factor=speed)
        self.robot.move(motion, asynchronous=True)

    def stop(self) -> None:
        """End whatever motion there is."""
        self._motion = None
        if self.robot.is_in_control:
            self.robot.stop()

    def settle(self) -> None:
        """Wait until a stopped motion has ended; what else ended it is raised."""
        try:
            self.robot.join_motion(SETTLING)
        except self._franky.ControlException as error:
            if "preempted" not in str(error):
                raise


def _hand(gripper: Any, grip: Grip) -> Hand:
    """Make a Franka Hand, which grasps whatever is between its fingers with a force."""
    widest = gripper.max_width
    if widest < 0.01:
        raise RobotError("The hand must have been homed. Got: no width. Try homing it in Desk.")
    speed = SPEED if grip.speed is None else grip.speed * widest
    force = FORCE if grip.force is None else grip.force
    binary = grip.kind == "binary"

    def act(goal: float) -> Callable[[], bool]:
        if binary and goal < 0.5:
            doing = gripper.grasp_async(0.0, speed, force, epsilon_outer=widest)
        else:
            doing = gripper.move_async(goal * widest, speed)
        return lambda: bool(doing.wait(0.0))

    return Hand(lambda: gripper.width / widest, act, binary=binary)


@contextmanager
def _told(host: str) -> Iterator[None]:
    """Tell franky's failures as a robot's; its exceptions have no class in common."""
    try:
        yield
    except RobotError:
        raise
    except Exception as error:
        reflex = type(error).__name__ == "ControlException"
        raise (ReflexError if reflex else RobotError)(
            f"The Franka at {host} must obey. Got: {str(error).strip()}. "
            + ("Look why, release the stop, and it is recovered." if reflex else "Connect again.")
        ) from error

"""The SERL robot driver: arms behind the HTTP interface of SERL's ``franka_server``."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from real.clock import WallClock
from real.network.connection import HttpConnection
from real.network.gate import TOKEN
from real.network.wire import ArmFrame, additions, arm_urls, gripper_wire
from real.robot import JointCommand, RobotCommand, RobotError, RobotState, Space
from real.tasks.preset import Preset
from zprl_env.errors import ConfigurationError

BEAT = 0.5
"""Time between two signs of life [s]."""
CONNECTING = 3.0
"""Time that clearing errors may take [s]; the arms do not move meanwhile."""
SETTLING, STIFFENING = 0.3, 0.5
"""Times that HIL-SERL's own environment waits before and after it makes the arms stiffer [s]."""


class Stamp:
    """Time stamp of one arm's newest measurement.

    Attributes:
        time: By the clock here [s].
    """

    def __init__(self) -> None:
        self.time = -np.inf
        self._reply = b""
        self._theirs = -np.inf

    def update(self, reply: bytes, added: Mapping[str, Any], asked: float) -> None:
        """Update the time stamp by a reply.

        Args:
            reply: All of it.
            added: ``age`` [s], and ``stamp`` by the server's clock; empty if it says neither.
            asked: When it was asked for [s].
        """
        if reply == self._reply:  # noise changes the last digits, so nothing was measured since
            return
        self._reply = reply
        if not added:
            self.time = asked
            return
        age, theirs = (float(_vector(added, name, 1)[0]) for name in ("age", "stamp"))
        if age < 0.0:
            raise RobotError(f"The server's age must be at least 0 s. Got: {age}.")
        # The way there takes longer or shorter; that must not turn time back.
        self.time = max(asked - age, self.time if theirs >= self._theirs else -np.inf)
        self._theirs = theirs


class Heartbeat:
    """A thread that keeps the lease of servers of ours, while nothing is to be asked of them."""

    def __init__(self, servers: list[HttpConnection]) -> None:
        self._servers = servers
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, and close the connections."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._ended.wait(BEAT):
            for server in self._servers:
                with suppress(RobotError):  # which whoever commands is told
                    server.post("/zprl/lease")
        for server in self._servers:
            server.close()


class SerlRobot:
    """Arms behind SERL's HTTP interface: a ``franka_server`` each, or one ``real.server`` for all.

    A state that repeats itself to the last digit is not new: it keeps the time stamp it had, and
    so grows old as that of a server whose robot went away does. Servers of ours say how old a
    measurement is; what theirs send is taken to be as old as the question.

    Args:
        preset: The task.
        url: Where the server is; for several arms their servers, separated by commas.
        token: What the server wants to be shown; ``$ZPRL_ROBOT_TOKEN`` if None.
        timeout: How long the server may be silent [s].
        home_timeout: How long going home may take [s].
        gripper: How the server counts, one of `real.network.wire.GRIPPERS`; hil-serl's way for the
            preset's gripper if None.
        compliance: What ``/update_param`` is sent when an episode is about to begin, as HIL-SERL's
            ``COMPLIANCE_PARAM``; nothing if None.
        precision: What it is sent before the arms go home, as ``PRECISION_PARAM``.
        clear_errors: Whether errors are cleared before and after every way home, as HIL-SERL's
            environment does. Otherwise that is done when the robot is connected to: at the
            beginning, and after a stop that the operator has released.

    Raises:
        ConfigurationError: There are not as many addresses as arms.
        UnknownNameError: There is no such kind of gripper counts.

    Attributes:
        added: What a server of ours said besides with the first arm's newest measurement.
    """

    accepts: tuple[Space, ...] = ("pose", "joints")
    """Spaces that it may be commanded in: joints where the server is ours, and its task is."""

    def __init__(
        self,
        preset: Preset,
        *,
        url: str = "http://127.0.0.1:5000",
        token: str | None = None,
        timeout: float = 0.3,
        home_timeout: float = 60.0,
        gripper: str | None = None,
        compliance: Mapping[str, Any] | None = None,
        precision: Mapping[str, Any] | None = None,
        clear_errors: bool = False,
    ) -> None:
        self.clock = WallClock()
        self.n_arms = len(preset.arms)
        urls = arm_urls(url, self.n_arms)
        if len(urls) != self.n_arms:
            raise ConfigurationError(
                f"url must name a server for each of the {self.n_arms} arms of {preset.name}. "
                f"Got: {url}. Separate them by commas."
            )
        token = token or os.environ.get(TOKEN)
        self.address = urls
        client = f"process {os.getpid()} on {socket.gethostname()}"
        self._servers = [
            HttpConnection(u, token=token, timeout=timeout, client=client) for u in urls
        ]
        self._stopping = [server.another() for server in self._servers]
        self._heart = Heartbeat([server.another() for server in self._servers])
        self._frames = [ArmFrame.of(arm) for arm in preset.arms]
        self._grippers = [gripper_wire(gripper, arm) for arm in preset.arms]
        self._timeout, self._home_timeout = timeout, home_timeout
        self._binary = [arm.gripping.kind == "binary" for arm in preset.arms]
        self._counts: list[int | str | None] = [None] * self.n_arms  # as they were told last
        self._by_joints = preset.space == "joints"
        self._compliance, self._precision = compliance, precision
        self._clear_errors = clear_errors
        self._stamps = [Stamp() for _ in urls]
        self._can_stop = self._stopped = False
        self.added: Mapping[str, Any] = {}

    def connect(self) -> None:
        """Reach every arm and clear its errors; a second call reconnects."""
        for server in self._servers:
            server.close()
            server.post("/clearerr", timeout=max(CONNECTING, self._timeout))
        self._counts = [None] * self.n_arms
        self._stamps = [Stamp() for _ in self._servers]
        added = [additions(server.ask("/getstate")) for server in self._servers]
        self._can_stop, self.added = all(added), added[0]
        if self._can_stop:
            for server in self._servers:
                self._rent(server)
            self._heart.start()
            if self._stopped:  # by us or before our eyes; whoever connects again has released it
                for server in self._servers:
                    server.post("/zprl/release")
        self._stopped = any(one.get("stop") for one in added) and not self._stopped

    def _rent(self, server: HttpConnection) -> None:
        """Get the lease of a server of ours; one that is another client's may be free soon."""
        until = time.monotonic() + CONNECTING
        while True:
            try:
                server.post("/zprl/lease")
                return
            except RobotError as error:
                if "The arms are of" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.1)

    def state(self) -> RobotState:
        """Ask every arm where it is."""
        arms = [self._ask(arm) for arm in range(self.n_arms)]
        return RobotState(
            stamp=min(stamp.time for stamp in self._stamps),
            position=np.stack([arm["position"] for arm in arms]),
            quaternion=np.stack([arm["quaternion"] for arm in arms]),
            linear_velocity=np.stack([arm["linear"] for arm in arms]),
            angular_velocity=np.stack([arm["angular"] for arm in arms]),
            gripper=np.array([arm["gripper"] for arm in arms]),
            joints=tuple(arm["joints"] for arm in arms),
            objects=arms[0]["objects"],
            joint_velocities=tuple(arm["rates"] for arm in arms if arm["rates"] is not None),
        )

    def command(self, command: RobotCommand | JointCommand) -> None:
        """Send poses or joints, and gripper openings where they change."""
        for arm, server in enumerate(self._servers):
            if isinstance(command, JointCommand):
                server.post("/zprl/joints", {"arr": np.asarray(command.joints[arm]).tolist()})
            else:
                pose = self._frames[arm].to_wire(command.position[arm], command.quaternion[arm])
                server.post("/pose", {"arr": pose.tolist()})
            self._grip(arm, float(command.gripper[arm]))

    def _grip(self, arm: int, opening: float) -> None:
        """Tell a gripper where it changes: a binary one to grasp or to open, others where to go."""
        if self._binary[arm]:
            path = "/open_gripper" if opening > 0.5 else "/close_gripper"
            if path != self._counts[arm]:
                self._servers[arm].post(path)
                self._counts[arm] = path
            return
        counts = self._grippers[arm].to_counts(opening)
        if counts != self._counts[arm]:
            self._servers[arm].post("/move_gripper", {"gripper_pos": counts})
            self._counts[arm] = counts

    def begin_reset(self) -> None:
        """Make the arms stiff for the way home, from where they are, as far as it is wished."""
        self._recover()
        if self._precision is not None:
            for server in () if self._by_joints else self._servers:
                # Otherwise a stiffer spring would pull the arm to where it was sent.
                here = _vector(server.ask("/getpos"), "pose", 7)
                server.post("/pose", {"arr": here.tolist()})
            self.clock.sleep_until(self.clock.now() + SETTLING)
            self._set(self._precision)
            self.clock.sleep_until(self.clock.now() + STIFFENING)

    def end_reset(self) -> None:
        """Make the arms compliant for an episode, as far as it is wished."""
        if self._compliance is not None:
            self._set(self._compliance)
        self._recover()

    def _recover(self) -> None:
        for server in self._servers if self._clear_errors else ():
            server.post("/clearerr", timeout=max(CONNECTING, self._timeout))

    def _set(self, parameters: Mapping[str, Any]) -> None:
        for server in self._servers:
            server.post("/update_param", dict(parameters), timeout=max(CONNECTING, self._timeout))

    def stop(self) -> None:
        """Hold every arm where it is, whichever of them answers; on connections of their own.

        A server of ours keeps them stopped until :meth:`connect` is called again.
        """
        self._stopped = True
        failures = []
        for server in self._stopping:
            try:
                if self._can_stop:
                    server.post("/zprl/stop")
                else:  # SERL's server has no such word, but it holds the pose it was sent last
                    server.post(
                        "/pose", {"arr": _vector(server.ask("/getpos"), "pose", 7).tolist()}
                    )
            except RobotError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def home(self) -> None:
        """Reset the joints, which SERL's server does by its joint controller."""
        for server in self._servers:
            server.post("/jointreset", timeout=self._home_timeout)
        self._counts = [None] * self.n_arms

    def close(self) -> None:
        """Stop and close the connections to the servers."""
        self._heart.stop()
        for server in self._servers:
            with suppress(RobotError):
                if self._can_stop:
                    server.post("/zprl/hold")
                    server.post("/zprl/leave")
                else:
                    self.stop()
        for server in [*self._servers, *self._stopping]:
            server.close()

    def _ask(self, arm: int) -> dict[str, Any]:
        """Measure one arm."""
        server, asked = self._servers[arm], time.monotonic()
        raw = server.post("/getstate")
        reply = server.parse("/getstate", raw)
        position, quaternion, linear, angular = self._pose(arm, reply)
        added = additions(reply)
        self._stamps[arm].update(raw, added, asked)
        self.added = added if arm == 0 else self.added
        objects = added.get("objects", {})
        if not isinstance(objects, Mapping):
            raise RobotError(f"objects must be poses by name. Got: {objects}.")
        return {
            "position": position,
            "quaternion": quaternion,
            "linear": linear,
            "angular": angular,
            "gripper": self._grippers[arm].from_reading(_vector(reply, "gripper_pos", 1)[0]),
            "joints": _vector(reply, "q", None),
            "rates": _vector(reply, "dq", None) if reply.get("dq") else None,
            "objects": {name: _vector(objects, name, 7) for name in objects},
        }

    def _pose(self, arm: int, reply: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
        """Read where an arm is and how it moves; NaN where its server knows its joints alone."""
        if self._by_joints and reply.get("pose") is None:
            return np.full(3, np.nan), np.full(4, np.nan), np.full(3, np.nan), np.full(3, np.nan)
        pose = self._frames[arm].from_wire(_vector(reply, "pose", 7))
        if self._by_joints and reply.get("vel") is None:
            return *pose, np.full(3, np.nan), np.full(3, np.nan)
        return *pose, *self._frames[arm].velocity_from_wire(_vector(reply, "vel", 6))


def _vector(reply: Mapping[str, Any], name: str, size: int | None) -> np.ndarray:
    """Read numbers from a reply, whose quaternion is one if it is a pose. Shape ``(size,)``."""
    try:
        values = np.atleast_1d(np.asarray(reply.get(name), dtype=np.float64))
    except (TypeError, ValueError):
        values = np.array([np.nan])
    fits = values.ndim == 1 and len(values) == (size or len(values))
    fits = fits and bool(np.isfinite(values).all())
    if fits and size == 7:
        fits = abs(float(np.linalg.norm(values[3:])) - 1.0) < 0.01
    if not fits:
        what = "a position and a unit quaternion" if size == 7 else f"{size or 'some'} numbers"
        raise RobotError(f"The server's {name} must be {what}. Got: {str(reply.get(name))[:120]}.")
    return values

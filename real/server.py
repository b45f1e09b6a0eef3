"""Serve a robot over SERL's HTTP interface: ``python -m real.server --driver sim``."""

from __future__ import annotations

import inspect
import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policies.commands.signals import ending_as_by_ctrl_c, listened_to
from real.cameras.wiring import make_rig
from real.drivers import driver_class, driver_settings
from real.network.gate import TOKEN, Gate, check_reach
from real.network.listener import listen, url_of
from real.network.served_robot import ServedRobot
from real.owner import own_arms
from real.tasks.files import load_preset
from zprl_env import cli
from zprl_env.errors import ConfigurationError, MissingExtraError


@dataclass(frozen=True)
class Server:
    """Serve a robot over the HTTP interface of SERL's franka_server.

    Every client of the interface may steer it: --driver serl and --driver remote of this package,
    and SERL's own environments. Ends with Ctrl-C, SIGTERM or SIGHUP, and stops the arms then.
    """

    driver: str = "sim"
    """Driver of the robot: sim, ideal, franka, ur, xarm, lerobot:TYPE, or a class of yours as
    module:Class."""
    driver_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the driver, such as noise=0 of sim or host=172.16.0.2 of franka; values are
    JSON or words, and an unknown name is answered with those that there are. A driver that has
    realtime is given it."""
    task: str = "place-orange"
    """A preset's name, or a YAML file."""
    host: str = "127.0.0.1"
    """Address to listen on. Beyond this machine a token is wanted; the line itself is not
    encrypted, so keep it to the laboratory's own network or a tunnel."""
    port: int = 5000
    """Port to listen on; 0 for any that is free."""
    token: str | None = field(default=None, repr=False)
    """Token that clients have to show. Better set $ZPRL_ROBOT_TOKEN: all users of a machine can
    read its command lines.
    """
    devices: Path | None = None
    """YAML file of the laboratory's cameras by name, to serve besides the driver's own."""
    dead_man: float = 0.5
    """Seconds without a command after which moving arms are braked within their limits, and then
    stopped."""

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65536:
            raise ConfigurationError(f"port must lie in [0, 65535]. Got: {self.port}.")
        check_reach(self.host, self.secret)
        driver_settings(self.driver_kwargs)

    @property
    def secret(self) -> str | None:
        """The token, wherever it was given."""
        return self.token or os.environ.get(TOKEN)


@ending_as_by_ctrl_c()
def serve(server: Server) -> None:
    """Serve until interrupted.

    Args:
        server: What, and where.

    Raises:
        MissingExtraError: FastAPI or uvicorn is not installed.
        ConfigurationError: The address cannot be listened on.
        RobotError: The robot is not there.
    """
    try:
        import uvicorn

        from real.network.app import make_app
        from real.network.places import BACKLOG, keeping_places, places
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "fastapi", "real") from None
    # uvicorn ends in order by SIGTERM alone, and then raises it where it was called, so that the
    # arms are stopped on the way out.
    for number in listened_to(("SIGHUP",)):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGTERM))
    preset = load_preset(server.task)
    listener = listen(server.host, server.port)
    settings = _in_real_time(server.driver) | driver_settings(server.driver_kwargs)
    arms = own_arms(server.driver, preset, **settings)
    robot = arms.robot
    rig = make_rig(server.devices, preset.cameras)
    robot.connect()
    served = ServedRobot(robot, preset, dead_man=server.dead_man)
    try:
        rig.connect()
        config = uvicorn.Config(
            Gate(make_app(served, rig), server.secret, server.host),
            access_log=False,
            log_level="error",
            server_header=False,
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
            http=keeping_places(places()),
            ws="none",
            backlog=BACKLOG,
        )
        print(f"{preset.name} ({server.driver}) at {url_of(listener)}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        with ExitStack() as stack:  # the arms first
            stack.callback(rig.close)
            stack.callback(arms.close)
            stack.callback(served.close)


def _in_real_time(driver: str) -> dict[str, Any]:
    """Return settings for real time to drivers whose time otherwise passes only when waited for."""
    settings = inspect.signature(driver_class(driver)).parameters
    return {"realtime": True} if "realtime" in settings else {}


EXAMPLES = (
    "--driver sim",
    "--driver franka --driver-kwargs host=172.16.0.2 --task my-task.yaml",
    "--driver ur --driver-kwargs host=192.168.56.101 --task my-task.yaml --host 0.0.0.0"
    "  # for other machines, once ZPRL_ROBOT_TOKEN is set on both sides",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: serve(cli.parse(Server, EXAMPLES)))


if __name__ == "__main__":
    main()

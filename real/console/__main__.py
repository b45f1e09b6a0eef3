"""Serve the page of a robot's session: ``python -m real.console``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from real.console.opened import HOST, PORT
from real.console.web.server import serve_page
from real.network.gate import TOKEN, check_reach
from zprl_env import cli
from zprl_env.errors import ConfigurationError


@dataclass(frozen=True)
class Console:
    """Serve a page for a laptop or tablet beside the arm.

    It shows the session that was begun with --console (real.play, real.teleoperate, train_sb3.py),
    the newest if there are several, and waits for one if there is none. The page moves nothing by
    itself: closing it, or ending this command, stops no arm and lets none go.
    """

    host: str = HOST
    """Address to listen on. Beyond this machine a token is wanted, in $ZPRL_ROBOT_TOKEN; the line
    itself is not encrypted, so keep it to the laboratory's own network or a tunnel."""
    port: int = PORT
    """Port to listen on; 0 for any that is free."""
    session: Path | None = None
    """Socket of a session, if not the newest one's; this ends a little after it."""
    token: str | None = field(default=None, repr=False)
    """Token that opens the page. Better set $ZPRL_ROBOT_TOKEN: all users of a machine can read its
    command lines."""

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65536:
            raise ConfigurationError(f"port must lie in [0, 65535]. Got: {self.port}.")
        check_reach(self.host, self.secret)

    @property
    def secret(self) -> str | None:
        """The token, wherever it was given."""
        return self.token or os.environ.get(TOKEN)


EXAMPLES = (
    "# beside a session that was begun with --console",
    "--host 0.0.0.0  # for a tablet, once ZPRL_ROBOT_TOKEN is set",
)


def _serve() -> None:
    said = cli.parse(Console, EXAMPLES)
    serve_page(said.host, said.port, said.secret, said.session)


def main() -> None:
    """Run the command line."""
    cli.run(_serve)


if __name__ == "__main__":
    main()

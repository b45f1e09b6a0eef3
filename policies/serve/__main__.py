"""Serve a policy to other processes: ``python -m policies.serve --policy lerobot:outputs/last``.

It runs in the interpreter that the policy needs, and needs numpy and safetensors besides.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from policies.checkpoints.pickled import refuse_pickled
from policies.errors import CheckpointError, ZprlError
from policies.foreign.addresses import is_address, made_generator, names_code
from policies.serve import wire
from policies.serve.server import PolicyServer


def load(name: str) -> Any:
    """Load a policy by its name: an address, code, a checkpoint's folder, or a shipped one's name.

    Raises:
        CheckpointError: There is none of that name.
    """
    if is_address(name) or names_code(name):
        made = made_generator(name)
        if hasattr(made, "encode") and hasattr(made, "decode"):
            return made
        from policies.foreign.policy import ForeignPolicy

        return ForeignPolicy(made)
    shipped = Path(__file__).resolve().parents[1] / "pretrained" / name.lower()
    folder = next((path for path in (Path(name), shipped) if path.is_dir()), None)
    if folder is None:
        refuse_pickled(name, "--policy must be a checkpoint's folder.")
        raise CheckpointError(
            f"--policy must be a checkpoint's folder, a shipped policy's name, lerobot:FOLDER or "
            f"module:callable. Got: {name}."
        )
    from policies.checkpoints.classes import load_policy

    return load_policy(folder)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; tyro need not be installed where this runs."""
    made = argparse.ArgumentParser(
        prog="python -m policies.serve",
        description="Serve a policy to other processes, from the interpreter that it needs.",
        epilog="Use it as --policy served:HOST:PORT; or let --policy-python start it by itself. A "
        f"token is read from the environment variable {wire.TOKEN}; beyond this machine it is "
        "needed.",
    )
    made.add_argument(
        "--policy",
        required=True,
        help="a checkpoint's folder, a shipped policy's name, lerobot:FOLDER or module:callable",
    )
    made.add_argument(
        "--host", default="127.0.0.1", help="address, or a socket's path (%(default)s)"
    )
    made.add_argument("--port", type=int, default=0, help="port; 0 takes a free one (%(default)s)")
    made.add_argument("--threads", type=int, default=1, help="threads of torch (%(default)s)")
    made.add_argument("--until-input-ends", action="store_true", help=argparse.SUPPRESS)
    return made


def main() -> None:
    """Run the command line."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        serve(arguments)
    except ZprlError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def serve(arguments: argparse.Namespace) -> None:
    """Load the policy, say where it is served, and answer."""
    told = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no address
    policy = load(arguments.policy)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(arguments.threads)
    token = os.environ.get(wire.TOKEN) or None
    say = (lambda text: None) if arguments.until_input_ends else _say
    server = PolicyServer(policy, arguments.host, arguments.port, token, say)
    if arguments.until_input_ends:
        print(json.dumps({"address": server.address}), file=told, flush=True)
        threading.Thread(target=_end_with_input, daemon=True).start()
    else:
        _say(f"serving {arguments.policy}: --policy served:{server.address}")
    try:
        server.serve()
    finally:
        server.close()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _end_with_input() -> None:
    """End this process when its standard input does: whoever started it is no more."""
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()

"""Every command of the project: ``zprl`` lists them, ``zprl train ...`` runs one.

``python -m zprl_env`` is the same, and every command has a ``python -m`` of its own besides.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from zprl_env import cli
from zprl_env.errors import UnknownNameError


class Command(NamedTuple):
    """A command: the module whose ``main`` it runs, and its summary in one line."""

    module: str
    summary: str


COMMANDS = {
    "train": Command("train_sb3", "Finetune a frozen policy with Stable-Baselines3"),
    "evaluate": Command("zprl_env.evaluate", "Play a policy or a run on seeded episodes"),
    "compare": Command("zprl_env.compare.__main__", "Compare runs over seeds: table, curves"),
    "calibrate": Command("zprl_env.calibrate.__main__", "Find lambda, the size of perturbations"),
    "envs": Command("zprl_env.envs.__main__", "List the tasks and the policies that are shipped"),
    "record": Command("zprl_env.experts.record", "Record demonstrations of a scripted expert"),
    "inspect": Command("policies.inspect", "Summarise and draw a file of demonstrations"),
    "convert": Command("policies.convert", "Copy demonstrations between robomimic and Minari"),
    "pretrain": Command("policies.pretrain", "Train a base policy from demonstrations"),
    "fit-bottleneck": Command("policies.fit_bottleneck", "Fit a new bottleneck to a policy"),
    "make-policy": Command("zprl_env.base_policies.make", "Record, train, measure a base policy"),
    "export": Command("zprl_env.deploy.export", "Export a run as one steered policy, or ONNX"),
    "hub": Command("zprl_env.deploy.publish", "Push to or pull from the Hugging Face hub"),
    "hyperparams": Command("zprl_env.hyperparams.__main__", "Find RL Zoo's hyperparameter files"),
    "doctor": Command("zprl_env.doctor.__main__", "Check this installation"),
    "play": Command("real.play", "Robot: play a policy"),
    "replay": Command("real.replay", "Robot: play recorded episodes again, and film them"),
    "server": Command("real.server", "Robot: serve one to other machines"),
    "testing": Command("real.testing", "Robot: check a driver of your own"),
}
"""Commands by the name that they have after ``zprl``."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, or list them all.

    Args:
        arguments: The command line without the program's name; the process's own if not given.

    Raises:
        SystemExit: With the command's exit code; 2 if there is no such command.
    """
    name, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if name in ("--help", "-h"):
        print(listing())
        return
    cli.run(lambda: _run(name, rest))


def listing() -> str:
    """List the commands, one line each.

    >>> print(listing().splitlines()[0])
    usage: zprl COMMAND [OPTIONS]
    """
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{command.summary}" for name, command in COMMANDS.items()]
    head = ["usage: zprl COMMAND [OPTIONS]", ""]
    return "\n".join([*head, *lines, "", "zprl COMMAND --help says what a command takes."])


def _run(name: str, rest: Sequence[str]) -> None:
    if name not in COMMANDS:
        raise UnknownNameError("command", name, COMMANDS)
    sys.argv = [f"zprl {name}", *rest]  # what the command reads, and calls itself in its help
    import_module(COMMANDS[name].module).main()


if __name__ == "__main__":
    main()

"""Every command of the project: ``zprl`` lists them, ``zprl train ...`` runs one.

``python -m zprl_env`` is the same, and every command has a ``python -m`` of its own besides.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from policies.commands.page import columns, fold
from zprl_env import cli
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.loading.shadowing import hiding


class Command(NamedTuple):
    """A command: the module whose ``main`` it runs, and its summary in one line."""

    module: str
    summary: str


COMMANDS = {
    "train": Command("train_sb3", "Finetune a frozen policy with Stable-Baselines3"),
    "evaluate": Command("zprl_env.evaluate", "Play a policy or a run on seeded episodes"),
    "check": Command("zprl_env.check.__main__", "Check a policy and an environment of one's own"),
    "compare": Command("zprl_env.compare.__main__", "Compare runs over seeds: table, curves"),
    "sweep": Command("zprl_env.sweep.__main__", "Train with many settings on Ray, and rank them"),
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
    "cameras": Command("real.cameras.__main__", "Look through a laboratory's cameras"),
    "play": Command("real.play", "Play a policy, and record every episode"),
    "teleoperate": Command("real.teleoperate", "Move a robot yourself, and record it"),
    "console": Command("real.console.__main__", "Show a robot's session on a page, with STOP"),
    "judge": Command("real.judge.__main__", "Fit a classifier of success to recorded episodes"),
    "replay": Command("real.replay", "Play recorded episodes again, and film them"),
    "server": Command("real.server", "Serve a robot to other machines"),
    "testing": Command("real.testing", "Check a driver of your own"),
}
"""Commands by the name that they have after ``zprl``."""

GROUPS = {
    "First": ("doctor", "envs", "evaluate", "train", "compare"),
    "Then": ("calibrate", "sweep", "hyperparams", "export", "hub"),
    "A base policy of your own": (
        *("check", "record", "inspect", "convert", "pretrain", "make-policy", "fit-bottleneck"),
    ),
    "On a robot, simulated or real": (
        *("testing", "cameras", "server", "teleoperate", "play", "console", "judge", "replay"),
    ),
}
"""Commands in the order that they are needed in, by what one is about to do."""
OTHERS = {"eval": "evaluate", "list": "envs", "tasks": "envs", "finetune": "train"}
OTHERS |= {"learn": "train", "run": "train", "enjoy": "evaluate", "diagnose": "doctor"}
OTHERS |= {"tune": "sweep", "optimize": "sweep"}
OTHERS |= {"demos": "record", "collect": "record", "push": "hub", "pull": "hub", "serve": "server"}
"""Other projects' words for commands, which are suggested by this project's."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, or list them all.

    Args:
        arguments: The command line without the program's name; the process's own if not given.

    Raises:
        SystemExit: With the command's exit code; 2 if there is no such command.
    """
    name, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if name in ("--help", "-h", "help"):
        cli.run(lambda: print(listing(columns())))
        return
    if name in ("--version", "-V", "version"):
        cli.run(_version)
        return
    cli.run(lambda: _run(name, rest))


def listing(width: int = 80) -> str:
    """List the commands in the order that they are needed in, one line each.

    Args:
        width: Columns of the terminal.

    >>> print(listing().splitlines()[0])
    usage: zprl COMMAND [OPTIONS]
    """
    names = max(map(len, COMMANDS)) + 4
    grouped = {name for group in GROUPS.values() for name in group}
    groups = {**GROUPS, "More": tuple(name for name in COMMANDS if name not in grouped)}
    lines = ["usage: zprl COMMAND [OPTIONS]"]
    for title, members in groups.items():
        lines += ["", title] if members else []
        for name in members:
            text = f"  {name}".ljust(names) + COMMANDS[name].summary
            lines += fold(text, width, " " * names)
    lines += ["", *fold("zprl COMMAND --help says what a command takes, with examples.", width)]
    return "\n".join([*lines, "zprl --version says which version this is."])


def _version() -> None:
    from zprl_env import __version__

    print(f"zprl-env {__version__}")


def _run(name: str, rest: Sequence[str]) -> None:
    if name not in COMMANDS:
        raise UnknownNameError("command", name, COMMANDS, OTHERS)
    package = COMMANDS[name].module.partition(".")[0]
    if place := hiding(package):
        raise ZprlError(f"{place} hides the package {package!r} of zprl-env. Rename it.")
    sys.argv = [f"zprl {name}", *rest]  # what the command reads, and calls itself in its help
    import_module(COMMANDS[name].module).main()


if __name__ == "__main__":
    main()

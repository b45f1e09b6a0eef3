"""Command line of a benchmark: subcommands (``run``, ``summary``) that are dataclasses, by tyro."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, arg

from zprl_env import cli
from zprl_env.errors import ZprlError
from zprl_env.tasks import task_name

Task = Positional[Annotated[str, arg(metavar="TASK")]]
"""Field: one task."""
Tasks = Positional[Annotated[tuple[str, ...], arg(metavar="[TASK ...]")]]
"""Field: any number of tasks."""
Names = Positional[Annotated[tuple[str, ...], arg(metavar="[RUN ...]")]]
"""Field: any number of runs."""
Flag = Annotated[bool, FlagCreatePairsOff]
"""Field: a flag that is off by default."""


def check_seconds(seconds: float) -> None:
    """Check whether turns can be taken for so long; 0 is one turn each.

    Raises:
        ZprlError: They cannot.
    """
    if not 0.0 <= seconds < float("inf"):
        raise ZprlError(f"seconds must be a number of at least 0. Got: {seconds}.")


def check_turns(tasks: Iterable[str], seconds: float) -> None:
    """Check tasks that are measured in turns, and how long.

    Raises:
        UnknownNameError: There is no such task.
        ZprlError: The time is none.
    """
    check_seconds(seconds)
    for task in tasks:
        task_name(task)


@dataclass(frozen=True)
class CommandLine:
    """Command line of ``python -m benchmarks.NAME``.

    Attributes:
        name: The benchmark's module.
        text: What ``--help`` begins with: the module's docstring.
        commands: Frozen dataclasses whose fields are the options and whose call does the work. The
            subcommand is named like the class, in lower case; an only one needs no name.
        default: Subcommand that is meant where none is named.
    """

    name: str
    text: str | None
    commands: tuple[type[Any], ...]
    default: str | None = None

    def parse(self, arguments: Sequence[str]) -> Callable[[], object]:
        """Read arguments into the command that they ask for.

        Args:
            arguments: What was typed.

        Returns:
            The command, which is called to do the work.

        Raises:
            ZprlError: A value is out of its range.
            SystemExit: It is no command line of this benchmark, or help was asked for; said.
        """
        named: dict[str, Callable[..., Any]] = {one.__name__.lower(): one for one in self.commands}
        prog, words = f"python -m benchmarks.{self.name}", list(arguments)
        found: Callable[[], object]
        if len(self.commands) == 1:
            (only,) = self.commands
            found = tyro.cli(only, prog=prog, description=self.text, args=words)
            return found
        if self.default is not None and not {*words[:1]} & {*named, "-h", "--help"}:
            words.insert(0, self.default)
        found = tyro.extras.subcommand_cli_from_dict(
            named, prog=prog, description=self.text, args=words
        )
        return found

    def main(self) -> None:
        """Run the command of the process's arguments; errors of the user's are told in one line."""
        cli.run(lambda: self.parse(sys.argv[1:])())

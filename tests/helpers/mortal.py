"""A run in a process of its own that is killed at a chosen function call.

Not at a moment of the clock: whoever kills from outside hopes that the run is still there, which
depends on how busy the machine is.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

import gymnasium as gym

import train_sb3
from tests.helpers import point
from tests.helpers.warm import become, ended, start
from zprl_env.training.command_line import parse

Moment = Literal["saved", "saving"]


class Death(NamedTuple):
    """When a process kills itself.

    Attributes:
        after: ``saved`` counts from its first checkpoint, ``saving`` from the beginning of its
            second.
        calls: Function calls, C's included, until it dies.
    """

    after: Moment
    calls: int

    def await_it(self) -> None:
        """Die at that moment of the run that this process is about to begin."""
        from zprl_env.training.run import checkpoint

        save, begun, left = checkpoint.save_checkpoint, 0, self.calls

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal left
            left -= event in ("call", "c_call")
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def counted(*arguments: Any) -> Any:
            nonlocal begun
            begun += 1
            if begun > 1:
                sys.setprofile(count)
            folder = save(*arguments)
            if self.after == "saved":
                sys.setprofile(count)
            return folder

        vars(checkpoint)["save_checkpoint"] = counted


def start_mortal(*flags: str, death: Death | None = None) -> ForkServerProcess:
    """Start ``train_sb3.py`` on the point task in a process that has everything imported."""
    return start(_finetune, flags, death)


def command(folder: Path, said: Path, *flags: str) -> ForkServerProcess:
    """Start the command ``train_sb3.py``, in a folder, with what it says in a file."""
    return start(_main, folder, said, dict(os.environ), flags)


def _main(folder: Path, said: Path, environment: dict[str, str], flags: tuple[str, ...]) -> None:
    said.write_bytes(b"")  # of a run before this one
    become(folder, environment, [said, said])
    sys.argv[:] = ["train_sb3.py", *flags]
    ended(train_sb3.main)


def _finetune(flags: tuple[str, ...], death: Death | None) -> None:
    point.TASKS["Point"] = point.POINT
    gym.registry[point.POINT.id] = point.spec()
    if death:
        death.await_it()
    train_sb3.finetune(parse([*flags]))

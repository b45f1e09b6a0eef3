"""``python -m tests.helpers.full_disk BYTES UNTIL ...``: the script on a full disk.

From the beginning of learning no file may be larger than BYTES, which a system answers as it does
on a full disk, until learning is over (``learned``) or for good (``never``).
"""

from __future__ import annotations

import resource
import sys

import gymnasium as gym

import train_sb3
from tests.helpers import point
from zprl_env import cli
from zprl_env.training.config import parse
from zprl_env.training.finetuning import Finetuning


def main() -> None:
    """Run the script."""
    size, until, *flags = sys.argv[1:]
    learn, unlimited = Finetuning.learn, resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(self: Finetuning) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), unlimited[1]))
        learn(self)
        if until == "learned":
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    Finetuning.learn = limited  # type: ignore[method-assign]
    point.TASKS["Point"] = point.POINT
    gym.registry[point.POINT.id] = point.spec()
    cli.run(lambda: train_sb3.finetune(parse(flags)))


if __name__ == "__main__":
    main()

"""Say where a file of hyperparameters is: ``python -m zprl_env.hyperparams sac``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from zprl_env import cli
from zprl_env.hyperparams import hyperparameter_file


@dataclass(frozen=True)
class Which:
    """Print the path of a file of hyperparameters, for the --conf-file of RL Zoo."""

    name: Annotated[str, tyro.conf.Positional]
    """Algorithm, such as sac or ppo_lstm, or algorithm and preset: sac-paper."""


EXAMPLES = ("sac", "sac-paper")


def main() -> None:
    """Run the command line."""
    cli.run(lambda: print(hyperparameter_file(cli.parse(Which, EXAMPLES).name)))


if __name__ == "__main__":
    main()

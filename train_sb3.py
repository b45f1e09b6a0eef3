"""Finetune a frozen policy with unmodified Stable-Baselines3.

python train_sb3.py --env Lift --algo sac

plays the base policy, trains an agent that steers it, plays both on the same held-out seeds, and
leaves a table, a learning curve, a film, the agent and the raw results in runs/<env>/<algo>/<date>.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from zprl_env.cli import run
from zprl_env.training.config import Config, parse
from zprl_env.training.run.reserved import reserved_folder
from zprl_env.training.settings.compatibility import check_installed
from zprl_env.training.watch.outlook import announce
from zprl_env.training.watch.tracking import check_tracker


def finetune(config: Config) -> Path:
    """Evaluate the base policy, finetune, evaluate again, and write everything down.

    Args:
        config: What to do.

    Returns:
        The run's folder.
    """
    check_installed(config.backend, config.vec)
    check_tracker(config.wandb)
    with reserved_folder(config) as placed:
        announce(placed, placed.resume_from or placed.out or Path())
        return _finetune(placed)


def _finetune(config: Config) -> Path:
    # Here and not above, so that --help, a mistyped flag and the first lines come at once.
    from zprl_env.training.finetuning import Finetuning

    def make_recorder(facts: dict[str, Any]) -> Any:
        from real.recording import EpisodeRecorder

        return EpisodeRecorder(config.record, provenance=facts)

    with Finetuning(config, make_recorder if config.record else None) as finetuning:
        finetuning.play_base_policy()
        finetuning.learn()
        finetuning.hand_over()
        finetuning.film()
    return finetuning.folder


def main() -> None:
    """Run the command line."""
    run(lambda: finetune(parse(sys.argv[1:], __doc__)))


if __name__ == "__main__":
    main()

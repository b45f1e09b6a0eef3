"""Finetune a frozen policy with unmodified Stable-Baselines3.

python train_sb3.py --env Lift --algo sac

plays the base policy, trains an agent that steers it, plays both on the same held-out seeds, and
leaves a table, a learning curve, a film, the agent and the raw results in runs/<env>/<algo>/<date>.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zprl_env.cli import run
from zprl_env.training.command_line import parse
from zprl_env.training.config import Config
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

    told = {"task": config.env, "policy": config.policy or "the task's own", "algo": config.algo}
    with (
        _console(config, told) as beside,
        Finetuning(config, _recorder_maker(config), beside) as finetuning,
    ):
        finetuning.play_base_policy()
        finetuning.learn()
        finetuning.hand_over()
        finetuning.film()
    return finetuning.folder


def _recorder_maker(config: Config) -> Any:
    """Return what makes the recorder of a robot's episodes; None if nothing is to be recorded."""
    if not (config.record or config.rerun):
        return None

    def make_recorder(facts: dict[str, Any]) -> Any:
        from real.recording import EpisodeRecorder
        from real.recording.rerun_log import open_rerun
        from real.recording.several import together

        recorder = EpisodeRecorder(config.record, provenance=facts) if config.record else None
        return together(recorder, open_rerun(config.rerun))

    return make_recorder


@contextmanager
def _console(config: Config, told: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Open the console of a robot, if one is wanted; yield what its environments are given."""
    if not config.console:
        yield {}
        return
    from real.console.opened import opened_console

    with opened_console(True, told) as console:
        yield {"console": console}


def main() -> None:
    """Run the command line."""
    run(lambda: finetune(parse(sys.argv[1:], __doc__)))


if __name__ == "__main__":
    main()

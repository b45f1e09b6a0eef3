"""Tracking of a run's curves in Weights & Biases as well."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zprl_env.errors import MissingExtraError

if TYPE_CHECKING:
    from zprl_env.training.config import Config


def check_tracker(project: str | None) -> None:
    """Check that Weights & Biases is installed, if asked for, before anything slow is begun.

    Raises:
        MissingExtraError: It is not.
    """
    if project is not None and find_spec("wandb") is None:
        raise MissingExtraError("wandb", "wandb")


def tracked(config: Config, folder: Path) -> AbstractContextManager[Any]:
    """Copy TensorBoard's curves from here on to Weights & Biases, and finish it on leaving.

    Its own environment variables apply: ``WANDB_MODE=offline`` needs neither login nor network.

    Args:
        config: The run's; ``config.wandb`` names the project, ``None`` does nothing.
        folder: The run's, whose name the run there gets.
    """
    if config.wandb is None:
        return nullcontext()
    import wandb

    run: AbstractContextManager[Any] = wandb.init(
        project=config.wandb,
        name=folder.name,
        dir=str(folder),
        config=dataclasses.asdict(config),
        sync_tensorboard=True,
    )
    return run

"""Tracking of a run's curves in Weights & Biases as well, and the name that a run has there."""

from __future__ import annotations

import dataclasses
import secrets
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zprl_env.errors import MissingExtraError
from zprl_env.tasks import folder_name

if TYPE_CHECKING:
    from zprl_env.training.config import Config

ID_FILE = "wandb-id.txt"
"""File in a run's folder by which a resumed run goes on in Weights & Biases, too."""


def run_name(config: Config) -> str:
    """Name a run in TensorBoard and Weights & Biases: task, algorithm, seed.

    Args:
        config: The run's.

    Returns:
        For example ``"Lift-sac-seed0"``, or ``"Lift-sac-noise-seed0"`` if steered at the noise.
    """
    parts = [folder_name(config.env), config.algo.replace(":", ".")]
    if config.steer != "latent":
        parts.append(config.steer.replace(":", "."))
    return "-".join([*parts, f"seed{config.seed}"])


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
        folder: The run's. A run that is resumed in it goes on there, too.
    """
    if config.wandb is None:
        return nullcontext()
    import wandb

    run: AbstractContextManager[Any] = wandb.init(
        project=config.wandb,
        name=f"{run_name(config)} ({folder.name})",
        group=f"{folder_name(config.env)}/{config.algo}",
        id=_run_id(folder),
        resume="allow",
        dir=str(folder),
        config=dataclasses.asdict(config),
        sync_tensorboard=True,
    )
    return run


def _run_id(folder: Path) -> str:
    """Return the id that a run had there before, or a new one."""
    file = folder / ID_FILE
    if not file.exists():
        file.write_text(secrets.token_hex(8), encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()

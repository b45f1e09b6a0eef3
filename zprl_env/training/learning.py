"""The part of a run that takes hours, and what is kept of it when it ends early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from tqdm import tqdm

from zprl_env.errors import SimulationError, ZprlError
from zprl_env.evaluation import VALIDATION_SEED
from zprl_env.training.callbacks import History
from zprl_env.training.checkpoint import save_checkpoint
from zprl_env.training.warmup import warm_up


def training_seed(seed: int, history: History) -> int:
    """Seed of the training that follows: a resumed run does not play its first episodes again.

    >>> training_seed(3, History())
    3
    """
    if history.decisions == 0:
        return seed
    return int(np.random.default_rng([seed, history.decisions]).integers(VALIDATION_SEED // 2))


def learn(
    model: BaseAlgorithm,
    warmup_decisions: int,
    total_env_steps: int,
    history: History,
    callback: BaseCallback,
) -> None:
    """Warm up and learn, or go on with it, until the budget is spent.

    Args:
        model: The agent.
        warmup_decisions: Decisions of the base policy an off-policy agent starts with.
        total_env_steps: Environment steps after which ``callback`` stops.
        history: What happened so far.
        callback: Told of every decision.
    """
    if history.env_steps >= total_env_steps:
        return
    if isinstance(model, OffPolicyAlgorithm):
        warm_up(model, warmup_decisions - history.decisions, callback)
    if history.env_steps < total_env_steps:
        model.learn(
            total_env_steps,
            callback=callback,
            log_interval=None,  # the callback logs, on an axis of environment steps
            reset_num_timesteps=False,
        )


@contextmanager
def rescued(folder: Path, model: BaseAlgorithm, history: History) -> Iterator[None]:
    """Save a run that is interrupted or meets a failing simulation, and say how to go on.

    Args:
        folder: The run's folder.
        model: The agent.
        history: What happened so far.

    Raises:
        SimulationError: A process of the environments died.
    """
    try:
        yield
    except (KeyboardInterrupt, ZprlError, EOFError, ConnectionError) as error:
        save_checkpoint(folder, model, history)
        tqdm.write(f"Saved. Go on with: python train_sb3.py --resume-from {quote(str(folder))}")
        if isinstance(error, EOFError | ConnectionError):
            raise SimulationError(
                "Every environment's process must live as long as training. One has ended; what "
                "it said is above. Try --num-envs 1."
            ) from error
        raise

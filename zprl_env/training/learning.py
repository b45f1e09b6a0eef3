"""Warm-up and learning of a run, and its rescue when it ends early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.errors import SimulationError, ZprlError
from zprl_env.training.agents.warmup import warm_up
from zprl_env.training.run import randomness
from zprl_env.training.run.history import History
from zprl_env.training.run.interruption import Interrupted


def learn(
    model: BaseAlgorithm,
    warmup_decisions: int,
    total_env_steps: int,
    history: History,
    callback: BaseCallback,
    generators: dict[str, Any] | None = None,
    warmup_noise: float = 0.0,
) -> None:
    """Warm up and learn, or resume learning, until the budget is spent.

    Args:
        model: The agent.
        warmup_decisions: Decisions of the base policy an off-policy agent starts with.
        total_env_steps: Environment steps after which ``callback`` stops.
        history: What happened so far.
        callback: Told of every decision.
        generators: State of the global generators to go on with.
        warmup_noise: Standard deviation of the warm-up's perturbations.
    """
    if history.env_steps >= total_env_steps:
        return
    if generators is not None:
        randomness.restore(generators)
    if isinstance(model, OffPolicyAlgorithm):
        warm_up(model, warmup_decisions - history.decisions, callback, warmup_noise)
    if history.env_steps < total_env_steps:
        model.learn(
            total_env_steps,
            callback=callback,
            log_interval=None,  # the callback logs, on an axis of environment steps
            reset_num_timesteps=False,
        )


@contextmanager
def rescued(run: Path, save: Callable[[], object], say: Callable[[str], object]) -> Iterator[None]:
    """Save a checkpoint when a run is interrupted or meets a failing simulation.

    Args:
        run: The run's folder.
        save: Writes a checkpoint that leaves out the episodes under way.
        say: Told how to go on.

    Raises:
        SimulationError: A process of the environments died.
    """
    again = f"Go on with: python train_sb3.py --resume-from {quote(str(run))}"
    try:
        yield
    except Interrupted:
        say(f"Saved. {again}")
        raise
    except KeyboardInterrupt:
        say(f"What came after the last checkpoint is lost. {again}")
        raise
    except (ZprlError, EOFError, ConnectionError) as error:
        save()
        say(f"Saved. {again}")
        if isinstance(error, EOFError | ConnectionError):
            raise SimulationError(
                "Every environment's process must live as long as training. One has ended; what "
                "it said is above. Try --num-envs 1."
            ) from error
        raise

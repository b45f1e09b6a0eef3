"""Warm-up and learning of a run, and its rescue when it ends early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.errors import SimulationError, ZprlError
from zprl_env.files import RunFolderError
from zprl_env.training.agents.divergence import DivergedError, check_agent
from zprl_env.training.agents.warmup import warm_up
from zprl_env.training.collecting.envs import CollectedEnvs
from zprl_env.training.collecting.learning import learn_from_crew
from zprl_env.training.run import randomness
from zprl_env.training.run.checkpoint import newest_checkpoint
from zprl_env.training.run.history import History
from zprl_env.training.run.interruption import Interrupted
from zprl_env.training.run.settings_file import resume_command


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

    Raises:
        DivergedError: The agent's weights have become NaN or infinite.
    """
    if history.env_steps >= total_env_steps:
        return
    if generators is not None:
        randomness.restore(generators)
    collected = isinstance(model.get_env(), CollectedEnvs)
    if isinstance(model, OffPolicyAlgorithm) and not collected:
        left = warmup_decisions - history.decisions
        if not warm_up(model, left, callback, warmup_noise):
            return
    if history.env_steps < total_env_steps:
        try:
            if isinstance(model, OffPolicyAlgorithm) and collected:
                learn_from_crew(model, history, callback)
            else:
                model.learn(
                    total_env_steps,
                    callback=callback,
                    log_interval=None,  # the callback logs, on an axis of environment steps
                    reset_num_timesteps=False,
                )
        except Exception as error:  # what NaN leads to in which library has no common kind
            _blame_divergence(model, history, error)
            raise
        _blame_divergence(model, history)


def _blame_divergence(
    model: BaseAlgorithm, history: History, error: Exception | None = None
) -> None:
    """Say that an agent diverged, if it did, in place of what came of it."""
    try:
        check_agent(model)
    except DivergedError as diverged:
        raise DivergedError(f"{diverged} Noticed at {history.env_steps:,} env steps.") from error


@contextmanager
def rescued(run: Path, save: Callable[[], object], say: Callable[[str], object]) -> Iterator[None]:
    """Save a checkpoint when a run is interrupted or meets a failing simulation.

    Args:
        run: The run's folder.
        save: Writes a checkpoint that leaves out the episodes under way.
        say: Told how to go on.

    Raises:
        DivergedError: The agent is of no use any more; checkpoints hold what it was before.
        SimulationError: A process of the environments died.
    """
    again = f"Go on with: {resume_command(run)}"
    try:
        yield
    except Interrupted:
        say(f"Saved. {again}")
        raise
    except KeyboardInterrupt:
        say(f"What came after the last checkpoint is lost. {again}")
        raise
    except DivergedError as error:
        say(_advice(run, error))
        raise
    except (ZprlError, EOFError, ConnectionError) as error:
        try:
            save()
        except DivergedError as diverged:
            say(_advice(run, diverged))
            raise diverged from error
        except RunFolderError as full:
            say(f"Not saved. {full} {again}")
            raise
        say(f"Saved. {again}")
        if isinstance(error, EOFError | ConnectionError):
            raise SimulationError(
                "Every environment's process must live as long as training. One has ended; what "
                "it said is above. Try --num-envs 1."
            ) from error
        raise


def _advice(run: Path, error: DivergedError) -> str:
    """Say what is left of a run whose agent diverged, and what can be done."""
    again = "begin a new run with a smaller --learning-rate, --max-grad-norm 1 or a smaller --scale"
    saved = newest_checkpoint(run)
    if saved is None:
        return f"{error} There is no checkpoint from before it did. To go on, {again}."
    took = f"{resume_command(run)} --total-env-steps {saved}"
    return (
        f"{error} The last good checkpoint is that of {saved:,} env steps. Its results, with the "
        f"best agent until then: {took}. To learn on, {again}: the same settings would diverge "
        "again."
    )

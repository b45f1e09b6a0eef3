"""What a user watches while the agent learns, on an axis of environment steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import gymnasium as gym
import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from policies.progress import progress_bar
from zprl_env.evaluation import EvaluationResult, evaluate
from zprl_env.training.agent import as_agent

WINDOW = 100
"""Episodes of the rolling success rate."""


@dataclass
class History:
    """What happened so far, in environment steps: the raw data of the learning curve.

    Attributes:
        env_steps: Environment steps taken.
        decisions: Decisions taken, each of which is up to ``n_action_steps`` environment steps.
        episode_ends: Environment steps at each episode's end.
        episode_successes: Whether that episode succeeded.
        evaluations: Environment steps and outcome of each evaluation.
        seconds: Wall-clock time spent.
    """

    env_steps: int = 0
    decisions: int = 0
    episode_ends: list[int] = field(default_factory=list)
    episode_successes: list[bool] = field(default_factory=list)
    evaluations: list[tuple[int, EvaluationResult]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rolling_success(self) -> float:
        """Success rate of the last episodes, NaN before the first one ended."""
        recent = self.episode_successes[-WINDOW:]
        return float(np.mean(recent)) if recent else float("nan")


class ProgressCallback(BaseCallback):
    """Counts environment steps, shows them with the rolling success rate, stops at the budget."""

    def __init__(self, history: History, total_env_steps: int, show: bool = True) -> None:
        """Watch a run.

        Args:
            history: Where counts are kept.
            total_env_steps: Environment steps after which training stops.
            show: Draw a progress bar.
        """
        super().__init__()
        self.history = history
        self.total_env_steps = total_env_steps
        self._started = time.monotonic() - history.seconds
        self.bar = progress_bar(
            total=total_env_steps,
            initial=history.env_steps,
            unit="step",
            unit_scale=True,
            disable=not show,
        )

    def _on_step(self) -> bool:
        history = self.history
        infos, dones = self.locals["infos"], self.locals["dones"]
        taken = sum(info["env_steps"] for info in infos)
        history.env_steps += taken
        history.decisions = self.num_timesteps
        for info, done in zip(infos, dones, strict=True):
            if done:
                history.episode_ends.append(history.env_steps)
                history.episode_successes.append(bool(info["is_success"]))
        self.bar.update(min(taken, self.total_env_steps - self.bar.n))
        if dones.any():
            history.seconds = time.monotonic() - self._started
            self.bar.set_postfix_str(f"success {history.rolling_success:.2f}", refresh=False)
            self.logger.record("rollout/success_rate", history.rolling_success)
            self.logger.record("time/episodes", len(history.episode_ends))
            self.logger.record("time/decisions", history.decisions)
            self.logger.dump(history.env_steps)
        return history.env_steps < self.total_env_steps


class EvaluationCallback(BaseCallback):
    """Plays the validation seeds every so many environment steps."""

    def __init__(
        self,
        history: History,
        env: gym.Env,
        seeds: Sequence[int],
        every: int,
        report: Callable[[int, EvaluationResult], None],
    ) -> None:
        """Watch a run.

        Args:
            history: Where results are kept.
            env: A steered environment of the evaluation's own.
            seeds: Seeds of the episodes, the same every time.
            every: Environment steps between evaluations.
            report: Told of every result, with the environment steps so far.
        """
        super().__init__()
        self.history, self.env, self.seeds, self.every = history, env, seeds, every
        self.report = report
        last = history.evaluations[-1][0] if history.evaluations else 0
        self._next = (last // every + 1) * every

    def _on_step(self) -> bool:
        if self.history.env_steps >= self._next:
            self._next = (self.history.env_steps // self.every + 1) * self.every
            result = evaluate(self.env, as_agent(self.model), self.seeds)
            self.history.evaluations.append((self.history.env_steps, result))
            self.logger.record("eval/success_rate", result.success_rate)
            self.logger.record("eval/mean_length", result.mean_length)
            self.report(self.history.env_steps, result)
        return True

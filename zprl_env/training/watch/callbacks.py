"""Callbacks of a run: progress, evaluation and checkpoints, on an axis of environment steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import gymnasium as gym
from stable_baselines3.common.callbacks import BaseCallback

from policies.progress import progress_bar
from zprl_env.envs.takeover import hands_in
from zprl_env.evaluation import EvaluationResult, evaluate
from zprl_env.files import RunFolderError
from zprl_env.training.run.history import History
from zprl_env.training.run.interruption import Interruption
from zprl_env.training.watch.curves import log_evaluation


class ProgressCallback(BaseCallback):
    """Callback that counts and shows environment steps and successes, and ends at the budget."""

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

    def _on_rollout_start(self) -> None:
        self.history.updates = int(getattr(self.model, "_n_updates", 0))

    def _on_step(self) -> bool:
        self._on_rollout_start()
        history = self.history
        infos, dones = self.locals["infos"], self.locals["dones"]
        taken = sum(info["env_steps"] for info in infos)
        history.env_steps += taken
        hands = [hands for info in infos if (hands := hands_in(info)) is not None]
        history.by_person += sum(int(hand.by_person.sum()) for hand in hands)
        history.decisions = self.num_timesteps
        for info, done in zip(infos, dones, strict=True):
            if done:
                history.note_end(info)
        self.bar.update(min(taken, self.total_env_steps - self.bar.n))
        if dones.any():
            history.seconds = time.monotonic() - self._started
            self.bar.set_postfix_str(f"success {history.rolling_success:.2f}", refresh=False)
        return history.env_steps < self.total_env_steps


class EvaluationCallback(BaseCallback):
    """Callback that plays the validation seeds every so many environment steps."""

    def __init__(
        self,
        history: History,
        env: gym.Env,
        seeds: Sequence[int],
        every: int,
        report: Callable[[int, EvaluationResult], None],
        stop_at: float | None = None,
    ) -> None:
        """Watch a run.

        Args:
            history: Where results are kept.
            env: A steered environment of the evaluation's own.
            seeds: Seeds of the episodes, the same every time.
            every: Environment steps between evaluations.
            report: Told of every result, with the environment steps so far.
            stop_at: Lower bound of the success rate that ends training.
        """
        super().__init__()
        self.history, self.env, self.seeds, self.every = history, env, seeds, every
        self.report, self.stop_at = report, stop_at
        last = history.evaluations[-1][0] if history.evaluations else 0
        self._next = (last // every + 1) * every

    def _on_step(self) -> bool:
        if self.history.env_steps >= self._next:
            self._next = (self.history.env_steps // self.every + 1) * self.every
            result = evaluate(self.env, self.model, self.seeds)
            self.history.evaluations.append((self.history.env_steps, result))
            self.history.updates_at[str(self.history.env_steps)] = self.history.updates
            log_evaluation(self.logger, self.history.env_steps, result)
            self.report(self.history.env_steps, result)
        return self.history.passed(self.stop_at) is None


class CheckpointCallback(BaseCallback):
    """Callback that saves a checkpoint between two decisions, when all that is saved agrees."""

    def __init__(
        self,
        history: History,
        every: int,
        save: Callable[[], object],
        interruption: Interruption,
        say: Callable[[str], object],
    ) -> None:
        """Watch a run.

        Args:
            history: What happened so far.
            every: Environment steps between checkpoints.
            save: Writes one.
            interruption: Ends the run after a last one.
            say: Told when one could not be written, which ends nothing.
        """
        super().__init__()
        self.history, self.every, self.save = history, every, save
        self.interruption, self.say = interruption, say
        self._next = (history.env_steps // every + 1) * every

    def _on_rollout_start(self) -> None:
        if self.interruption.requested:
            self.save()
            self.interruption.check()
        if self.history.env_steps < self._next:
            return
        self._next = (self.history.env_steps // self.every + 1) * self.every
        try:
            self.save()
        except RunFolderError as error:
            self.say(f"Not saved; the next try is at {self._next:,} env steps. {error}")

    def _on_step(self) -> bool:
        return True

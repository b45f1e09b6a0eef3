"""TensorBoard's curves of a run, as Stable-Baselines3 names them, over environment steps."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat
from torch.utils.tensorboard import SummaryWriter

from zprl_env.envs.outcomes import not_counted
from zprl_env.evaluation import EvaluationResult
from zprl_env.training.run.history import WINDOW, History

TENSORBOARD = "tensorboard"
"""Folder in a run's that holds the curves, in one of the run's name."""


class ContinuedTensorBoard(TensorBoardOutputFormat):
    """Writer of TensorBoard's files that goes on where an earlier one of a resumed run has ended.

    What was written after the checkpoint that a run resumes from is played again; TensorBoard drops
    it when it reads that the run was started anew at this step.
    """

    def __init__(
        self, folder: Path, env_steps: int = 0, say: Callable[[str], object] = print
    ) -> None:
        """Prepare to write; the files are opened for the first point.

        Args:
            folder: Where they lie.
            env_steps: Environment steps of the checkpoint; 0 for a new run.
            say: Told when a disk has no room for the curves, which ends nothing.
        """
        self._say, self._gap = say, False
        self._folder, self._purge = str(folder), env_steps + 1 if env_steps else None
        self.writer: SummaryWriter | None = None
        self._is_closed = False
        self._told = threading.excepthook
        self._hushed = threading.excepthook = _hushed(self._told)

    def write(self, key_values: Any, key_excluded: Any, step: int = 0) -> None:
        """Write a point of the curves; one for which a disk has no room is left out."""
        try:
            if self.writer is None:
                self.writer = SummaryWriter(log_dir=self._folder, purge_step=self._purge)
                self._purge = None
            super().write(key_values, key_excluded, step)
            self._gap = False
        except OSError as error:
            with suppress(OSError):
                super().close()
            for file in Path(self._folder).glob("events.out.tfevents.*"):
                if not file.stat().st_size:  # which there was no room for anything in
                    file.unlink()
            self._is_closed, self.writer = False, None
            if not self._gap:
                self._say(
                    f"TensorBoard's curves have a gap from {step:,} env steps on, until there is "
                    f"room again: {error.strerror or error}."
                )
            self._gap = True

    def close(self) -> None:
        """Close the files; what a full disk does not take is lost."""
        with suppress(OSError):
            super().close()
        if threading.excepthook is self._hushed:
            threading.excepthook = self._told


def _hushed(told: Callable[[threading.ExceptHookArgs], object]) -> Callable[..., None]:
    """Hush TensorBoard's thread about a full disk, which the run's own meets at the next point.

    Every thread keeps the hook of its beginning for ever, and this one nothing of the run: what is
    alive when the interpreter exits, such as a robot's filter, is said to have leaked.
    """

    def hook(error: threading.ExceptHookArgs) -> None:
        theirs = type(error.thread).__module__.startswith("tensorboard.")
        if not (theirs and issubclass(error.exc_type, OSError)):
            told(error)

    return hook


def open_curves(
    run: Path, name: str, env_steps: int = 0, say: Callable[[str], object] = print
) -> Logger:
    """Open a run's curves.

    Args:
        run: The run's folder.
        name: The run's, :func:`~zprl_env.training.watch.tracking.run_name`.
        env_steps: Environment steps of the checkpoint that it resumes from.
        say: Told when a disk has no room for them.

    Returns:
        Stable-Baselines3's logger, to be given to a model.
    """
    folder = run / TENSORBOARD / name
    return Logger(str(folder), [ContinuedTensorBoard(folder, env_steps, say)])


class Curves(BaseCallback):
    """Callback that logs the curves that Stable-Baselines3 users look for.

    - ``rollout/ep_rew_mean``, ``rollout/ep_len_mean``: reward and environment steps of the last 100
      episodes, as the task itself gives them; ``rollout/success_rate`` of the same;
    - ``eval/mean_reward``, ``eval/success_rate``, ``eval/mean_ep_length``: of the validation
      episodes, each at its own step, and the base policy's at 0;
    - ``not_counted/stop``, ``abort``, ``cut_off``: episodes on a robot that are in none of these;
    - ``people/episodes``, ``people/share``: episodes that a person helped, which are no successes,
      and the share of environment steps that a person made;
    - ``time/fps``: environment steps per second; ``time/episodes``, ``time/decisions``;
    - ``train/*``: the algorithm's own.
    """

    def __init__(self, history: History) -> None:
        """Watch a run.

        Args:
            history: What happened so far; counted before this callback is called.
        """
        super().__init__()
        self.history = history
        self._begun = (time.monotonic(), history.env_steps)
        self._rewards: deque[float] = deque(maxlen=WINDOW)
        self._lengths: deque[int] = deque(maxlen=WINDOW)

    def _on_training_start(self) -> None:
        self._begun = (time.monotonic(), self.history.env_steps)

    def _on_step(self) -> bool:
        dones = self.locals["dones"]
        for info, done in zip(self.locals["infos"], dones, strict=True):
            if done:
                self._note(info)
        if dones.any():
            self._write()
        return True

    def _on_training_end(self) -> None:
        self._write()

    def _note(self, info: dict[str, Any]) -> None:
        if not_counted(info) is not None:
            return
        episode = info.get("episode")  # Stable-Baselines3's Monitor's
        if isinstance(episode, dict):
            self._rewards.append(float(episode["r"]))
            self._lengths.append(int(episode["l"]))

    def _write(self) -> None:
        history, (began, before) = self.history, self._begun
        if self._rewards:
            self.logger.record("rollout/ep_rew_mean", float(np.mean(self._rewards)))
            self.logger.record("rollout/ep_len_mean", float(np.mean(self._lengths)))
        if history.episode_successes:  # which a verdict that is changed later changes as well
            self.logger.record("rollout/success_rate", history.rolling_success)
        seconds = max(time.monotonic() - began, 1e-6)
        self.logger.record("time/fps", int((history.env_steps - before) / seconds))
        self.logger.record("time/episodes", len(history.episode_ends))
        if history.helped or history.by_person:
            self.logger.record("people/episodes", history.helped)
            self.logger.record("people/share", history.by_person / max(history.env_steps, 1))
        for outcome, number in history.not_counted.items():
            self.logger.record(f"not_counted/{outcome.replace(' ', '_')}", number)
        self.logger.record("time/decisions", history.decisions)
        self.logger.dump(history.env_steps)


def log_evaluation(
    logger: Logger, env_steps: int, result: EvaluationResult, split: str = "eval"
) -> None:
    """Log an evaluation at its own step, and nothing else that waits to be logged.

    Args:
        logger: The model's, into whose files it goes.
        env_steps: Environment steps that had been taken.
        result: The outcome.
        split: What stands before the slash: ``eval`` for validation, ``test`` for the end.
    """
    point = Logger(None, logger.output_formats)
    point.record(f"{split}/success_rate", result.success_rate)
    point.record(f"{split}/mean_ep_length", result.mean_length)
    if result.returns.size:
        point.record(f"{split}/mean_reward", result.mean_reward)
    point.dump(env_steps)

"""Finetuning run: play the base policy, learn to steer it, hand the agent over, report, film."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from copy import copy
from os import PathLike
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Any

import torch
from rich.console import Console
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from policies.demonstrations import Demonstrations
from zprl_env.base_policies.find import base_policy
from zprl_env.cli import settings
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, success_note
from zprl_env.files import RESULTS_FILE, RunFolderError, write_json, write_whole
from zprl_env.loading.named import names_code
from zprl_env.loading.resolve import checkpoint_folder, resolve_policy
from zprl_env.tasks import folder_name
from zprl_env.training.agents import weights
from zprl_env.training.agents.model import as_agent, make_model
from zprl_env.training.agents.prior import add_prior, prior_decisions
from zprl_env.training.budget import Pace, check_budget, episode_limit
from zprl_env.training.comparison import Comparison
from zprl_env.training.config import Config, check_policy, save_config
from zprl_env.training.environment import make_training_envs
from zprl_env.training.learning import learn, rescued
from zprl_env.training.run import checkpoint
from zprl_env.training.run.base_copy import keep_base
from zprl_env.training.run.base_results import BaseResults
from zprl_env.training.run.folder import (
    CURVE_FILE,
    VIDEO_FILE,
    clear,
    new_run,
    refuse_run,
    resumed_run,
)
from zprl_env.training.run.history import HISTORY_FILE, History
from zprl_env.training.run.interruption import Interruption
from zprl_env.training.run.kept import Kept, choose
from zprl_env.training.run.writing import Writing
from zprl_env.training.watch import callbacks, film, report
from zprl_env.training.watch.curves import Curves, log_evaluation, open_curves
from zprl_env.training.watch.outlook import correct, duration
from zprl_env.training.watch.telemetry import SteeringTelemetry
from zprl_env.training.watch.tracking import run_name, tracked
from zprl_env.vectorised.resumable import Place
from zprl_env.vectorised.workers import hurry

MakeRecorder = Callable[[dict[str, Any]], Any]
"""Maker of a recorder of a robot's episodes, given the facts that are to stand with them."""


class Finetuning:
    """One run of `train_sb3.py`, from its settings to its results.

    Its methods are the run's stages, in this order: :meth:`play_base_policy`, :meth:`learn`,
    :meth:`hand_over` and :meth:`film`. No other process can write to its folder until it is closed.

    Attributes:
        folder: Where everything is written.
        history: What happened so far.
        comparison: Base and steered policy on the test seeds.
        kept: Which agent is handed over, and why, once one is.
    """

    kept: Kept

    def __init__(self, config: Config, make_recorder: MakeRecorder | None = None) -> None:
        """Make everything that a run needs, or restore it; nothing is played yet.

        Args:
            config: What to do.
            make_recorder: Makes the recorder of a robot's episodes, if they are to be written down.

        Raises:
            CheckpointError: The policy cannot be loaded.
            FolderInUseError: Another process is writing to the run's folder.
            PolicyMismatchError: The policy does not fit the environment.
            RunFolderError: The folder cannot be written, holds another run, or none to be resumed.
        """
        torch.set_num_threads(config.threads)
        self.config, self.console = config, Console(soft_wrap=True)
        self._kwargs = settings(config.env_kwargs)
        self._writing, self._best = Writing(self._say), b""
        self._stage, self._saved = "before", False
        with ExitStack() as stack:
            if config.resume_from is not None:
                self.folder = stack.enter_context(
                    resumed_run(config.resume_from, self._say, overwrite=config.overwrite)
                )
            else:
                refuse_run(config.out, config.overwrite)
            self._load_policy()
            self._opened = stack.enter_context(ExitStack())  # what a film has to wait for
            self.comparison = Comparison(
                config.env, self.policy, config.steer, config.recipe, self._kwargs
            )
            self._opened.enter_context(closing(self.comparison))
            self.history = History()
            if config.resume_from is None:
                self._check_budget()
                # Not before everything fits: a run that never started leaves no folder.
                name, algo = folder_name(config.env), config.algo.replace(":", ".")
                self.folder = stack.enter_context(
                    new_run(config.out, name, algo, overwrite=config.overwrite)
                )
            self._make_agent(make_recorder)
            self._opened.callback(self.envs.close)
            if config.resume_from is not None:
                self._check_budget()
            self._begin()
            self._stack = stack.pop_all()

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def _load_policy(self) -> None:
        """Load the base policy: the run's own copy, what was asked for, or the task's."""
        config = self.config
        name = config.policy or base_policy(
            config.env, make=config.make_policy, env_kwargs=self._kwargs, say=self._say
        )
        is_checkpoint = isinstance(name, str | PathLike) and not names_code(name)
        self._checkpoint = checkpoint_folder(name) if is_checkpoint else None
        self.policy = resolve_policy(self._checkpoint or name, config.policy_class)
        if config.resume_from is not None:
            check_policy(config.resume_from, self.policy)

    def _begin(self) -> None:
        """Write down what is known at the start, in place of what another run has left."""
        config, folder = self.config, self.folder
        if self._begun is None:
            clear(folder, resumed=config.resume_from is not None)
        keep_base(folder, self._checkpoint, self._weights_hash)
        save_config(folder, config, self.policy)
        self._base_results = BaseResults(folder, self._weights_hash, self._say)
        self._opened.enter_context(tracked(config, folder))
        steps = self.history.env_steps if self._begun else 0
        self.model.set_logger(open_curves(folder, run_name(config), steps))
        self._opened.callback(self.model.logger.close)

    def __enter__(self) -> Finetuning:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt) and self._stage != "learning":  # which tells itself
            kept = "Nothing was learned yet." if self._stage == "before" else "The agent is saved."
            run = quote(str(self.folder))
            self._say(f"{kept} Go on with: python train_sb3.py --resume-from {run}")
        self._stack.close()

    def _check_budget(self) -> None:
        """Refuse a budget by which nothing would be learned."""
        config, env = self.config, self.comparison.env
        together = config.num_envs // 2 if config.overlap else config.num_envs
        pace = Pace(together, env.env.n_action_steps, episode_limit(env))
        check_budget(config.algo, config.recipe, config.total_env_steps, pace, self.history)

    def _make_agent(self, make_recorder: MakeRecorder | None) -> None:
        """Make the environments and the model, or restore them from a checkpoint."""
        config, recorded = self.config, {}
        if make_recorder is not None:
            facts = {"policy_sha256": self._weights_hash, "run": str(self.folder)}
            recorded = {"recorder": make_recorder(facts)}
        self.envs = make_training_envs(
            config.env,
            self.policy,
            config.steer,
            config.recipe,
            num_envs=config.num_envs,
            overlap=config.overlap,
            seed=config.seed,
            env_kwargs=self._kwargs | recorded,
        )
        self.model = make_model(
            config.algo,
            config.recipe,
            self.envs,
            n_action_steps=self.comparison.env.env.n_action_steps,
            seed=config.seed,
            backend=config.backend,
        )
        self._begun = None
        if config.resume_from is not None:
            self._begun = checkpoint.resume(self.folder, self.model, self.envs, self._say)
        if self._begun is not None:
            self.history = self._begun.history
            self.history.updates = self._begun.updates
            self._say(self._resumed_at())

    def _resumed_at(self) -> str:
        done, budget = self.history.env_steps, self.config.total_env_steps
        if done < budget:
            return f"{self.folder} goes on at {done:,} of {budget:,} environment steps."
        return (
            f"{self.folder} has finished: all of its {budget:,} environment steps are taken, and "
            "nothing more is learned. To go on, give more: --total-env-steps."
        )

    @property
    def _weights_hash(self) -> str | None:
        return getattr(self.policy, "weights_hash", None)

    @property
    def _test_seeds(self) -> range:
        return range(TEST_SEED, TEST_SEED + self.config.eval_episodes)

    @property
    def _validation_seeds(self) -> range:
        return range(VALIDATION_SEED, VALIDATION_SEED + self.config.validation_episodes)

    def play_base_policy(self) -> None:
        """Play the base policy on the test seeds and on the validation seeds, each once in a run.

        Its results are kept as soon as they are known, and not played again on resume.
        """
        kept, env = self._base_results, self.comparison.env
        started = time.monotonic()
        self.comparison.play_bases(self._test_seeds, kept)
        elapsed, anew = time.monotonic() - started, kept.played
        if not self.history.evaluations:
            base = kept.play("validation", env, self._validation_seeds, "base policy, validation")
            self.history.evaluations.append((0, base))
            log_evaluation(self.model.logger, 0, base)
        report.print_table(self.comparison.results, console=self.console)
        if kept.played and (note := success_note(env, self.config.env)):
            self.console.print(note)
        self._say(f"Steering at: {self.config.steer}. {env.steering}.")
        if anew and self._begun is None:
            correct(self.config, self.comparison.results.values(), elapsed, self._say)

    def learn(self) -> None:
        """Learn until the budget is spent, evaluating and keeping checkpoints meanwhile."""
        self._stage = "learning"
        progress = callbacks.ProgressCallback(self.history, self.config.total_env_steps)
        say = self._writing.say = progress.bar.write
        with (
            closing(progress.bar),
            rescued(self.folder, lambda: self._save(self.envs.place.left()), say),
            Interruption(say, lambda: hurry(self.envs)) as interruption,
        ):
            self._add_demonstrations(say)
            learn(
                self.model,
                self.config.recipe.warmup_decisions,
                self.config.total_env_steps,
                self.history,
                CallbackList(self._watching(progress, interruption)),
                self._begun and self._begun.generators,
                self.config.recipe.warmup_noise,
            )
            self._place = self.envs.place.left()
            self._save_last()
        self._writing.say, self._stage = self._say, "after"
        self.envs.close()

    def _add_demonstrations(self, say: Callable[[str], Any]) -> None:
        """Put demonstrations into the replay buffer of a run that begins, if there are any."""
        file = self.config.recipe.demonstrations
        if file is None or self.history.decisions or not isinstance(self.model, OffPolicyAlgorithm):
            return
        buffer, steering = self.model.replay_buffer, copy(self.comparison.env.steering)
        assert buffer is not None
        steering.sample_latent = self.config.recipe.sample_latent  # evaluation's takes the mean
        prior = prior_decisions(
            Demonstrations.load(file), steering, self.config.recipe, self.config.seed
        )
        added = add_prior(buffer, prior)
        say(f"{added} decisions of demonstrations; RMS left over {prior.residual:.3f}")

    def _watching(
        self, progress: callbacks.ProgressCallback, interruption: Interruption
    ) -> list[BaseCallback]:
        """Make the callbacks of every decision: progress, evaluation, checkpoints, telemetry."""
        history, config, say = self.history, self.config, progress.bar.write
        file = self._file_of_best

        def note(env_steps: int, result: EvaluationResult) -> None:
            say(f"{env_steps:>9,} env steps: {result} (validation)")
            if history.best == env_steps:
                self._best = weights.weights_bytes(self.model)
                content = self._best
                self._writing(file.name, lambda: weights.write_weights(file, content))
            self._write_json(HISTORY_FILE, history.to_dict())

        return [
            progress,
            Curves(history),
            callbacks.EvaluationCallback(
                history, self.comparison.env, self._validation_seeds, config.eval_every, note
            ),
            callbacks.CheckpointCallback(
                history,
                config.checkpoint_every,
                lambda: self._save(self.envs.place),
                interruption,
                say,
            ),
            SteeringTelemetry(env_steps=history.env_steps),
        ]

    @property
    def _file_of_best(self) -> Path:
        return self.folder / weights.weights_file(self.model, weights.BEST)

    def _write_json(self, name: str, content: dict[str, Any]) -> None:
        self._writing(name, lambda: write_json(self.folder / name, content))

    def _save(self, place: Place) -> None:
        self._writing.again()
        if self._file_of_best.name in self._writing.left:  # which a checkpoint has a copy of
            raise RunFolderError("Expected room for the best agent first. Got none.")
        checkpoint.save_checkpoint(self.folder, self.model, self.history, place)

    def _save_last(self) -> None:
        """Save the last checkpoint; on a full disk what was learned is at hand, and handed over."""
        try:
            self._save(self._place)
            self._saved = True
        except RunFolderError as error:
            self._writing.say(f"The last checkpoint is not saved. {error}")

    def hand_over(self) -> None:
        """Take the best agent or the last, play it on the test seeds, write it down and tell."""
        config, history = self.config, self.history
        if not self._saved:
            self._save_last()
        self.kept = choose(history, config.keep)
        if config.keep == "best" and history.best is not None:
            weights.load_weights(self._best or self._file_of_best, self.model)
        model, content = weights.weights_file(self.model), weights.weights_bytes(self.model)
        self._writing(model, lambda: weights.write_weights(self.folder / model, content))
        self.agent = as_agent(self.model)
        name = f"steered ({config.steer}, {config.algo})"
        self.comparison.play_steered(name, self.agent, self._test_seeds)
        # All of it before a word is said: whoever listens may be gone.
        self._write_json(HISTORY_FILE, history.to_dict())
        self._write_json(RESULTS_FILE, self._results())
        curve, results = self.folder / CURVE_FILE, self.comparison.results
        self._writing(
            CURVE_FILE,
            lambda: write_whole(curve, lambda path: report.draw_curve(path, history, results)),
        )
        self._log_tests()
        report.print_table(
            self.comparison.results, self.comparison.difference, self.console, self._updates
        )
        self._say(self.kept.reason)
        if not self._updates:
            self._say("The agent has learned nothing: it is the one that training began with.")

    @property
    def _updates(self) -> int:
        """Updates of the agent that is handed over."""
        return self.history.updates_at.get(str(self.kept.env_steps), self.history.updates)

    def _results(self) -> dict[str, Any]:
        history = self.history
        return self.comparison.to_dict() | {
            "env_steps": history.env_steps,
            "agent_env_steps": self.kept.env_steps,
            "kept": self.kept.to_dict(),
            "decisions": history.decisions,
            "updates": history.updates,
            "agent_updates": self._updates,
            "episodes": len(history.episode_ends),
            "seconds": history.seconds,
            "policy_sha256": self._weights_hash,
        }

    def _log_tests(self) -> None:
        """Log the test episodes of base and steered policy among the curves."""
        base, *_, steered = self.comparison.results.values()
        if not self._begun:
            log_evaluation(self.model.logger, 0, base, "test")
        log_evaluation(self.model.logger, self.history.env_steps, steered, "test")

    def film(self) -> None:
        """Film an episode of both policies, if that is asked for, and say where the results are."""
        self._opened.close()
        config, history = self.config, self.history
        if config.video:
            seed = film.telling_seed(self.comparison.results)
            self._say(f"Filming episode {seed} of both policies; --no-video leaves that out.")
            try:
                takes = film.film_pair(
                    config.env,
                    self.policy,
                    config.steer,
                    config.recipe,
                    self.agent,
                    seed,
                    self._kwargs,
                    f"steered ({config.steer}, {config.algo})",
                )
                write_whole(
                    self.folder / VIDEO_FILE, lambda partial: film.write_film(partial, takes)
                )
            except Exception as error:  # a run of hours does not fail for want of a renderer
                self._say(f"No film: {' '.join(str(error).split())}")
        self._say(
            f"{history.env_steps:,} env steps in {duration(history.seconds)}. "
            f"Results: {self.folder}"
        )
        self._writing.check()

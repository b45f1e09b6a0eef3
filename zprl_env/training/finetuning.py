"""Finetuning run: play the base policy, learn to steer it, hand the agent over, report, film."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from copy import copy
from types import TracebackType
from typing import Any

import torch
from rich.console import Console
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import configure
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from policies.demonstrations import Demonstrations
from zprl_env.base_policies.find import base_policy
from zprl_env.cli import settings
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, play, success_note
from zprl_env.files import create_folder, make_writable, write_json
from zprl_env.loading.resolve import resolve_policy
from zprl_env.tasks import folder_name
from zprl_env.training.agents import weights
from zprl_env.training.agents.model import as_agent, make_model
from zprl_env.training.agents.prior import add_prior, prior_decisions
from zprl_env.training.comparison import Comparison
from zprl_env.training.config import Config, check_policy, save_config
from zprl_env.training.environment import make_training_envs
from zprl_env.training.learning import learn, rescued
from zprl_env.training.run import checkpoint
from zprl_env.training.run.history import HISTORY_FILE, History
from zprl_env.training.run.interruption import Interruption
from zprl_env.training.watch import callbacks, report
from zprl_env.training.watch.telemetry import SteeringTelemetry
from zprl_env.training.watch.tracking import tracked
from zprl_env.vectorised.resumable import Place

MakeRecorder = Callable[[dict[str, Any]], Any]
"""Maker of a recorder of a robot's episodes, given the facts that are to stand with them."""


class Finetuning:
    """One run of `train_sb3.py`, from its settings to its results.

    Its methods are the run's stages, in this order: :meth:`play_base_policy`, :meth:`learn`,
    :meth:`hand_over`, and, once it is closed, :meth:`film`.

    Attributes:
        folder: Where everything is written.
        history: What happened so far.
        comparison: Base and steered policy on the test seeds.
        taken: Environment steps after which the agent was taken that is handed over.
    """

    def __init__(self, config: Config, make_recorder: MakeRecorder | None = None) -> None:
        """Make everything that a run needs, or restore it; nothing is played yet.

        Args:
            config: What to do.
            make_recorder: Makes the recorder of a robot's episodes, if they are to be written down.

        Raises:
            CheckpointError: The policy cannot be loaded.
            PolicyMismatchError: It does not fit the environment.
            RunFolderError: The folder cannot be written, or holds no run to be resumed.
        """
        torch.set_num_threads(config.threads)
        self.config, self.console = config, Console(soft_wrap=True)
        self._kwargs, resumed = settings(config.env_kwargs), config.resume_from
        self._begun = checkpoint.find_checkpoint(resumed, self.console.print) if resumed else None
        self.history = self._begun.history if self._begun else History()
        self.policy = resolve_policy(
            config.policy
            or base_policy(config.env, make=config.make_policy, say=self.console.print),
            config.policy_class,
        )
        if resumed:
            check_policy(resumed, self.policy)
        with ExitStack() as stack:
            self.comparison = Comparison(
                config.env, self.policy, config.steer, config.recipe, self._kwargs
            )
            stack.enter_context(closing(self.comparison))
            # Not before everything fits: a run that never started leaves no folder.
            name, algo = folder_name(config.env), config.algo.replace(":", ".")
            self.folder = resumed or create_folder(config.out, name, algo)
            make_writable(self.folder)
            self._make_agent(make_recorder)
            stack.enter_context(tracked(config, self.folder))
            self.model.set_logger(configure(str(self.folder / "tensorboard"), ["tensorboard"]))
            stack.callback(self.model.logger.close)
            save_config(self.folder, config, self.policy)
            self._stack = stack.pop_all()

    def __enter__(self) -> Finetuning:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

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
        if self._begun:
            checkpoint.load_checkpoint(self._begun, self.folder, self.model, self.envs)

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
        """Play the base policy on the test seeds, and once on the validation seeds."""
        self.comparison.play_bases(self._test_seeds)
        report.print_table(self.comparison.results, console=self.console)
        if note := success_note(self.comparison.env, self.config.env):
            self.console.print(note)
        steering = self.comparison.env.steering
        self.console.print(f"Steering at: {self.config.steer}. {steering}.")
        if not self.history.evaluations:
            env, seeds = self.comparison.env, self._validation_seeds
            base = play("base policy, validation", env, None, seeds)
            self.history.evaluations.append((0, base))

    def learn(self) -> None:
        """Learn until the budget is spent, evaluating and keeping checkpoints meanwhile."""
        progress = callbacks.ProgressCallback(self.history, self.config.total_env_steps)
        say = progress.bar.write
        with (
            closing(progress.bar),
            rescued(self.folder, lambda: self._save(self.envs.place.left()), say),
            Interruption(say) as interruption,
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
            self._save(self.envs.place.left())
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

        def note(env_steps: int, result: EvaluationResult) -> None:
            say(f"{env_steps:>9,} env steps: {result} (validation)")
            if history.best == env_steps:
                weights.save_weights(self.folder, self.model, weights.BEST)
            write_json(self.folder / HISTORY_FILE, history.to_dict())

        return [
            progress,
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

    def _save(self, place: Place) -> None:
        checkpoint.save_checkpoint(self.folder, self.model, self.history, place)

    def hand_over(self) -> None:
        """Take the best agent or the last, play it on the test seeds and write everything down."""
        config, history = self.config, self.history
        self.taken = history.env_steps
        if config.keep == "best" and history.best:
            file = self.folder / weights.weights_file(self.model, weights.BEST)
            weights.load_weights(file, self.model)
            self.taken = history.best
        weights.save_weights(self.folder, self.model)
        self.agent = as_agent(self.model)
        name = f"steered ({config.steer}, {config.algo})"
        self.comparison.play_steered(name, self.agent, self._test_seeds)
        report.print_table(self.comparison.results, self.comparison.difference, self.console)
        self.console.print(f"The agent is that of {self.taken:,} env steps ({config.keep}).")
        report.draw_curve(self.folder / "curve.png", history, self.comparison.results)
        write_json(self.folder / HISTORY_FILE, history.to_dict())
        write_json(self.folder / "results.json", self._results())

    def _results(self) -> dict[str, Any]:
        history = self.history
        return self.comparison.to_dict() | {
            "env_steps": history.env_steps,
            "agent_env_steps": self.taken,
            "decisions": history.decisions,
            "episodes": len(history.episode_ends),
            "seconds": history.seconds,
            "policy_sha256": self._weights_hash,
        }

    def film(self) -> None:
        """Film one steered episode, if that is asked for, and say where the results are."""
        if self.config.video:
            config = self.config
            try:
                pictures = report.film(
                    config.env,
                    self.policy,
                    config.steer,
                    config.recipe,
                    self.agent,
                    TEST_SEED,
                    self._kwargs,
                )
                report.write_video(self.folder / "video.mp4", pictures)
            except Exception as error:  # a run of hours does not fail for want of a renderer
                self.console.print(f"No film: {' '.join(str(error).split())}")
        history = self.history
        self.console.print(
            f"{history.env_steps:,} env steps in {history.seconds / 60:.1f} min. "
            f"Results: {self.folder}"
        )

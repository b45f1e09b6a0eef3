"""Opened run: folder, policy, environments and agent of a finetuning run, new or resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

import torch
from rich.console import Console

from zprl_env.base_policies.find import base_policy
from zprl_env.cli import settings
from zprl_env.envs.observation.time_left import episode_limit
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED
from zprl_env.files import CALIBRATION_FILE, write_json
from zprl_env.loading.named import HUB, names_folder
from zprl_env.loading.resolve import checkpoint_folder, resolve_policy
from zprl_env.tasks import folder_name
from zprl_env.training.agents.model import make_model
from zprl_env.training.agents.replay import ChunkReplayBuffer
from zprl_env.training.agents.takeover import Corrections, learn_from_people
from zprl_env.training.budget import Pace, check_budget
from zprl_env.training.collecting.envs import CollectedEnvs
from zprl_env.training.collecting.ratio import COURSE
from zprl_env.training.comparison import Comparison
from zprl_env.training.config import Config, check_policy, save_config
from zprl_env.training.environment import make_collected_envs, make_training_envs
from zprl_env.training.found import asked, find_settings
from zprl_env.training.run import checkpoint
from zprl_env.training.run.base_copy import keep_base
from zprl_env.training.run.base_results import BaseResults
from zprl_env.training.run.folder import clear, new_run, refuse_run, resumed_run
from zprl_env.training.run.golden import keep_golden
from zprl_env.training.run.history import History
from zprl_env.training.watch.curves import open_curves
from zprl_env.training.watch.tracking import run_name, tracked
from zprl_env.vectorised.cluster.connection import Cluster
from zprl_env.vectorised.resumable import ResumableVecEnv
from zprl_env.writing import Writing

MakeRecorder = Callable[[dict[str, Any]], Any]
"""Maker of a recorder of a robot's episodes, given the facts that are to stand with them."""

Own = TypeVar("Own", bound="OpenedRun")


class OpenedRun:
    """Folder, policy, environments and agent of a run, made anew or restored from a checkpoint.

    No other process can write to its folder until it is closed, as a context manager is.

    Attributes:
        config: What to do.
        folder: Where everything is written.
        policy: The base policy.
        comparison: Base and steered policy on the test seeds.
        envs: Environments that the agent learns in.
        model: The agent.
        history: What happened so far.
        corrections: What collects the decisions of a person; None where none is learned from.
    """

    corrections: Corrections | None = None

    def __init__(
        self,
        config: Config,
        make_recorder: MakeRecorder | None = None,
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        """Make everything that a run needs, or restore it; nothing is played yet.

        Args:
            config: What to do.
            make_recorder: Makes the recorder of a robot's episodes, if they are to be written down.
            beside: Arguments of the environments that no command line can say, such as a console.

        Raises:
            CheckpointError: The policy cannot be loaded.
            FolderInUseError: Another process is writing to the run's folder.
            PolicyMismatchError: The policy does not fit the environment.
            RunFolderError: The folder cannot be written, holds another run, or none to be resumed.
        """
        torch.set_num_threads(config.threads)
        self.config, self.console = config, Console(soft_wrap=True)
        self._kwargs = settings(config.env_kwargs) | dict(beside or {})
        self._writing = Writing(self._say)
        with ExitStack() as stack:
            if config.resume_from is not None:
                self.folder = stack.enter_context(
                    resumed_run(config.resume_from, self._say, overwrite=config.overwrite)
                )
            else:
                refuse_run(config.out, config.overwrite)
            self._load_policy()
            self.history = History()
            config = self._find_settings()
            self._opened = stack.enter_context(ExitStack())  # what a film has to wait for
            self.comparison = Comparison(
                config.env, self.policy, config.steer, config.recipe, self._kwargs
            )
            self._opened.enter_context(closing(self.comparison))
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

    def _tell(self, text: str) -> None:
        """Print prose, wrapped between words; a path is left to `_say`."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=False)

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def _load_policy(self) -> None:
        """Load the base policy: the run's own copy, what was asked for, or the task's."""
        config = self.config
        name = config.policy or base_policy(
            config.env, make=config.make_policy, env_kwargs=self._kwargs, say=self._say
        )
        hub = isinstance(name, str) and name.startswith(HUB)
        self._checkpoint = checkpoint_folder(name) if hub or names_folder(name) else None
        self.policy = resolve_policy(self._checkpoint or name, config.policy_class)
        if config.resume_from is not None:
            check_policy(config.resume_from, self.policy)

    def _find_settings(self) -> Config:
        """Play the base policy for the settings that are to be found, unless the run has them."""
        config, recipe = self.config, self.config.recipe
        if asked(recipe) and config.resume_from is None:  # no minutes for what is refused anyway
            any_start = replace(recipe, noise="fresh", scale=1.0)
            self.comparison = Comparison(
                config.env, self.policy, config.steer, any_start, self._kwargs
            )
            with closing(self.comparison):
                self._check_budget()
        recipe, self._found = find_settings(
            recipe, config.env, self.policy, self._kwargs, self._tell, quick=config.quick
        )
        self.config = replace(config, recipe=recipe)
        return self.config

    def _begin(self) -> None:
        """Write down what is known at the start, in place of what another run has left."""
        config, folder, found = self.config, self.folder, self._found
        if self._begun is None:
            clear(folder, resumed=config.resume_from is not None)
        keep_base(folder, self._checkpoint, self._weights_hash)
        keep_golden(folder, self.policy, self.comparison.env.env)
        save_config(folder, config, self.policy)
        if found is not None:
            self._writing(CALIBRATION_FILE, lambda: write_json(folder / CALIBRATION_FILE, found))
        self._base_results = BaseResults(folder, self._weights_hash, self._say, self._writing)
        self._opened.enter_context(tracked(config, folder))
        steps = self.history.env_steps if self._begun else 0
        self.model.set_logger(
            open_curves(folder, run_name(config), steps, lambda text: self._writing.say(text))
        )
        self._opened.callback(self.model.logger.close)

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _check_budget(self) -> None:
        """Refuse a budget by which nothing would be learned."""
        config, env = self.config, self.comparison.env
        together = config.num_envs // 2 if config.overlap else config.num_envs
        if config.collect == "async":
            together *= COURSE
        pace = Pace(together, env.env.n_action_steps, episode_limit(env))
        check_budget(config.algo, config.recipe, config.total_env_steps, pace, self.history)

    def _make_agent(self, make_recorder: MakeRecorder | None) -> None:
        """Make the environments and the model, or restore them from a checkpoint."""
        config, recorded = self.config, self._people()
        if make_recorder is not None:
            facts = {"policy_sha256": self._weights_hash, "run": str(self.folder)}
            recorded["recorder"] = make_recorder(facts)
        self.envs = self._make_envs(self._kwargs | recorded)
        self.model = make_model(
            config.algo,
            config.recipe,
            self.envs,
            n_action_steps=self.comparison.env.env.n_action_steps,
            seed=config.seed,
            backend=config.backend,
        )
        buffer = getattr(self.model, "replay_buffer", None)
        if isinstance(buffer, ChunkReplayBuffer):
            buffer.success_reward = config.recipe.reward_scale
        if config.teleoperator is not None:
            self.corrections = learn_from_people(
                self.model,
                self.comparison.env.steering,
                config.takeover,
                bootstrap=config.takeover_bootstrap,
                unexplained=config.takeover_unexplained,
                seed=config.seed,
            )
        self._begun = None
        if config.resume_from is not None:
            self._begun = checkpoint.resume(self.folder, self.model, self.envs, self._say)
        if self._begun is not None:
            self.history = self._begun.history
            self.history.updates = self._begun.updates
            self._say(self._resumed_at())

    def _make_envs(self, env_kwargs: dict[str, Any]) -> ResumableVecEnv | CollectedEnvs:
        """Make the environments, that are stepped from here or that decide by themselves."""
        config = self.config
        cluster = Cluster(config.workers, config.ray_address) if config.vec == "ray" else None
        if config.collect == "async" and cluster is not None:
            return make_collected_envs(
                config.env,
                self.policy,
                config.recipe,
                steered=self.comparison.env,
                where=config.steer,
                num_envs=config.num_envs,
                seed=config.seed,
                cluster=cluster,
                max_age=config.max_age,
                env_kwargs=env_kwargs,
            )
        return make_training_envs(
            config.env,
            self.policy,
            config.steer,
            config.recipe,
            num_envs=config.num_envs,
            overlap=config.overlap,
            seed=config.seed,
            env_kwargs=env_kwargs,
            cluster=cluster,
        )

    def _people(self) -> dict[str, Any]:
        """Return who is beside the arm that the agent learns on, and no other: person and judge."""
        beside: dict[str, Any] = {}
        if self.config.judge is not None:
            beside = {"operator": "judge", "judge": self.config.judge}
        if self.config.teleoperator is not None:
            kwargs = settings(self.config.teleoperator_kwargs)
            beside |= {"teleoperator": self.config.teleoperator, "teleoperator_kwargs": kwargs}
        return beside

    def _resumed_at(self) -> str:
        done, budget = self.history.env_steps, self.config.total_env_steps
        if self._stopped_at is not None:
            return f"{self.folder} has finished. {self._stopped}"
        if done < budget:
            return f"{self.folder} goes on at {done:,} of {budget:,} environment steps."
        return (
            f"{self.folder} has finished: all of its {budget:,} environment steps are taken, and "
            "nothing more is learned. To go on, give more: --total-env-steps."
        )

    @property
    def _stopped_at(self) -> int | None:
        """Environment steps at which --stop-at was reached; None if it was not."""
        return self.history.passed(self.config.stop_at)

    @property
    def _stopped(self) -> str:
        results = dict(self.history.evaluations)
        low = results[self._stopped_at or 0].interval.low
        return (
            f"Training ends at {self._stopped_at:,} environment steps: the lower bound of the "
            f"success rate, {low:.3f}, has reached --stop-at {self.config.stop_at:g}. To go on, "
            "give a higher one, or --stop-at None."
        )

    @property
    def _budget(self) -> int:
        """Environment steps to take in all; no more where --stop-at was reached."""
        return self.config.total_env_steps if self._stopped_at is None else self.history.env_steps

    @property
    def _weights_hash(self) -> str | None:
        return getattr(self.policy, "weights_hash", None)

    @property
    def _test_seeds(self) -> range:
        return range(TEST_SEED, TEST_SEED + self.config.eval_episodes)

    @property
    def _validation_seeds(self) -> range:
        return range(VALIDATION_SEED, VALIDATION_SEED + self.config.validation_episodes)

"""Finetuning run: play the base policy, learn to steer it, hand the agent over, report, film."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from stable_baselines3.common.callbacks import BaseCallback, CallbackList

from zprl_env.envs.outcomes import told
from zprl_env.evaluation import EvaluationResult, ModelAgent, success_note
from zprl_env.files import RESULTS_FILE, RunFolderError, write_json
from zprl_env.training.agents import weights
from zprl_env.training.agents.critics.resets import Resets
from zprl_env.training.agents.prior import add_demonstrations
from zprl_env.training.collecting.ages import Ages
from zprl_env.training.learning import learn, rescued
from zprl_env.training.opened import OpenedRun
from zprl_env.training.run import checkpoint
from zprl_env.training.run.folder import CURVE_FILE, VIDEO_FILE
from zprl_env.training.run.history import HISTORY_FILE, REACHED
from zprl_env.training.run.interruption import Interruption
from zprl_env.training.run.kept import Kept, choose
from zprl_env.training.run.settings_file import resume_command
from zprl_env.training.watch import callbacks, film, report
from zprl_env.training.watch.curves import Curves, log_evaluation
from zprl_env.training.watch.outlook import correct, duration
from zprl_env.training.watch.telemetry import SteeringTelemetry
from zprl_env.vectorised.resumable import Place
from zprl_env.vectorised.workers import hurry


class Finetuning(OpenedRun):
    """One run of `train_sb3.py`, from its settings to its results.

    Its methods are the run's stages, in this order: :meth:`play_base_policy`, :meth:`learn`,
    :meth:`hand_over` and :meth:`film`.

    Attributes:
        kept: Which agent is handed over, and why, once one is.
    """

    kept: Kept
    _stage: Literal["before", "learning", "after"] = "before"
    _saved = False  # whether the last checkpoint is
    _best = b""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt) and self._stage != "learning":  # which tells itself
            kept = "Nothing was learned yet." if self._stage == "before" else "The agent is saved."
            if self._stage == "after" and not self._saved:
                kept = "What came after the last checkpoint is lost."
            self._say(f"{kept} Go on with: {self._again}")
        super().__exit__(kind, error, trace)

    @property
    def _again(self) -> str:
        return resume_command(self.folder)

    def play_base_policy(self) -> None:
        """Play the base policy on the test seeds and on the validation seeds, each once in a run.

        Its results are kept as soon as they are known, and not played again on resume.
        """
        kept, env = self._base_results, self.comparison.env
        self._say(f"chunks     {report.chunks_told(env.steering)}")
        if not self._evaluates:
            self._tell(
                "No evaluation: on a robot it is asked for, by --evaluate True, or afterwards by "
                "python -m real.play, with --run and without."
            )
            self._tell(f"Steering at: {self.config.steer}. {env.steering}.")
            return
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
        self._tell(f"Steering at: {self.config.steer}. {env.steering}.")
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
            if self.history.decisions == 0:
                steering, recipe = self.comparison.env.steering, self.config.recipe
                add_demonstrations(self.model, steering, recipe, self.config.seed, say)
            learn(
                self.model,
                self.config.recipe.warmup_decisions,
                self._budget,
                self.history,
                CallbackList(self._watching(progress, interruption)),
                self._begun and self._begun.generators,
                self.config.recipe.warmup_noise,
            )
            self._place = self.envs.place.left()
            self._save_last()
        self._writing.say, self._stage = self._say, "after"
        self.envs.close()

    def _watching(
        self, progress: callbacks.ProgressCallback, interruption: Interruption
    ) -> list[BaseCallback]:
        """Make the callbacks of every decision: progress, evaluation, checkpoints, telemetry."""
        history, config, say = self.history, self.config, progress.bar.write
        file = self._file_of_best

        def note(env_steps: int, result: EvaluationResult) -> None:
            say(f"{env_steps:>9,} env steps: {result} (validation)")
            if config.stop_at is not None and history.passed(config.stop_at) == env_steps:
                say(self._stopped)
            if history.best == env_steps:
                self._best = weights.weights_bytes(self.model)
                content = self._best
                self._writing(file.name, lambda: weights.write_weights(file, content))
            self._write_json(HISTORY_FILE, history.to_dict())

        evaluation = callbacks.EvaluationCallback(
            history,
            self.comparison.env,
            self._validation_seeds,
            config.eval_every,
            note,
            config.stop_at,
        )
        return [
            progress,
            Curves(history),
            *([evaluation] if self._evaluates else []),
            callbacks.CheckpointCallback(
                history,
                config.checkpoint_every,
                lambda: self._save(self.envs.place),
                interruption,
                say,
            ),
            SteeringTelemetry(env_steps=history.env_steps),
            *([Resets(history, config.recipe.reset_every)] if config.recipe.reset_every else []),
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
        history.follow_verdicts()
        if not self._saved:
            self._save_last()
        self.kept = choose(history, config.keep)
        if config.keep == "best" and history.best is not None:
            weights.load_weights(self._best or self._file_of_best, self.model)
        model, content = weights.weights_file(self.model), weights.weights_bytes(self.model)
        self._writing(model, lambda: weights.write_weights(self.folder / model, content))
        self.agent = ModelAgent(self.model)
        name = f"steered ({config.steer}, {config.algo})"
        if self._evaluates:
            self.comparison.play_steered(name, self.agent, self._test_seeds)
        # All of it before a word is said: whoever listens may be gone.
        self._write_json(HISTORY_FILE, history.to_dict())
        self._write_json(RESULTS_FILE, self._results())
        curve, results = self.folder / CURVE_FILE, self.comparison.results
        if results:
            self._writing(CURVE_FILE, lambda: report.draw_curve(curve, history, results))
            self._log_tests()
            report.print_table(results, self.comparison.difference, self.console, self._updates)
        if history.not_counted:
            self._tell(
                f"{told(history.not_counted)} episodes of training are not counted: they were "
                "stopped, aborted or cut off, which says nothing about the policy."
            )
        if history.by_person:
            self._tell(
                f"A person made {history.by_person:,} of {history.env_steps:,} environment steps, "
                f"in {history.helped} episodes, which are no successes of the agent."
            )
        if self.corrections is not None:
            self._tell(f"{self.corrections.expressed}.")
        if history.ages:
            self._tell(Ages(history.ages).told())
        self._tell(self.kept.reason)
        if not self._updates:
            self._say("The agent has learned nothing: it is the one that training began with.")

    @property
    def _evaluates(self) -> bool:
        """Whether episodes are played that nothing is learned from."""
        asked = self.config.evaluate
        return not self._in_real_time if asked is None else asked

    @property
    def _in_real_time(self) -> bool:
        return bool(getattr(self.comparison.env.unwrapped, "in_real_time", False))

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
            "stopped_early": self._stopped_at is not None,
            "episodes": len(history.episode_ends),
            "not_counted": history.not_counted,
            "seconds": history.seconds,
            "policy_sha256": self._weights_hash,
            **({"ages": Ages(history.ages).summary()} if history.ages else {}),
            "helped": history.helped,
            "by_person": history.by_person,
            **self._minutes(),
        }

    def _minutes(self) -> dict[str, Any]:
        """Return a robot's minutes, ways home left out, and what it took to reach success rates."""
        robot = self.comparison.env.unwrapped
        preset = getattr(robot, "preset", None)
        reached: dict[str, Any] = {f"{rate:g}": self.history.reached(rate) for rate in REACHED}
        if preset is None:
            return {"reached": reached}
        for price in (price for one in reached.values() for price in one.values() if price):
            price["robot_minutes"] = round(price["env_steps"] / preset.rate / 60.0, 2)
        minutes = self.history.env_steps / preset.rate / 60.0
        return {"reached": reached, "robot_minutes": round(minutes, 2)}

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
        if config.video and self.comparison.results and not self._in_real_time:
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
                film.write_film(self.folder / VIDEO_FILE, takes)
            except Exception as error:  # a run of hours does not fail for want of a renderer
                self._say(f"No film: {' '.join(str(error).split())}")
        self._say(
            f"{history.env_steps:,} env steps in {duration(history.seconds)}. "
            f"Results: {self.folder}"
        )
        self._writing.check(f"go on with: {self._again}")

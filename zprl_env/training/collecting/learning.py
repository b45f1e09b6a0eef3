"""Learning from a crew: store what has arrived, update, and ask for more with the newest agent."""

from __future__ import annotations

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.envs.outcomes import not_counted
from zprl_env.training.collecting.ages import Ages
from zprl_env.training.collecting.crew import Arrived
from zprl_env.training.collecting.envs import CollectedEnvs
from zprl_env.training.collecting.explorer import design_of, weights_of
from zprl_env.training.collecting.interleaved import AGE, SOURCE, VERSION, InterleavedReplayBuffer
from zprl_env.training.collecting.player import Played
from zprl_env.training.collecting.ratio import Ratio, check_max_age
from zprl_env.training.run.history import History
from zprl_env.vectorised.cluster.lost import lost_info

ROUND = 8
"""Updates between two looks at what has arrived."""
WAIT = 0.25
"""Time for which it is waited for when there is nothing to learn [s]."""


def learn_from_crew(model: OffPolicyAlgorithm, history: History, callback: BaseCallback) -> None:
    """Learn until a callback ends it, while a crew collects.

    Args:
        model: The agent, whose environments are :class:`CollectedEnvs`.
        history: What happened so far; ages are counted in it.
        callback: Told of what arrives, as of a step of so many environments.

    Raises:
        ConfigurationError: Nearly all decisions would be too old.
        SimulationError: An environment failed, or a worker dies again and again.
    """
    learner = Learner(model, history, callback)
    callback.init_callback(model)
    callback.on_training_start({"callback": callback}, {})
    learner.envs.crew.begin(
        design_of(model, learner.recipe), learner.envs.first_seed, learner.envs.next_episode
    )
    while learner.go_on():
        pass
    callback.on_training_end()


class Learner:
    """Turns of learning from a crew; :func:`learn_from_crew` takes them all."""

    def __init__(
        self,
        model: OffPolicyAlgorithm,
        history: History,
        callback: BaseCallback,
    ) -> None:
        """Prepare; no worker is asked yet.

        Args:
            model: The agent, whose environments are :class:`CollectedEnvs`.
            history: What happened so far.
            callback: Told of what arrives.
        """
        envs, buffer = model.get_env(), model.replay_buffer
        assert isinstance(envs, CollectedEnvs)
        assert isinstance(buffer, InterleavedReplayBuffer)
        self.model, self.envs, self.buffer = model, envs, buffer
        self.recipe, self.history, self.callback = envs.recipe, history, callback
        self.ages, self.ratio = Ages(history.ages), Ratio(envs.recipe, envs.crew.num_envs)
        per_episode = self.recipe.updates_per_episode
        learned = int(model._n_updates) // per_episode if per_episode else 0
        self.episodes_before = len(history.episode_ends) - learned
        self.max_age = check_max_age(envs.max_age, self.ratio)

    def go_on(self) -> bool:
        """Take a turn; tell whether to take another."""
        self.callback.on_rollout_start()
        owed = self._owed
        learning = self.history.decisions >= self.recipe.warmup_decisions
        if not self.ratio.holds(owed):
            updates = int(self.model._n_updates)
            weights = weights_of if learning else lambda model: b""
            self.envs.crew.ask(updates, lambda: weights(self.model), whole=self.envs.whole)
        for arrived in self.envs.crew.take(0.0 if owed > 0 else WAIT):
            if not self.note(arrived):
                return False
        owed = min(self._owed, ROUND)
        if owed > 0:
            self.model.train(gradient_steps=owed, batch_size=self.model.batch_size)
        return True

    @property
    def _owed(self) -> int:
        stored = self.history.decisions - self.ages.dropped
        if self.history.decisions < self.recipe.warmup_decisions:
            self.episodes_before = len(self.history.episode_ends)
        episodes = len(self.history.episode_ends) - self.episodes_before
        return self.ratio.owed(stored, episodes, int(self.model._n_updates))

    def note(self, arrived: Arrived) -> bool:
        """Store what a worker sent, or note its end; tell whether to go on."""
        if arrived.played is None:
            for source in arrived.sources:
                self.buffer.end(source)
                self.history.note_end(lost_info(None, arrived.reason))
            return True
        played, age = arrived.played, int(self.model._n_updates) - arrived.updates
        kept = age <= self.max_age
        for row, told in enumerate(played.infos):
            self.ages.note(age, len(told), kept=kept)
            for column, source in enumerate(arrived.sources):
                told[column] |= {SOURCE: source, VERSION: played.version, AGE: age}
                given_up = self.envs.whole and not_counted(played.infos[-1][column]) == "abort"
                if kept and not given_up:
                    self._store(played, row, column)
                else:
                    self.buffer.end(source)
            self.model.num_timesteps += len(told)
            self.callback.update_locals({"infos": told, "dones": played.dones[row]})
            if not self.callback.on_step():
                return False
        self.model.logger.record("collecting/age", self.ages.mean)
        self.model.logger.record("collecting/dropped", self.ages.dropped)
        return True

    def _store(self, played: Played, row: int, column: int) -> None:
        """Store one decision of one environment."""
        at = (row, slice(column, column + 1))
        self.buffer.add(
            played.observations[at],
            played.following[at],
            played.actions[at],
            played.rewards[at],
            played.dones[at],
            [played.infos[row][column]],
        )

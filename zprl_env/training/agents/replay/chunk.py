"""Replay buffer with n-step targets and each chunk's own discount, by the steps it really took."""

from __future__ import annotations

from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from policies.finite import all_finite
from zprl_env.envs.outcomes import OUTCOME, interrupted, not_counted, succeeded
from zprl_env.envs.takeover import POLICY, Hands, hands_in
from zprl_env.errors import ConfigurationError, SimulationError
from zprl_env.training.agents.replay.verdicts import StoredVerdicts
from zprl_env.training.settings.memory import check_memory
from zprl_env.vectorised.cluster.lost import known_only, lost_columns

CUT, BY_PERSON = 1, 2
"""Marks of rows: the episode went on in a person's hands, and the decision was a person's."""


class Corrected(Protocol):
    """Collector of the decisions of people; see `zprl_env.training.agents.takeover`."""

    def note(self, observation: Any, following: Any, reward: float, over: bool, *rest: Any) -> None:
        """Note a decision that a person had a hand in."""
        ...

    def forget(self) -> None:
        """Forget the episode."""
        ...

    def take(self) -> list[tuple[Any, np.ndarray, bool]]:
        """Return those of the episode that are to be learned from."""
        ...


class ChunkReplayBuffer(ReplayBuffer):
    """Replay buffer of decisions with n-step targets and each decision's own discount.

    A decision that executes k environment steps discounts what follows by gamma^k. Over n
    decisions the target is

        r_0 + d_0 r_1 + d_0 d_1 r_2 + ... + (d_0 ... d_{n-1}) Q(s_n),    d_i = gamma^(k_i),

    cut at the first end of an episode. A chunk that a time limit cut short is so bootstrapped with
    its own exponent, where a fixed ``gamma ** n_action_steps`` would be wrong.

    Where a person takes the arms, as ``info["takeover"]`` tells, the agent's trajectory ends: what
    the person does is not stored as the agent's action, and what comes of it is not credited to it.
    With `corrections` what the person did enters once the episode is over, as the perturbations
    that express it, and is marked.

    Attributes:
        marks: `CUT` of the agent's last decision before a takeover, `BY_PERSON` of a person's; else
            0. Shape ``(rows, environments)``, uint8.
        corrections: What collects a person's decisions; None leaves them out.
        success_reward: What the last step of a success gives more than that of anything else, by
            which a verdict that people change later counts.
        takeover_bootstrap: Whether the last decision before a takeover looks on, as at a time
            limit; or nothing follows it.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any],
        *args: Any,
        gamma: float,
        n_steps: int = 1,
        success_share: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Add to Stable-Baselines3's arguments.

        Args:
            buffer_size: Stable-Baselines3's, as are the spaces.
            observation_space: What the agent sees.
            action_space: What it does.
            *args: Stable-Baselines3's others.
            gamma: Discount per environment step.
            n_steps: Decisions n of the target.
            success_share: Share of a sample that is drawn from episodes that succeeded, as soon as
                there is one; 0 draws from all alike.
            **kwargs: Stable-Baselines3's.

        Raises:
            ConfigurationError: It would take more memory than there is.
        """
        self.pos = 0
        check_memory(buffer_size, observation_space, action_space)
        super().__init__(buffer_size, observation_space, action_space, *args, **kwargs)
        self.gamma = gamma
        self.n_steps = n_steps
        self.success_share = success_share
        self.discounts = np.ones((self.buffer_size, self.n_envs), np.float32)
        self.succeeded = np.zeros((self.buffer_size, self.n_envs), bool)
        self.marks = np.zeros((self.buffer_size, self.n_envs), np.uint8)
        self.corrections: Corrected | None = None
        self.takeover_bootstrap = True
        self.success_reward = 1.0
        self._verdicts = StoredVerdicts()

    def add(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Store one decision of every environment; ``infos`` carry ``env_steps``.

        Raises:
            SimulationError: A number of it is not finite, and would spoil the agent.
        """
        parts = {"observation": obs, "next observation": next_obs, "action": action}
        for name, part in (parts | {"reward": np.asarray(reward)}).items():
            if not all_finite(np.asarray(part, np.float32)):
                raise SimulationError(
                    f"Expected a finite {name} to learn from. Got: NaN or infinity in decision "
                    f"{self.size() + 1} of the replay buffer."
                )
        hands = self._hands(infos)
        lost = not_counted(infos[0])
        if self.n_envs == 1 and done[0] and (lost is not None or interrupted(infos[0])):
            self._lose_episode(whole=lost == "abort")
            return
        if hands is None or hands.whose == POLICY:
            self._store(obs, next_obs, action, reward, done, infos)
            if hands is not None and hands.taken and not done[0]:
                self._cut()
        else:
            self._cut()
            if self.corrections is not None:
                first = obs[0], next_obs[0], float(reward[0]), bool(done[0])
                self.corrections.note(*first, infos[0], hands)
        if hands is not None and done[0]:
            self._store_corrections()
        self._verdicts.follow(self)

    def _hands(self, infos: list[dict[str, Any]]) -> Hands | None:
        """Return whose hands a decision was in, where a person can take the arms."""
        if self.n_envs == 1:
            return hands_in(infos[0])
        if any(hands_in(info) is not None for info in infos):
            raise ConfigurationError(
                f"A person can take the arms of one robot alone. Got: {self.n_envs} environments. "
                "Try --num-envs 1."
            )
        return None

    def _store(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
        mark: int = 0,
    ) -> None:
        """Store one decision of every environment in the next row."""
        if lost := lost_columns(infos):
            end_trajectories(self, lost)
            left = known_only(lost, (obs, next_obs, action, reward, done), infos)
            if left is None:
                return
            (obs, next_obs, action, reward, done), infos = left
        row = self.pos
        self.succeeded[row], self.marks[row] = False, mark
        self.discounts[row] = [self.gamma ** info["env_steps"] for info in infos]
        super().add(obs, next_obs, action, reward, done, infos)
        if lost:  # nor do the copies go on
            end_trajectories(self, lost)
        if self.n_envs == 1:
            self._verdicts.note(row, bool(done[0]), infos[0])
        for column in np.flatnonzero(done):
            if succeeded(infos[column]):
                self.mark_episode(row, column, True)

    def mark_episode(self, row: int, column: int, success: bool) -> None:
        """Mark the rows of the episode that ends in a row as those of a success, or not."""
        self.succeeded[self._episode(row, column), column] = success

    def _cut(self) -> None:
        """End the agent's trajectory where a person's hand came."""
        last = (self.pos - 1) % self.buffer_size
        if self.size() and not self.dones[last, 0]:
            self.dones[last], self.marks[last] = 1.0, CUT
            self.timeouts[last] = float(self.takeover_bootstrap)

    def _store_corrections(self) -> None:
        """Store what a person did in the episode that is over, as trajectories of their own."""
        for made, action, goes_on in () if self.corrections is None else self.corrections.take():
            success, cut = bool(made.over and succeeded(made.info)), not goes_on and not made.over
            ended = bool(made.info.get("TimeLimit.truncated", False)) if made.over else cut
            info = {
                "env_steps": made.info["env_steps"],
                "is_success": success,
                "TimeLimit.truncated": ended,
                OUTCOME: made.info.get(OUTCOME) if made.over else None,
            }
            self._store(
                made.observation[None],
                made.following[None],
                action[None],
                np.array([made.reward]),
                np.array([made.over or cut]),
                [info],
                BY_PERSON,
            )

    def _lose_episode(self, *, whole: bool) -> None:
        """Leave out the decision in which an episode was stopped or cut off, or all of its episode.

        What an arm did until it was stopped is true, and stays; the decision during which it was
        stopped was not carried out. An episode that its operator discards is left out as a whole.
        """
        if self.corrections is not None and whole:
            self.corrections.forget()
        elif self.corrections is not None:
            self._store_corrections()
        if whole and self.size() and not self._ends((self.pos - 1) % self.buffer_size, 0):
            rows = len(self._episode((self.pos - 1) % self.buffer_size, 0, through_cuts=True))
            if not self.full:
                rows = min(rows, self.pos)
            self.pos = (self.pos - rows) % self.buffer_size
        elif self.size():
            end_trajectories(self)

    def _ends(self, row: int, column: int) -> bool:
        """Tell whether an episode ends in a row, and did not go on in a person's hands."""
        return bool(self.dones[row, column]) and self.marks[row, column] != CUT

    def _episode(self, row: int, column: int, *, through_cuts: bool = False) -> list[int]:
        """Find the rows of the episode that ends in a row, as far as they are still stored.

        Args:
            row: Its last one.
            column: The environment.
            through_cuts: Go on through takeovers, beyond which nothing led to the end.
        """
        rows = [row]
        for back in range(1, self.size()):
            before = (row - back) % self.buffer_size
            if self._ends(before, column) if through_cuts else self.dones[before, column]:
                break
            rows.append(before)
        return rows

    def _windows(self, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the rows of n decisions in a row, and behind which of them nothing follows.

        Args:
            first: Rows of the first ones. Shape ``(B,)``.

        Returns:
            Rows, and whether nothing that follows is stored. Shape ``(B, n_steps)``, both.
        """
        rows = (first[:, None] + np.arange(self.n_steps)) % self.buffer_size
        # What lies behind the newest decision is older than it, or empty.
        return rows, rows == (self.pos - 1) % self.buffer_size

    def _get_samples(
        self, batch_inds: np.ndarray, env: VecNormalize | None = None
    ) -> ReplayBufferSamples:
        # As in Stable-Baselines3, whose seeding governs numpy's global generator.
        columns = np.random.randint(0, self.n_envs, size=len(batch_inds))  # noqa: NPY002
        count = round(self.success_share * len(batch_inds))
        if count and len(good := np.argwhere(self.succeeded[: self.size()])):
            chosen = good[np.random.randint(0, len(good), size=count)]  # noqa: NPY002
            batch_inds[:count], columns[:count] = chosen.T
        steps = np.arange(self.n_steps)
        rows, ends = self._windows(batch_inds)
        window = (rows, columns[:, None])
        stops = (self.dones[window] > 0) | ends
        last = np.where(stops.any(axis=1), stops.argmax(axis=1), self.n_steps - 1)
        decay = np.cumprod(self.discounts[window], axis=1)
        weights = np.concatenate([np.ones_like(decay[:, :1]), decay[:, :-1]], axis=1)
        rewards = self._normalize_reward(self.rewards[window], env) * weights
        first, final = (batch_inds, columns), (rows[np.arange(len(rows)), last], columns)
        data = (
            self._normalize_obs(self.observations[first], env),
            self.actions[first],
            self._normalize_obs(self.next_observations[final], env),
            (self.dones[final] * (1.0 - self.timeouts[final]))[:, None],
            np.sum(rewards * (steps <= last[:, None]), axis=1, keepdims=True),
            np.take_along_axis(decay, last[:, None], axis=1),
        )
        # Gathering has copied them already.
        return ReplayBufferSamples(*(self.to_torch(array, copy=False) for array in data))


def end_trajectories(buffer: ReplayBuffer, columns: list[int] | None = None) -> None:
    """End the stored trajectories, so that n-step targets do not run on into the next ones.

    Environments that are reset before their episode is over leave decisions whose successor is
    of another episode; their targets bootstrap there, as after a time-out.

    Args:
        buffer: A buffer whose next decision does not follow from its last one.
        columns: Environments; all if not given.
    """
    if (end_all := getattr(buffer, "end_all", None)) is not None:
        end_all()
    elif buffer.size() > 0:
        last = (buffer.pos - 1, slice(None) if columns is None else columns)
        buffer.timeouts[last] = np.where(buffer.dones[last] > 0, buffer.timeouts[last], 1.0)
        buffer.dones[last] = 1.0

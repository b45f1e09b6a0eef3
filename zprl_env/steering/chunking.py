"""Action chunks: a wrapper that executes several actions as one step; the only loop of steps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded

from policies.finite import all_finite
from policies.success import reported
from zprl_env.ahead.beat import Beat, Turn, always
from zprl_env.ahead.committed import AHEAD
from zprl_env.ahead.spent import Spent
from zprl_env.ahead.stretch import Stretch, seam
from zprl_env.envs.cameras.lazy import lazy_pictures, whole
from zprl_env.envs.conditions import check_single
from zprl_env.envs.episodes import POLICY_SEED
from zprl_env.envs.flat import ordered_keys
from zprl_env.envs.observation.history import history_in
from zprl_env.envs.observation.statistics import has_moving_statistics
from zprl_env.envs.takeover import TAKEOVER, Audience, hands_of
from zprl_env.errors import ConfigurationError, InvalidActionError, PolicyMismatchError
from zprl_env.meaning.rate import control_rate
from zprl_env.steering.finiteness import check_observation, check_step
from zprl_env.task import Facts
from zprl_env.tasks import facts_of


def reported_success(info: Mapping[str, Any]) -> bool | None:
    """Read an environment's report of success, under the first of `policies.success.SUCCESS`.

    >>> reported_success({"success": 1.0}), reported_success({"is_success": False, "success": 1.0})
    (True, False)
    >>> reported_success({"succeed": True}), reported_success({})
    (True, None)
    """
    said = reported(info)
    return None if said is None else bool(said)


class ActionChunkWrapper(
    gym.Wrapper[Any, np.ndarray, Any, np.ndarray], gym.utils.RecordConstructorArgs
):
    """Wrapper that turns an environment of single actions into one of action chunks.

    One step executes up to ``n_action_steps`` actions, clipped to the environment's bounds. It
    stops at the first ``terminated`` or ``truncated`` and reports that flag alone. The reward is
    ``sum_i gamma^i r_i`` over the actions that were executed, so an agent that learns on chunks
    discounts by ``gamma ** n_action_steps`` (:attr:`discount`).

    ``info`` is the last action's, with these added:

    * ``env_steps``: how many actions were executed.
    * ``is_success``: whether the environment has reported ``is_success``, or another name of
      `policies.success.SUCCESS`, at any step of the episode so far. An episode that has succeeded
      once is a success, whatever comes after; an environment that reports none never succeeds.
    * ``clipped_actions``: share of the executed actions' numbers that lay outside of the
      environment's bounds, by more than 1 % of their range, and were clipped.
    * ``takeover``, where a person can take the arms: whose the actions were, as
      :class:`zprl_env.envs.takeover.Hands`. A chunk is cut where the arms change hands.

    That of ``reset`` has ``policy_seed`` wherever the environment was seeded, by this ``reset`` or
    before it: what the policy's own generator starts from.

    With a ``delay`` of d the next chunk is decided ahead, while the last d actions of this one are
    executed. It is decided from the observation before them, so its first d actions are theirs: it
    goes on where they ended, by count. One step is then the d actions that the chunk before has
    left and n - d of this one, of which d are left in turn. An end among them is this step's.
    ``info["ahead"]`` tells of it: ``docs/robot/ahead.md`` has its keys.

    An environment with cameras takes its pictures once per chunk, of the state at its end; in
    between only a wrapper that looks at one has it taken, such as the last steps of a history.

    ``metadata["render_fps"]`` is that of chunks, so that a film of one frame per chunk plays at the
    simulation's speed.

    Attributes:
        reports_success: Whether the environment has reported either so far.

    Example:
        >>> import gymnasium as gym
        >>> from zprl_env import ActionChunkWrapper
        >>> env = ActionChunkWrapper(gym.make("Pendulum-v1"), n_action_steps=4, gamma=0.99)
        >>> env.action_space.shape
        (4, 1)
        >>> _ = env.reset(seed=0)
        >>> *_, info = env.step(env.action_space.sample())
        >>> info["env_steps"], info["is_success"]
        (4, False)
    """

    def __init__(
        self,
        env: gym.Env,
        n_action_steps: int,
        gamma: float = 0.99,
        delay: int | None = None,
    ) -> None:
        """Wrap an environment.

        Args:
            env: Environment whose action space is a one-dimensional ``Box``.
            n_action_steps: Number of actions in a chunk, at least 1.
            gamma: Discount per environment step, in (0, 1].
            delay: Actions that are executed while the next chunk is decided; 0 waits for it. None
                is what the environment declares by an attribute ``delay``, and else 0.

        Raises:
            PolicyMismatchError: The action space is not a one-dimensional ``Box``, or this is no
                single environment.
            ConfigurationError: ``n_action_steps``, ``gamma`` or ``delay`` is out of range.
        """
        check_single(env, "ActionChunkWrapper")
        if not isinstance(env.action_space, gym.spaces.Box) or len(env.action_space.shape) != 1:
            raise PolicyMismatchError(
                f"Expected an environment with a one-dimensional Box action space. "
                f"Got: {env.action_space}. Flatten or rescale its actions first."
            )
        if n_action_steps < 1:
            raise ConfigurationError(f"n_action_steps must be at least 1. Got: {n_action_steps}.")
        delay = int(getattr(env.unwrapped, "delay", 0)) if delay is None else delay
        if not 0 <= delay <= n_action_steps:
            raise ConfigurationError(
                f"delay must be from 0 to n_action_steps, here {n_action_steps}: what is committed "
                f"is of one chunk. Got: {delay}."
            )
        gym.utils.RecordConstructorArgs.__init__(
            self, n_action_steps=n_action_steps, gamma=gamma, delay=delay
        )
        super().__init__(env)
        self._n_action_steps, self.delay = n_action_steps, delay
        self._note_plan = getattr(env.unwrapped, "note_plan", None)  # a robot's, for whoever looks
        self._shared = hasattr(getattr(env.unwrapped, TAKEOVER, None), "by_person")
        self._audience = Audience()
        self._beat, self._stretch = Beat(env, ahead=delay > 0), Stretch()
        self.gamma = gamma
        self._low, self._high = env.action_space.low, env.action_space.high
        self._beyond = _beyond(self._low, self._high)
        self.metadata = chunk_metadata(env.metadata, n_action_steps)
        self._seeded_by: object = None
        self._succeeded = False
        self._needs_reset = True
        self._steps = self._underruns = self._dropped = 0
        self._history = history_in(env)
        self.reports_success = False
        self.action_space = gym.spaces.Box(
            np.tile(self._low, (n_action_steps + delay, 1)),
            np.tile(self._high, (n_action_steps + delay, 1)),
            dtype=env.action_space.dtype.type,
        )

    @property
    def n_action_steps(self) -> int:
        """Number of actions in a chunk."""
        return self._n_action_steps

    @n_action_steps.setter
    def n_action_steps(self, value: int) -> None:
        raise ConfigurationError(
            f"n_action_steps is fixed when environments are made, here to {self._n_action_steps}. "
            f"Got: {value}. Make another environment."
        )

    @property
    def gamma(self) -> float:
        """Discount per environment step, in (0, 1]."""
        return self._gamma

    @gamma.setter
    def gamma(self, value: float) -> None:
        if not 0.0 < value <= 1.0:
            raise ConfigurationError(f"gamma must be in (0, 1]. Got: {value}.")
        self._gamma = value
        # One more than a chunk has: where the next one is late for a stop, it is asked once more.
        self._discounts = (value ** np.arange(self._n_action_steps + 1)).tolist()

    @property
    def spent(self) -> Spent:
        """Time that was spent since the last observation, by whom; a policy's owner adds its."""
        return self._beat.spent

    @property
    def env_args(self) -> dict[str, Any] | None:
        """Description of the environment inside, in the form of robomimic's; None if unknown."""
        own: dict[str, Any] | None = getattr(self.unwrapped, "env_args", None)
        spec = self.unwrapped.spec
        if own is None and spec is not None:
            return {"env_name": spec.id, "env_kwargs": dict(spec.kwargs)}
        return own

    @property
    def control_rate(self) -> float | None:
        """Steps per second of the environment inside; None if it does not say."""
        return control_rate(self.env)

    @property
    def ordered_keys(self) -> dict[str, int] | None:
        """Names and sizes of the flat observation's parts, in order; None if nothing says so."""
        return ordered_keys(self.env)

    @property
    def moving_statistics(self) -> bool:
        """Whether observations are normalised by statistics that go on changing."""
        return has_moving_statistics(self.env)

    @property
    def picture_settings(self) -> Any:
        """Settings of the environment's pictures; None if it takes none or does not say."""
        return getattr(self.unwrapped, "picture_settings", None)

    @property
    def facts(self) -> Facts:
        """Scale, noise, discount and chunk of the environment's task."""
        return facts_of(self.env)

    @property
    def discount(self) -> float:
        """The discount of a whole chunk, ``gamma ** n_action_steps``."""
        return float(self.gamma**self.n_action_steps)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode; see :meth:`gymnasium.Env.reset`."""
        self._beat.drop()
        observation, info = self.env.reset(seed=seed, options=options)
        self._stretch = Stretch()
        self._beat.begin(None)
        self._steps = self._underruns = self._dropped = 0
        self._needs_reset = self._succeeded = False
        generator = getattr(self.unwrapped, "_np_random", None)
        if generator is not self._seeded_by:  # seeded: by this call, or since the reset before it
            self._seeded_by = generator
            own = self.unwrapped.np_random_seed if seed is None else seed
            seed = own if own is not None and own >= 0 else None
        if seed is not None:
            # An environment that was never given one has drawn 128 bits, and vectorised ones put
            # infos into arrays of 64.
            info = {**info, POLICY_SEED: int(seed) % 2**62}
        return observation, info

    def step(self, action: np.ndarray) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Execute a chunk.

        Args:
            action: The chunk. Shape ``(n_action_steps + delay, A)``, in the environment's units.

        Returns:
            The last observation, the discounted reward of the chunk, the first end that was met
            (``terminated`` and ``truncated`` are the environment's own) and ``info``.

        Raises:
            InvalidActionError: The chunk has another shape or is not finite.
            SimulationError: A reward, a report of success or the observation is not finite.
            gymnasium.error.ResetNeeded: The episode is over or was never started.
        """
        chunk = self._checked(action)
        if self._note_plan is not None:
            self._note_plan(chunk)
        stretch, self._stretch = self._stretch, Stretch()
        self._beat.finish()  # the committed actions, which were executed meanwhile
        begin, late = stretch.steps, self._beat.is_stale
        before = stretch.last
        if not stretch.over:
            # After a stop or a takeover the environment is asked once what has become of it.
            rows = chunk[begin:][:1] if late else chunk[begin : self._n_action_steps]
            self._execute(stretch, rows, always)
        observation = whole(stretch.observation)
        check_observation(observation, self._steps)
        taken = self._beat.is_stale
        whole_chunk = not (late or taken) and stretch.steps == self._n_action_steps
        info = {
            **stretch.info,
            "env_steps": stretch.steps,
            "is_success": self._succeeded,
            "clipped_actions": stretch.outside / (stretch.steps * self._low.size),
        }
        hands = hands_of(stretch.hands, cut=taken or late, expected=self._shared)
        self._audience.tell(hands)
        if hands is not None:
            info[TAKEOVER] = hands
        if self.delay:
            goes_on = whole_chunk or (stretch.truncated and not late)  # but for the time limit
            told = {
                "committed": self.delay if goes_on and not stretch.terminated else 0,
                "steered": stretch.steps - begin,
                "seam": seam(before, chunk[begin:]),
            }
            info[AHEAD] = told | self._counted(late)
        work = None
        if self.delay and whole_chunk and not stretch.over:
            committed = chunk[self._n_action_steps :]
            work = partial(self._execute, self._stretch, committed)
        self._beat.begin(work)
        return observation, stretch.reward, stretch.terminated, stretch.truncated, info

    def _checked(self, action: np.ndarray) -> np.ndarray:
        """Check a chunk's shape and numbers."""
        chunk = np.asarray(action)
        if chunk.shape != self.action_space.shape:
            raise InvalidActionError(
                f"Expected an action chunk of shape {self.action_space.shape} "
                f"(n_action_steps{' + delay' if self.delay else ''}, action_dim). "
                f"Got: {chunk.shape}."
            )
        if not all_finite(chunk):
            raise InvalidActionError("Expected a finite action chunk. Got: NaN or infinity in it.")
        if self._needs_reset and not self._stretch.over:
            raise ResetNeeded("The episode is over or was never started: call reset() first.")
        return chunk

    def _execute(self, stretch: Stretch, actions: np.ndarray, turn: Turn) -> None:
        """Execute actions, until the episode ends or a turn may not be taken any more."""
        low, high = self._beyond
        inside = np.minimum(np.maximum(actions, self._low), self._high)
        outside = ((actions < low) | (actions > high)).sum(axis=1).tolist()
        with lazy_pictures(self.env):
            for single, beyond in zip(inside, outside, strict=True):
                if self._history is not None:
                    self._history.look(stretch.steps >= self._n_action_steps - self._history.steps)
                stretch.observation = None  # one that somebody keeps has its pictures taken
                with turn() as mine:
                    if not mine:
                        return
                    stretch.observation, reward, *ends, stretch.info = self.env.step(single)
                self._steps += 1
                check_step(reward, stretch.info, self._steps)
                stretch.reward += self._discounts[stretch.steps] * float(reward)
                stretch.steps += 1
                stretch.last = single
                stretch.hands.append(stretch.info.get(TAKEOVER, {}))
                stretch.outside += beyond
                success = reported_success(stretch.info)
                if success is not None:
                    self.reports_success = True
                    self._succeeded = self._succeeded or success
                stretch.terminated, stretch.truncated = map(bool, ends)
                if stretch.over:
                    self._needs_reset = True
                    return
                if self._beat.is_stale:  # somebody took over: the rest is of another state
                    return

    def _counted(self, late: bool) -> dict[str, Any]:
        """Count what a decision made ahead was late for, and say who was late."""
        beat = self._beat
        self._underruns += beat.held > 0
        self._dropped += late
        return {
            "delay": self.delay,
            "held": beat.held,
            "late": round(beat.late, 4),
            "because_of": beat.spent.most[0] if beat.held else "",
            "needed": beat.latency.needed,
            "underruns": self._underruns,
            "dropped": self._dropped,
        }

    def close(self) -> None:
        """Close the environment; nothing is executed any more."""
        self._beat.drop()
        super().close()


def chunk_metadata(metadata: Mapping[str, Any], n_action_steps: int) -> dict[str, Any]:
    """Return an environment's metadata with the frame rate of chunks.

    >>> chunk_metadata({"render_fps": 20}, 8), chunk_metadata({}, 8)
    ({'render_fps': 2.5}, {})
    """
    fps = metadata.get("render_fps")
    if not isinstance(fps, int | float):
        return dict(metadata)
    rate = fps / n_action_steps
    return {**metadata, "render_fps": int(rate) if rate == int(rate) else rate}


def _beyond(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds, wider by 1 % of their range: what is beyond them was clipped in earnest.

    Policies overshoot by less than that wherever demonstrations touch a bound.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        span = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    margin = 0.01 * np.where(np.isfinite(span), span, 1.0)
    return low - margin, high + margin

"""Evaluate a steered environment: play seeded episodes and count successes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np

from policies.progress import progress_bar
from zprl_env.envs.outcomes import not_counted, succeeded, told
from zprl_env.envs.takeover import hands_in, helped
from zprl_env.errors import ConfigurationError
from zprl_env.success_rates import Interval, wilson_interval

VALIDATION_SEED = 1_000_000
"""First seed of the episodes that training looks at."""

TEST_SEED = 1_800_000
"""First seed of the episodes that results are reported on and nothing is chosen by."""

BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
"""Progress bar that has room for the success rate in a terminal of 80 columns."""

Agent = Callable[[np.ndarray], np.ndarray]
"""Function from one observation of the steered environment to one action in [-1, 1]."""


@runtime_checkable
class RememberingAgent(Protocol):
    """An agent whose action follows from all of an episode's observations."""

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """Map an observation, and those before it, to an action."""
        ...

    def begin_episode(self) -> None:
        """Forget the last episode: the next observation is the first of another one."""
        ...


@runtime_checkable
class Model(Protocol):
    """A model of Stable-Baselines3's interface."""

    def predict(
        self, observation: Any, state: Any = None, *, deterministic: bool = False
    ) -> tuple[Any, Any]:
        """Map an observation and a state to an action and the next state."""
        ...

    def get_env(self) -> Any:
        """Return what the model learns in."""
        ...


class ModelAgent:
    """Agent that takes a model's deterministic action; one with an LSTM remembers its episode.

    It is a :class:`RememberingAgent`.
    """

    def __init__(self, model: Model) -> None:
        """Act for a model, from the beginning of an episode."""
        self._model = model
        self.begin_episode()

    def begin_episode(self) -> None:
        """Forget the last episode: the next observation is the first of another one."""
        self._state: tuple[np.ndarray, ...] | None = None

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """Return the action for an observation of the steered environment."""
        # Where there is no state yet, it begins with zeros, as an episode does.
        action, self._state = self._model.predict(observation, self._state, deterministic=True)
        return np.asarray(action)


@dataclass(frozen=True)
class EvaluationResult:
    """Outcome of N seeded episodes.

    Attributes:
        seeds: Seed of each episode. Shape ``(N,)``.
        successes: Whether it succeeded. Shape ``(N,)``, bool.
        lengths: Its length in environment steps. Shape ``(N,)``.
        returns: Sum of its rewards, as the task gives them. Shape ``(N,)``; empty if not known.
        not_counted: Episodes besides, by outcome, that say nothing about the policy: stopped,
            aborted or cut off on a robot.
        helped: Episodes in which a person had the arms; they are no successes of the policy.
    """

    seeds: np.ndarray = field(repr=False)
    successes: np.ndarray = field(repr=False)
    lengths: np.ndarray = field(repr=False)
    returns: np.ndarray = field(repr=False, default_factory=lambda: np.zeros(0))
    not_counted: Mapping[str, int] = field(default_factory=dict)
    helped: int = 0

    @property
    def episodes(self) -> int:
        """Number of episodes N."""
        return len(self.seeds)

    @property
    def success_rate(self) -> float:
        """Fraction of episodes that succeeded; NaN if there are none that count."""
        return float(self.successes.mean()) if self.episodes else float("nan")

    @property
    def interval(self) -> Interval:
        """Wilson 95 % interval of the success rate."""
        if not self.episodes:
            return Interval(0.0, 1.0)
        return wilson_interval(int(self.successes.sum()), self.episodes)

    @property
    def mean_length(self) -> float:
        """Mean episode length in environment steps."""
        return float(self.lengths.mean()) if self.episodes else float("nan")

    @property
    def mean_reward(self) -> float:
        """Mean sum of rewards of an episode, NaN if it is not known."""
        return float(self.returns.mean()) if self.returns.size else float("nan")

    def __str__(self) -> str:
        low, high = self.interval
        more = f", {self.helped} of them with a person's help" if self.helped else ""
        more += f", {told(self.not_counted)} not counted" if self.not_counted else ""
        rate = f"{self.success_rate:.2f} [{low:.2f}, {high:.2f}]"
        return f"{rate} over {self.episodes} episodes{more}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {
            "episodes": self.episodes,
            "success_rate": self.success_rate,
            "wilson_95": list(self.interval),
            "mean_length": self.mean_length,
            "seeds": self.seeds.tolist(),
            "successes": self.successes.astype(int).tolist(),
            "lengths": self.lengths.tolist(),
            **({"returns": self.returns.tolist()} if self.returns.size else {}),
            **({"not_counted": dict(self.not_counted)} if self.not_counted else {}),
            **({"helped": self.helped} if self.helped else {}),
        }


def evaluate(
    env: gym.Env,
    agent: Agent | Model | None,
    seeds: Iterable[int],
    on_episode: Callable[[bool], object] | None = None,
) -> EvaluationResult:
    """Play one episode per seed.

    Args:
        env: A steered environment, whose ``info`` has ``env_steps`` and ``is_success``. If there is
            Stable-Baselines3's ``Monitor`` below the steering, rewards are summed as well.
        agent: The agent: a function, or a model of Stable-Baselines3, whose deterministic actions
            are taken; ``None`` is the base policy (zero actions). A :class:`RememberingAgent` is
            told when an episode begins.
        seeds: Seed of each episode.
        on_episode: Called with each episode's success, for progress.

    Returns:
        Successes and lengths, in the order of the seeds.

    Raises:
        ConfigurationError: The agent is neither.
    """
    zero = np.zeros(env.action_space.shape or (), np.float32)
    if isinstance(agent, Model):
        agent = ModelAgent(agent)
    if not (agent is None or callable(agent)):
        raise ConfigurationError(
            "agent must be a function of an observation, a model of Stable-Baselines3, or None for "
            f"the base policy. Got: {type(agent).__name__}."
        )
    played = list(seeds)
    ends: list[tuple[int, dict[str, Any], int]] = []
    for seed in played:
        observation, _ = env.reset(seed=int(seed))
        if isinstance(agent, RememberingAgent):
            agent.begin_episode()
        steps, over, info = 0, False, dict[str, Any]()
        while not over:
            action = zero if agent is None else agent(observation)
            observation, _, terminated, truncated, info = env.step(action)
            hands_in(info)  # asked for: episodes in which a person helped are counted apart
            steps += info["env_steps"]
            over = terminated or truncated
        ends.append((seed, info, steps))
        if on_episode is not None:
            on_episode(bool(info["is_success"]))
    return _result(ends)


def _result(ends: Sequence[tuple[int, dict[str, Any], int]]) -> EvaluationResult:
    """Count episodes by their seeds, last infos and lengths; a verdict may have changed since."""
    lost = Counter(outcome for _, info, _ in ends if (outcome := not_counted(info)) is not None)
    counted = [(seed, info, steps) for seed, info, steps in ends if not_counted(info) is None]
    sums = [info["episode"] for _, info, _ in counted if isinstance(info.get("episode"), dict)]
    returns = [float(episode["r"]) for episode in sums]  # of a Monitor below the steering
    return EvaluationResult(
        np.array([seed for seed, _, _ in counted]),
        np.array([succeeded(info) and not helped(info) for _, info, _ in counted], bool),
        np.array([steps for _, _, steps in counted]),
        np.array(returns if len(returns) == len(counted) else [], float),
        dict(lost),
        sum(helped(info) for _, info, _ in counted),
    )


def success_note(env: gym.Env, name: str) -> str | None:
    """Note that an environment reports no success; None if it does.

    Its episodes all count as failed, so that what tables compare and ``--keep best`` chooses by is
    empty, while an agent still learns from the reward.

    Args:
        env: A steered environment that has played at least one episode.
        name: What to call it.
    """
    if env.get_wrapper_attr("reports_success"):
        return None
    return (
        f"{name} reports no success: no info of its steps has is_success, success or succeed, so "
        "every episode counts as failed. Agents learn from its reward all the same. To measure "
        'success, put info["is_success"] into what its step returns.'
    )


def play(
    name: str, env: gym.Env, agent: Agent | Model | None, seeds: Sequence[int]
) -> EvaluationResult:
    """Play one episode per seed, as :func:`evaluate` does, and show it.

    Args:
        name: What the progress bar says.
        env: A steered environment.
        agent: The agent; ``None`` is the base policy.
        seeds: Seed of each episode.

    Returns:
        Successes and lengths, in the order of the seeds.
    """
    successes: list[bool] = []

    def show(success: bool) -> None:
        successes.append(success)
        bar.set_postfix_str(f"success {sum(successes) / len(successes):.2f}", refresh=False)
        bar.update()

    with progress_bar(total=len(seeds), desc=name, leave=False, bar_format=BAR) as bar:
        return evaluate(env, agent, seeds, show)

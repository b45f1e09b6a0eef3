"""Steering: how an agent's action enters a frozen policy, for a batch of environments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, get_args

import gymnasium as gym
import numpy as np

from policies.encoding import (
    Observations,
    context_of,
    decode,
    noise_shape,
    remembers,
    takes_context,
)
from policies.finite import all_finite
from policies.seats import Seats
from zprl_env.ahead.committed import Committed
from zprl_env.ahead.delay import check_delay
from zprl_env.envs.spaces import unbounded_box
from zprl_env.errors import (
    ConfigurationError,
    InvalidActionError,
    PolicyMismatchError,
)
from zprl_env.meaning.states import Familiarity
from zprl_env.options.former import refuse_former_names
from zprl_env.options.noise import FlowNoise
from zprl_env.seeing import batches
from zprl_env.seeing.crops import preprocessing_of, random_crops
from zprl_env.seeing.fit import cameras_of
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.decision import ContextLatents, Decision, Perturbed
from zprl_env.steering.demonstrated import DemonstratedLatents
from zprl_env.steering.frozen import Frozen
from zprl_env.steering.probe import check_answer
from zprl_env.task import UNKNOWN, Facts

ObservationKind = Literal["features", "state", "both"]
"""The agent's observation besides the latent: the policy's embedding, the normalised state, or
both.
"""


_POLICY_STREAM = 1
"""Spawn key of the policy's random generator; the environment's takes the bare seed."""


_UNRULED = 2.0
"""Scale of a way of steering that knows no rule, where the task says no number."""

SATURATED = 0.95
"""Absolute value beyond which a number of an action counts as saturated."""


def policy_generator(seed: int | None) -> np.random.Generator:
    """Make a policy's random generator, apart from that of an environment of the same seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_POLICY_STREAM,)))


def check_size(name: str, value: float) -> float:
    """Check that a number is a size: finite and at least 0.

    Args:
        name: What the size is called, for the error.
        value: A finite number, at least 0.

    Raises:
        ConfigurationError: It is not.

    >>> check_size("scale", -1.0)
    Traceback (most recent call last):
    policies.errors.ConfigurationError: scale must be a finite number and at least 0. Got: -1.0.
    """
    if isinstance(value, str) or not np.isfinite(value) or value < 0.0:
        raise ConfigurationError(f"{name} must be a finite number and at least 0. Got: {value!r}.")
    return float(value)


class Steering(ABC):
    """A frozen policy with one place opened to an agent, for a batch of environments.

    A decision has two halves. :meth:`observe` runs when observations arrive: it encodes them,
    draws each latent z ~ N(mu, sigma^2) and returns what the agent sees. :meth:`act` runs when the
    agent has answered: it draws the flow's noise and decodes the action chunks. Each environment
    has a generator of its own, so that it gets the same numbers alone or in a batch.

    Subclasses say only how large the action is, where it enters (:meth:`perturb`), and how strong
    that is (:meth:`strength`). For all of them the zero action is the base policy, to the bit.

    The policy is frozen: see :class:`~zprl_env.steering.frozen.Frozen`.

    Attributes:
        place: What the agent moves, in words: class attribute, for cards and help.
        defaults: Options whose default differs from this class's: class attribute.
        constants: Names of the attributes that :meth:`perturb` computes with: class attribute.
        scale_rules: Words that the option ``scale`` takes besides numbers: class attribute.
        observation_space: The agent's flat float32 ``Box``.
        action_space: The agent's ``Box(-1, 1)``, float32.
        cameras: Those that the policy sees through; none if it sees states.
        flow_noise: What the flow starts from.
        start: What every decision starts from, zeros where that is drawn anew. Shape ``(H, A)``.
    """

    flow_noise: FlowNoise
    start: np.ndarray

    place: ClassVar[str]
    defaults: ClassVar[dict[str, Any]] = {}
    constants: ClassVar[tuple[str, ...]] = ("scale",)
    scale_rules: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        policy: SteerablePolicy,
        *,
        observation_dim: int,
        n_action_steps: int | None = None,
        sample_latent: bool | None = None,
        noise: str | FlowNoise | None = None,
        observation: ObservationKind = "features",
        random_crop: bool = False,
        committed: Committed | None = None,
    ) -> None:
        """Open a policy.

        Args:
            policy: The frozen policy.
            observation_dim: Size O of the environment's flat observation, or of what it observes
                beside pictures.
            n_action_steps: Actions of a chunk that are executed; ``None`` takes the policy's own.
            sample_latent: Draw z from the posterior; ``False`` takes its mean. ``None`` is the
                class's default, and else ``True``.
            noise: Start of the flow: ``"fresh"`` or ``"fresh:TEMPERATURE"`` draws it for every
                decision, ``"zero"`` and ``"fixed:SEED"`` leave nothing to chance. ``None`` is the
                class's default, and else ``"fresh"``, which imitation trained with.
            observation: What the agent sees besides the latent.
            random_crop: Show a policy that sees a random crop of every picture, in place of the
                centre, while an agent collects.
            committed: What is told of committed actions, where chunks are decided ahead.

        Raises:
            PolicyMismatchError: ``observation`` needs ``policy.normalize``, which it lacks.
            ConfigurationError: ``noise`` or ``observation`` is not one of these, there is nothing
                to crop, or chunks have no room for what is committed.
        """
        if observation not in get_args(ObservationKind):
            raise ConfigurationError(
                f"observation must be one of {get_args(ObservationKind)}. Got: {observation!r}."
            )
        if observation != "features" and not hasattr(policy, "normalize"):
            raise PolicyMismatchError(
                f"observation={observation!r} needs a policy with normalize(observations). "
                f"Got: {type(policy).__name__} without it. Use observation='features'."
            )
        self.policy = policy
        self.frozen = Frozen(policy)
        self._familiarity = Familiarity(policy)
        self.n_action_steps = policy.n_action_steps if n_action_steps is None else n_action_steps
        usual = self.usual()
        self.sample_latent = usual["sample_latent"] if sample_latent is None else sample_latent
        self._start_from(usual["noise"] if noise is None else noise)
        self.observation = observation
        self.cameras = cameras_of(policy)
        self._takes_context = takes_context(policy)
        self._seats = Seats(policy) if remembers(policy) else None
        self.random_crop = random_crop
        self._crop = preprocessing_of(policy) if random_crop else None
        size = policy.latent_dim
        size += policy.feature_dim if observation in ("features", "both") else 0
        size += observation_dim if observation in ("state", "both") else 0
        self.committed = committed
        delay = 0 if committed is None else committed.delay
        self.n_decided = self.n_action_steps + delay
        if committed is not None:
            check_delay(delay, self.n_action_steps, policy.horizon)
            size += committed.size
        self.observation_space = unbounded_box(size)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (self.agent_dim,), np.float32)
        self.demonstrated = DemonstratedLatents.of(policy)

    @classmethod
    def usual(cls, facts: Facts = UNKNOWN) -> dict[str, Any]:
        """Return the defaults of the options ``scale``, ``noise`` and ``sample_latent``.

        Args:
            facts: The task's; this class's own `defaults` come before them.
        """
        known = not isinstance(facts.scale, str) or facts.scale in cls.scale_rules
        of_the_task = {"scale": facts.scale if known else _UNRULED, "noise": facts.noise}
        return of_the_task | {"sample_latent": True} | cls.defaults

    def __str__(self) -> str:
        return f"{self.action_space.shape[0]} numbers per decision"

    def change(self, name: str, value: Any) -> None:
        """Change an option while episodes are played: scale, noise or the latent's sampling.

        Args:
            name: ``"noise"``, ``"sample_latent"`` or one of :attr:`constants`.
            value: As the constructor takes it.

        Raises:
            ConfigurationError: The value is out of range, or the option is fixed.
        """
        if name == "sample_latent":
            self.sample_latent = bool(value)
        elif name == "noise":
            self._start_from(value)
        elif name in self.constants:
            setattr(self, name, self._checked(name, value))
        else:
            refuse_former_names({name: value})
            raise ConfigurationError(
                f"What can be changed must be one of {', '.join(self.changeable())}. Got: {name}, "
                f"which is fixed. Make another environment."
            )

    @classmethod
    def changeable(cls) -> tuple[str, ...]:
        """Return the names of the options that :meth:`change` takes."""
        return (*cls.constants, "noise", "sample_latent")

    def _checked(self, name: str, value: Any) -> Any:
        """Check one of the `constants`; a subclass whose own are no sizes overrides it."""
        return check_size(name, value)

    @property
    @abstractmethod
    def agent_dim(self) -> int:
        """Size of the agent's action."""

    @abstractmethod
    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Perturb the policy by the agent's actions: the formula of this way of steering.

        It is written with operators, slices and ``reshape`` alone, so that it holds for arrays of
        numpy and, where the attributes named in :attr:`constants` are tensors, for torch.

        Args:
            actions: The agent's actions, clipped. Shape ``(B, agent_dim)``.
            latents: The latents of the decision. Shape ``(B, D)``.
            noise: The flow's noise, already scaled. Shape ``(B, H, A)``.
        """

    @abstractmethod
    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute the size of the perturbation relative to what it perturbs.

        Args:
            actions: The agent's actions, clipped. Shape ``(B, agent_dim)``.

        Returns:
            Ratio of two root mean squares. Shape ``(B,)``.
        """

    def decode(self, decoder: Any, actions: Any, latents: Any, noise: Any) -> tuple[Any, Any]:
        """Decode the executed part of the chunks under the agent's influence.

        Args:
            decoder: Maps latents and noise to chunks: the policy's own, or its model's in torch.
            actions: As :meth:`perturb` takes them.
            latents: As there.
            noise: As there.

        Returns:
            Chunks ``(B, n_decided, A)``, and the latents that were decoded, ``(B, D)``.
        """
        perturbed = self.perturb(actions, latents, noise)
        chunks = decoder(perturbed.latents, perturbed.noise)[:, : self.n_decided]
        if perturbed.residual is not None:
            chunks = chunks + perturbed.residual
        return chunks, perturbed.latents

    def observe(
        self,
        observations: Observations,
        generators: Sequence[np.random.Generator],
        indices: Sequence[int] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Encode observations and draw the latents of the next decision.

        Args:
            observations: The environments' observations. Shape ``(B, O)``; of a policy that sees,
                ``state`` of that shape and each camera's frames ``(B, H, W, 3)``, uint8, by name.
            generators: One per environment.
            indices: Numbers of the environments, for a policy that remembers; the first B if not
                given.

        Returns:
            What the agent sees, ``(B, observation_space)``, and the latents in it, ``(B, D)``.

        Raises:
            SimulationError: An observation is not finite.
            PolicyMismatchError: The policy's answer is not what it promised, or it has changed.
        """
        observations = batches.checked(observations)
        self._familiarity.see(observations)
        if self._crop is not None:
            observations = random_crops(observations, self.cameras, self._crop, generators)
        self.frozen.check()
        told: tuple[Any, ...] = ()
        if self._seats is not None:
            numbers = range(batches.length(observations)) if indices is None else indices
            if new := self._seats.new(numbers):
                self.forget(new)
            told = (self._seats.of(numbers),)
        encoding = self.policy.encode(observations, *told)
        features, mean, std = map(_float32, encoding[:3])
        rows, d = batches.length(observations), self.policy.latent_dim
        check_answer(self.policy, "encode", "features", features, (rows, self.policy.feature_dim))
        check_answer(self.policy, "encode", "mean", mean, (rows, d))
        check_answer(self.policy, "encode", "std", std, (rows, d))
        latents = mean
        if self.sample_latent:
            draws = [generator.standard_normal(mean.shape[1]) for generator in generators]
            latents = mean + std * np.asarray(draws, dtype=np.float32)
        parts = [latents]
        if self.observation in ("state", "both"):
            parts.insert(0, self.policy.normalize(observations))  # type: ignore[attr-defined]
        if self.observation in ("features", "both"):
            parts.insert(0, features)
        if self.committed is not None:
            numbers = range(batches.length(observations)) if indices is None else indices
            parts.insert(0, self.committed.rows(numbers))
        seen = np.concatenate(parts, axis=1, dtype=np.float32)
        if self._takes_context:
            latents = ContextLatents.of(latents, context_of(encoding))
        return seen, latents

    def forget(self, indices: Sequence[int] | None = None) -> None:
        """Note which environments begin an episode: nothing is remembered, or committed, there.

        Args:
            indices: Numbers of the environments; all that have been observed if None.
        """
        if self._seats is not None:
            seats = self._seats.all() if indices is None else self._seats.of(indices)
            self.policy.reset(seats)  # type: ignore[attr-defined]
        if self.committed is not None:
            self.committed.forget(indices)

    def begin(self, observations: Observations, *, seldom: bool = False) -> None:
        """Check that the policy is still the one it was, as episodes begin.

        Args:
            observations: What they begin with, as :meth:`observe` takes it, finite.
            seldom: Leave it out if that was done a few decisions ago.

        Raises:
            PolicyMismatchError: Its weights, its buffers or its answers have changed.
        """
        self._familiarity.begin(batches.length(observations))
        self.frozen.check_answers(batches.checked(observations), seldom=seldom)

    def act(
        self,
        actions: np.ndarray,
        latents: np.ndarray,
        generators: Sequence[np.random.Generator],
    ) -> Decision:
        """Take the flow's noise and decode the agent's actions.

        Args:
            actions: The agent's actions; values outside [-1, 1] are clipped.
                Shape ``(B, agent_dim)``.
            latents: The latents :meth:`observe` returned. Shape ``(B, D)``.
            generators: One per environment.

        Returns:
            The action chunks, in the environment's units.

        Raises:
            InvalidActionError: The actions have another shape or are not finite.
            PolicyMismatchError: The policy's answer is not what it promised, or it has changed.
        """
        actions = self._valid(actions)
        noise = self.starts(generators)
        self.frozen.check()
        decoder: Any = self._decode
        if self._takes_context:
            decoder = partial(self._decode, context=_context_with(latents))
            latents = np.asarray(latents)
        chunks, decoded = self.decode(decoder, actions, latents, noise)
        return Decision(chunks, actions, decoded)

    def executed(self, decision: Decision, infos: Sequence[Mapping[str, Any]]) -> None:
        """Note what became of the chunks of a decision, before what follows is observed.

        Args:
            decision: What :meth:`act` returned.
            infos: What the chunks' execution said, one per environment.

        Warns:
            DelayWarning: The policy takes longer than its chunks were decided ahead.
        """
        if self.committed is not None:
            self.committed.note(decision.chunks, infos)
            self.committed.check(infos, self.policy.horizon)

    @property
    def noise(self) -> str:
        """Start of the flow, as the constructor takes it: ``"fresh"``, ``"fixed:3"``."""
        return str(self.flow_noise)

    def starts(self, generators: Sequence[np.random.Generator]) -> np.ndarray:
        """Return what the flow starts from: drawn, zero, or the same vector for all.

        Args:
            generators: One per environment; only fresh noise is drawn from them.

        Returns:
            Shape ``(B, H, A)``, float32.
        """
        if not self.flow_noise.by_chance:
            return np.repeat(self.start[np.newaxis], len(generators), axis=0)
        draws = [generator.standard_normal(self.start.shape) for generator in generators]
        return self.flow_noise.temperature * np.asarray(draws, dtype=np.float32)

    def _start_from(self, noise: str | FlowNoise) -> None:
        flow_noise = FlowNoise.parse(noise).known()
        self.start = flow_noise.constant(noise_shape(self.policy))
        self.flow_noise = flow_noise

    def _valid(self, actions: np.ndarray) -> np.ndarray:
        """Check an agent's actions and clip them. Shape ``(B, agent_dim)``, float32."""
        actions = np.asarray(actions, dtype=np.float32)
        if actions.shape[1:] != self.action_space.shape:
            raise InvalidActionError(
                f"Expected an action of shape {self.action_space.shape}. Got: {actions.shape[1:]}."
            )
        if not all_finite(actions):
            raise InvalidActionError("Expected a finite action in [-1, 1]. Got: NaN or infinity.")
        return np.minimum(np.maximum(actions, -1.0), 1.0)  # a fifth of np.clip's time

    def _decode(self, latents: np.ndarray, noise: np.ndarray, context: Any = None) -> np.ndarray:
        """Have the policy decode, and check its answer."""
        chunks = _float32(decode(self.policy, latents, noise, context))
        shape = (len(noise), self.policy.horizon, self.policy.action_dim)
        check_answer(self.policy, "decode", "actions", chunks, shape, latents)
        return chunks

    def measure(self, decision: Decision) -> list[dict[str, float]]:
        """Measure how hard the agent steers, for ``info["steering"]``.

        Args:
            decision: What :meth:`act` returned.

        Returns:
            For every environment ``ratio``, the perturbation relative to what it perturbs
            (:meth:`strength`); ``saturation``, the share of the action's numbers that are beyond
            0.95; and ``distance``, how far from the demonstrations' latents the decoded one lies
            (:meth:`DemonstratedLatents.distance`).
        """
        ratio = self.strength(decision.actions).tolist()
        saturated = map(sum, (np.abs(decision.actions) > SATURATED).tolist())
        distance = self.demonstrated.distance(decision.latents).tolist()
        return [
            {"ratio": r, "saturation": s / self.agent_dim, "distance": d}
            for r, s, d in zip(ratio, saturated, distance, strict=True)
        ]


def _context_with(latents: np.ndarray) -> Any:
    """Return the context of latents, as :meth:`Steering.observe` returned them."""
    context = getattr(latents, "context", None)
    if context is None:
        raise PolicyMismatchError(
            "A policy that takes a context must be given latents as observe() returned them. Got: "
            "an array without it. Do not cut, copy or convert them."
        )
    return context


def _float32(answer: Any) -> np.ndarray:
    """Return a policy's answer as float32; one that is float32 as it is."""
    return np.asarray(answer, dtype=np.float32)

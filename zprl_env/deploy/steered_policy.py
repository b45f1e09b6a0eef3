"""A steered policy for deployment: base policy and agent as one object, without SB3 or torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from policies.checkpoints.plain_json import shown
from policies.encoding import Observations
from policies.finite import all_finite
from zprl_env.deploy.actor import Actor
from zprl_env.errors import CheckpointError, ConfigurationError, PolicyMismatchError
from zprl_env.loading.resolve import PolicyLike, acting_policy, resolve_policy
from zprl_env.loading.shipped import steered_folder
from zprl_env.loading.steered_files import FIXED_NOISE, OWN_POLICY, base_folder, read_steered
from zprl_env.options.noise import FlowNoise
from zprl_env.seeing import batches
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import policy_generator
from zprl_env.steering.table import STEERINGS, find_steering

MOST_ROWS = 1024
"""Rows of a batch whose memory is cleared when an episode begins."""


class SteeredPolicy:
    """A frozen base policy and the trained agent that steers it, for deployment.

    It does what the steered environment does between two chunks, with the agent's deterministic
    action: encode, act, decode. The robot's side is left: execute the chunk, observe, ask again.

    Attributes:
        policy: The base policy.
        n_action_steps: Actions of a chunk.
        bounds: Smallest and largest action.
        metadata: What :mod:`zprl_env.deploy.export` wrote about run and results.

    Example:
        >>> from zprl_env.deploy.actor import Layer
        >>> from zprl_env.testing import LinearPolicy
        >>> push = Layer("linear", {"weight": np.zeros((2, 5)), "bias": np.ones(2)})
        >>> steered = SteeredPolicy(LinearPolicy(3, 1), Actor([push]), 3, {"scale": 0.5})
        >>> steered.predict(np.array([1.0, 2.0, 3.0])).tolist()
        [[0.5], [0.5]]

    Of a policy that sees an observation is ``{"state": (P,), "<camera>": (H, W, 3) uint8, ...}``.
    """

    def __init__(
        self,
        policy: SteerablePolicy,
        actor: Actor,
        observation_dim: int,
        options: Mapping[str, Any],
        *,
        steer: str = "latent",
        low: np.ndarray | float = -np.inf,
        high: np.ndarray | float = np.inf,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Combine a policy and an actor.

        Args:
            policy: The frozen base policy.
            actor: The agent.
            observation_dim: Size O of an observation, or of proprioception beside pictures.
            options: Of the steering, such as ``scale``; ``sample_latent`` is
                off and ``noise`` is ``"zero"`` if not given.
            steer: Where the agent enters the policy: a key of ``STEERINGS`` or
                ``"module:Class"``.
            low: Smallest action, of size A or one number.
            high: Largest action.
            metadata: What is known of its making.

        Raises:
            CheckpointError: The actor does not fit the policy.
            ConfigurationError: An option is unknown or out of range.
            UnknownNameError: There is no such way of steering.
        """
        core = find_steering(steer).core
        options = {"sample_latent": False, "noise": "zero", **options}
        try:
            self.steering = core(policy, observation_dim=observation_dim, **options)
        except TypeError as error:
            raise ConfigurationError(f"options must be those of {steer!r}: {error}.") from error
        self.policy, self.actor = policy, actor
        self.n_action_steps = _executed(self.steering.n_action_steps, policy.horizon)
        self.metadata = dict(metadata or {})
        self._observation_dim = observation_dim
        self.bounds = np.asarray(low, np.float32), np.asarray(high, np.float32)
        self._check_bounds()
        self._check_actor()
        self.reset()

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        policy: PolicyLike | None = None,
        steer: str | None = None,
    ) -> SteeredPolicy:
        """Load a folder that ``python -m zprl_env.export`` wrote.

        Args:
            folder: The folder, ``hf://user/repo``, or the name of a task that a trained agent comes
                with the package for: ``"Lift"``.
            policy: The base policy, if it is code of one's own, which the folder cannot hold.
            steer: ``"module:Class"`` of a way of steering of one's own, which an export of it names
                as well: code that a folder alone names is not imported.

        Raises:
            CheckpointError: It holds no sound export, or one whose way of steering is not known.
        """
        path = steered_folder(folder)
        metadata, arrays = read_steered(path)
        try:
            if metadata["steer"] not in {*STEERINGS, steer}:
                raise CheckpointError(
                    f"{path} must be steered at one of {', '.join(STEERINGS)}. Got: "
                    f"{shown(metadata['steer'])}. If that is code of yours, give it as steer=."
                )
            if policy is None and OWN_POLICY in metadata:
                raise CheckpointError(
                    f"{path} must come with its base policy, which is code: "
                    f"{shown(metadata[OWN_POLICY])}. If you have it, give it as policy=."
                )
            low, high = arrays.pop("action_low"), arrays.pop("action_high")
            options = _options(metadata["options"], arrays)
            base = (
                acting_policy(base_folder(path, metadata))
                if policy is None
                else resolve_policy(policy)
            )
            observation_dim = metadata["observation_dim"]
            if observation_dim != getattr(base, "observation_dim", observation_dim):
                raise CheckpointError(
                    f"observation_dim in {path} must be the base policy's {base.observation_dim}. "  # type: ignore[attr-defined]
                    f"Got: {observation_dim}."
                )
            return cls(
                base,
                Actor.from_arrays(metadata["actor"], arrays),
                observation_dim,
                options,
                steer=metadata["steer"],
                low=low,
                high=high,
                metadata=metadata,
            )
        except (ConfigurationError, KeyError, TypeError, ValueError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise CheckpointError(
                f"{path} must say how to steer its policy. Got: {reason[:400]}"
            ) from error

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode.

        Args:
            seed: Seeds what chance there is, as the steered environment's reset does; row ``i`` of
                a batch gets ``seed + i``.
        """
        self._seed = seed
        self.steering.forget()
        self._generators: list[np.random.Generator] = []

    def predict(self, observation: np.ndarray | Mapping[str, np.ndarray]) -> np.ndarray:
        """Decide on the next actions.

        Args:
            observation: What the environment shows. Shape ``(O,)``, or ``(B, O)`` for several. Of
                a policy that sees, ``state`` of that shape, unless it has none, and a frame of
                each camera by its name, uint8 of shape ``(H, W, 3)``, or ``(B, H, W, 3)``.

        Returns:
            The chunk to execute, in the environment's units and inside its bounds. Shape
            ``(n_action_steps, A)``, or ``(B, n_action_steps, A)``; float32.

        Raises:
            PolicyMismatchError: The observation has another shape, or the answer is not finite.
            SimulationError: The observation is not finite.
        """
        batch, alone = self._batch(observation)
        generators = self._generators_of(batches.length(batch))
        seen, latents = self.steering.observe(batch, generators)
        decision = self.steering.act(self.actor(seen), latents, generators)
        if not all_finite(decision.chunks):  # before the bounds, which infinity would pass as
            raise PolicyMismatchError(
                "a policy must decide on finite actions. Got: NaN or infinity. Do not execute it; "
                "compare the observation with the demonstrations."
            )
        chunks = np.clip(decision.chunks, *self.bounds)
        return chunks[0] if alone else chunks

    def _batch(self, observation: Any) -> tuple[Observations, bool]:
        """Return an observation as a batch, and whether it is a single one."""
        cameras, size = self.steering.cameras, self._observation_dim
        if cameras:
            if not isinstance(observation, Mapping):
                raise PolicyMismatchError(
                    f"this policy sees: an observation must be a mapping with a frame of "
                    f"{', '.join(cameras)}. Got: {type(observation).__name__}."
                )
            shown = {name: np.asarray(part) for name, part in observation.items()}
            alone = any(shown[name].ndim == 3 for name in cameras if name in shown)
            return (batches.single(shown) if alone else shown), alone
        if isinstance(observation, Mapping):
            raise PolicyMismatchError(
                f"this policy sees states: an observation must be an array of shape ({size},) or "
                f"(B, {size}). Got: a mapping with {', '.join(map(str, observation))}."
            )
        observations = np.asarray(observation)
        if observations.ndim not in (1, 2) or observations.shape[-1] != size:
            raise PolicyMismatchError(
                f"an observation must have the shape ({size},) or (B, {size}). "
                f"Got: {observations.shape}."
            )
        return np.atleast_2d(observations), observations.ndim == 1

    def _generators_of(self, size: int) -> list[np.random.Generator]:
        for row in range(len(self._generators), size):
            seed = None if self._seed is None else self._seed + row
            self._generators.append(policy_generator(seed))
        return self._generators[:size]

    def _check_bounds(self) -> None:
        shapes = ((), (self.policy.action_dim,))
        fit = all(bound.shape in shapes for bound in self.bounds)
        if not fit or not (self.bounds[0] <= self.bounds[1]).all():
            raise CheckpointError(
                f"bounds must be smallest and largest actions of size {self.policy.action_dim}, "
                f"the smallest first. Got: {self.bounds[0].tolist()} and {self.bounds[1].tolist()}."
            )

    def _check_actor(self) -> None:
        size = self.steering.observation_space.shape[0]
        try:
            got = self.actor(np.zeros((1, size))).shape
        except ValueError as error:
            raise CheckpointError(
                f"an actor must take observations of size {size}. Got one of another size: {error}."
            ) from error
        if got != (1, self.steering.agent_dim):
            raise CheckpointError(
                f"an actor must give actions of size {self.steering.agent_dim}. Got: {got[1:]}."
            )


def _options(said: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the options of an export, and take the fixed noise that is stored out of its arrays.

    Raises:
        KeyError: It says no scale, or stores no fixed noise of its own.
        ConfigurationError: Its noise is none.
    """
    options = dict(said)
    options["scale"] = options["scale"]  # no rule is to stand in for one that was lost
    noise = FlowNoise.parse(options.get("noise", "zero"))
    if noise.kind == "fixed":
        noise = replace(noise, vector=arrays.pop(FIXED_NOISE))
    return options | {"noise": noise}


def _executed(n_action_steps: object, horizon: int) -> int:
    """Check how many actions of a chunk are executed; of a file, it may be anything."""
    if type(n_action_steps) is not int or not 1 <= n_action_steps <= horizon:
        raise ConfigurationError(
            f"n_action_steps must be an integer from 1 to the policy's horizon {horizon}. "
            f"Got: {n_action_steps!r}."
        )
    return n_action_steps

"""Policy that was trained elsewhere, made steerable: numpy in and out, frozen, batch first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from policies.encoding import ContextEncoding, Encoding, Observations, remembers
from policies.errors import PolicyMismatchError
from policies.finite import all_finite
from policies.foreign.bottleneck import FittedBottleneck
from policies.foreign.generator import ForeignGenerator, batch_of, read_sizes
from policies.foreign.modules import freeze, generator_hash, modules_in
from policies.meaning.ranges import Ranges


class ForeignPolicy:
    """Steerable policy made of a generator that was trained elsewhere.

    What its latent is follows from what there is:

    * Of a generator alone it is the condition itself, whole, and there are no features besides:
      its noise can be steered at once, and so can a small condition.
    * With a bottleneck that was fitted onto it, the condition is the embedding and the
      bottleneck's latent is steered.
    * Of a generator with a latent of its own, that is steered, about zero.
    * Of a generator whose condition is anything but a row of numbers, it is its summary, which
      moves nothing: steer the noise.

    The generator is put into evaluation mode, and its parameters ask for no gradients.

    Args:
        generator: The policy as it was trained.
        bottleneck: What was fitted onto it, if it was; see `policies.foreign.fitting`.
        metadata: What is known of it, JSON.

    Raises:
        PolicyMismatchError: It is no generator, or the bottleneck is another one's.

    Example:
        >>> from policies.foreign.testing import LineGenerator
        >>> policy = ForeignPolicy(LineGenerator(observation_dim=3, action_dim=2))
        >>> features, mean, std = policy.encode(np.ones((5, 3), np.float32))
        >>> features.shape, mean.shape, std.any()
        ((5, 0), (5, 3), False)
        >>> policy.decode(mean, np.zeros((5, 4, 2), np.float32)).shape
        (5, 4, 2)
    """

    def __init__(
        self,
        generator: ForeignGenerator,
        bottleneck: FittedBottleneck | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        sizes = read_sizes(generator)
        freeze(generator)
        self.generator: Any = generator
        self.bottleneck = bottleneck
        self.metadata: dict[str, Any] = {**getattr(generator, "metadata", {}), **(metadata or {})}
        self.action_dim, self.horizon = sizes.action_dim, sizes.horizon
        self.n_action_steps, self.n_obs_steps = sizes.n_action_steps, sizes.n_obs_steps
        self.noise_shape = sizes.noise_shape
        self._own_latent = sizes.latent_dim
        self._summarize = getattr(generator, "summarize", None)
        self.takes_context = self._summarize is not None
        for kind in ("observation", "action"):
            if (found := _ranges(generator, self.metadata, kind)) is not None:
                setattr(self, f"{kind}_ranges", found)
        if (names := getattr(generator, "observation_names", None)) is not None:
            self.observation_names = tuple(map(str, names))
        self._eyes: tuple[str, ...] = tuple(getattr(generator, "cameras", ()))
        self.cameras = tuple(name for eye in self._eyes for name in self._names(eye))
        self.picture_settings = getattr(generator, "picture_settings", None)
        if (size := getattr(generator, "observation_dim", None)) is not None:
            self.observation_dim = int(size) * self.n_obs_steps
        self._size_up()
        if callable(told := getattr(generator, "reset", None)):
            self.reset = told

    def _size_up(self) -> None:
        """Find the sizes of features and latent."""
        fitted = self.bottleneck
        if fitted is not None:
            if self.takes_context:
                raise PolicyMismatchError(
                    "A bottleneck must be fitted onto a condition that is a row of numbers. Got: a "
                    "generator with summarize(condition). Steer its noise, or its own latent."
                )
            self.feature_dim, self.latent_dim = fitted.condition_dim, fitted.latent_dim
            self.latent_mean, self.latent_std = fitted.latent["mean"], fitted.latent["std"]
            self.latent_rms = fitted.latent["rms"]
            self.latent_posterior_std = fitted.latent["posterior_std"]
            self.latent_covariance = fitted.covariance
            return
        size = self._probe()
        self.feature_dim = size if self._own_latent else 0
        self.latent_dim = self._own_latent or size

    def _probe(self) -> int:
        """Return the size of the condition or of its summary, by a question of zeros."""
        stated = getattr(self.generator, "condition_dim", None)
        if stated is not None:
            return int(stated)
        if self.cameras or not hasattr(self, "observation_dim"):
            raise PolicyMismatchError(
                f"A generator must say condition_dim, the size of its condition or summary, unless "
                f"it says observation_dim and sees nothing. Got: {type(self.generator).__name__} "
                "without it."
            )
        shown = np.zeros((1, self.observation_dim), np.float32)
        with torch.inference_mode():
            condition = self._embed(shown)
            seen = condition if self._summarize is None else self._summarize(condition)
        return int(seen.shape[-1])

    @cached_property
    def weights_hash(self) -> str | None:
        """SHA-256 of what was fitted, or else of the generator's weights; None if it has none."""
        if self.bottleneck is not None:
            return self.bottleneck.weights_hash
        return generator_hash(self.generator) if modules_in(self.generator) else None

    def encode(self, observations: Observations, indices: Any = None) -> Encoding | ContextEncoding:
        """Embed observations; see :class:`~zprl_env.steerable.SteerablePolicy`.

        Args:
            observations: The batch.
            indices: Numbers of the environments, for a generator that remembers.

        Raises:
            PolicyMismatchError: The generator's condition is no row of finite numbers.
        """
        with torch.inference_mode():
            condition = self._embed(observations, indices)
            if self._summarize is not None:
                summary = self._numbers("summarize", self._summarize(condition))
                if self._own_latent:
                    nothing = np.zeros((len(summary), self._own_latent), np.float32)
                    return ContextEncoding(summary, nothing, nothing.copy(), condition)
                none = np.zeros((len(summary), 0), np.float32)
                return ContextEncoding(none, summary, np.zeros_like(summary), condition)
            features = self._numbers("embed", condition)
            if self.bottleneck is None:
                none = np.zeros((len(features), 0), np.float32)
                return Encoding(none, features, np.zeros_like(features))
            posterior = self.bottleneck.encode(condition)
            return Encoding(features, posterior.mean.numpy(), posterior.std.numpy())

    def decode(self, latents: np.ndarray, noise: np.ndarray, context: Any = None) -> np.ndarray:
        """Generate action chunks in the environment's units; the noise is left as it is.

        Args:
            latents: Shape ``(B, D)``.
            noise: Shape ``(B, *noise_shape)``.
            context: What :meth:`encode` returned with the rows, of a policy that takes one.

        Raises:
            PolicyMismatchError: The chunks have another shape.
        """
        with torch.inference_mode():
            z, x_0 = torch.tensor(latents), torch.tensor(noise)  # copied: samplers change theirs
            if self.takes_context:
                given = (context, x_0, z) if self._own_latent else (context, x_0)
                chunks = self.generator.generate(*given)
            else:
                condition = z if self.bottleneck is None else self.bottleneck.decode(z)
                chunks = self.generator.generate(condition, x_0)
            must = (len(noise), self.horizon, self.action_dim)
            if tuple(chunks.shape) != must:
                raise PolicyMismatchError(
                    f"generate must return chunks of shape {must}. Got: {tuple(chunks.shape)}."
                )
            return np.array(chunks.detach().cpu().numpy(), np.float32)

    def _embed(self, observations: Observations, indices: Any = None) -> Any:
        batch = batch_of(self.generator, self._steps_of(observations))
        if not remembers(self):
            return self.generator.embed(batch)
        rows = (
            len(next(iter(observations.values())))
            if isinstance(observations, Mapping)
            else len(observations)
        )
        return self.generator.embed(batch, range(rows) if indices is None else indices)

    def _names(self, eye: str) -> list[str]:
        """Return the names of a camera's pictures, the oldest first: ``front-1``, ``front``."""
        return [f"{eye}-{ago}" if ago else eye for ago in reversed(range(self.n_obs_steps))]

    def _steps_of(self, observations: Observations) -> Observations:
        """Give the observations of several steps an axis of their own, after the batch's."""
        steps = self.n_obs_steps
        if steps == 1:
            return observations
        if not isinstance(observations, Mapping):
            return np.asarray(observations).reshape(len(observations), steps, -1)
        shown = {
            name: np.asarray(part).reshape(len(part), steps, -1)
            for name, part in observations.items()
            if name not in self.cameras
        }
        for eye in self._eyes:
            shown[eye] = np.stack([observations[name] for name in self._names(eye)], axis=1)
        return shown

    def _numbers(self, of: str, values: Any) -> np.ndarray:
        if not isinstance(values, Tensor) or values.ndim != 2:
            got = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
            raise PolicyMismatchError(
                f"{of} must return a tensor of shape (B, C). Got: {got}. If the condition is "
                "anything else, give the generator summarize(condition)."
            )
        numbers = np.array(values.detach().cpu().numpy(), np.float32)
        if not all_finite(numbers):
            raise PolicyMismatchError(f"{of} must return finite numbers. Got: NaN or infinity.")
        return numbers


def _ranges(generator: object, metadata: Mapping[str, Any], kind: str) -> Ranges | None:
    """Return a generator's own ranges, or those of the demonstrations of its bottleneck."""
    if (own := Ranges.of(generator, kind)) is not None:
        return own
    kept = metadata.get("ranges")
    ends = kept.get(kind) if isinstance(kept, Mapping) else None
    try:
        return None if ends is None else Ranges.between(*ends)
    except (TypeError, ValueError):
        return None

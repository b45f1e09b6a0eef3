"""Frozen flow policy, whatever engine computes it: numpy in, numpy out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.encoding import Encoding, Observations
from policies.errors import PolicyMismatchError
from policies.finite import all_finite
from policies.meaning.ranges import Ranges, of_normalizer
from policies.model.config import VibFlowConfig
from policies.pictures.batch import check_batch
from policies.pictures.png import decode_frames
from policies.pictures.settings import STATE, PictureSettings

if TYPE_CHECKING:
    from policies.engines import Engine


class FlowPolicy(ABC):
    """Encoder, bottleneck and flow head with fixed weights, batch first.

    Everything random is an argument: the latent and the flow's noise are the caller's. Equal
    arguments give equal results to the bit.

    Attributes:
        metadata: The checkpoint's description.
        latent_mean: Mean of mu over the demonstrations. Shape ``(D,)``.
        latent_std: Standard deviation of mu over the demonstrations. Shape ``(D,)``.
        latent_rms: Root mean square of mu over the demonstrations. Shape ``(D,)``.
        latent_posterior_std: Mean of sigma over the demonstrations, zero in checkpoints that do not
            say. Shape ``(D,)``.
        latent_covariance: Covariance of mu over the demonstrations, None in checkpoints that do not
            say. Shape ``(D, D)``.
        cameras: Names of the cameras it sees through, in order; none if it sees states.
        picture_settings: What the frames it learned from were made with, if it sees.
        preprocessing: Crop and normalisation of its frames, if it sees.
    """

    def __init__(self, config: VibFlowConfig, metadata: Mapping[str, Any], engine: Engine) -> None:
        """Take sizes, a description with ``latent`` in it, and the engine that computes."""
        self._engine = engine
        self.metadata: dict[str, Any] = dict(metadata)
        self.observation_dim = config.observation_dim
        self.feature_dim = config.feature_dim
        self.latent_dim = config.latent_dim
        self.action_dim = config.action_dim
        self.horizon = config.horizon
        self.n_action_steps = config.n_action_steps
        self.latent_mean = np.asarray(metadata["latent"]["mean"], dtype=np.float32)
        self.latent_std = np.asarray(metadata["latent"]["std"], dtype=np.float32)
        self.latent_rms = np.asarray(metadata["latent"]["rms"], dtype=np.float32)
        inner = metadata["latent"].get("posterior_std", [0.0] * self.latent_dim)
        self.latent_posterior_std = np.asarray(inner, dtype=np.float32)
        covariance = metadata["latent"].get("covariance")
        self.latent_covariance = None if covariance is None else np.asarray(covariance, np.float64)
        self._eyes = config.pictures
        self.cameras: tuple[str, ...] = () if self._eyes is None else self._eyes.cameras
        self.picture_settings: PictureSettings | None = None
        self.preprocessing = None if self._eyes is None else self._eyes.preprocessing
        if self._eyes is not None:
            stated = metadata.get("pictures")
            self.picture_settings = (
                PictureSettings(cameras=self.cameras, image_size=self._eyes.image_size)
                if stated is None
                else PictureSettings.from_dict(stated)
            )

    @property
    @abstractmethod
    def weights_hash(self) -> str:
        """SHA-256 of the weights."""

    def reference_frames(self) -> dict[str, np.ndarray]:
        """Return a frame of each camera as the policy has seen it, uint8 of shape ``(H, W, 3)``.

        Raises:
            CheckpointError: They are damaged.
        """
        return decode_frames(self.metadata.get("reference_frames", {}))

    def encode(self, observations: Observations) -> Encoding:
        """Embed observations and return the posterior over their latents.

        Args:
            observations: Raw observations. Shape ``(B, O)``; or, of a policy that sees, ``state``
                of that shape and each camera's frames, uint8 of shape ``(B, H, W, 3)``, by name.

        Raises:
            PolicyMismatchError: If the shape differs, or a value is not finite, in or out.
        """
        encoding = self._engine.encode(self._observations(observations))
        features, mean, std = encoding
        if not (all_finite(features) and all_finite(mean) and all_finite(std)):
            raise _overflowed("features and latents", np.hstack(encoding))
        return encoding

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Decode latents and noise into action chunks in the environment's units, not clipped.

        Args:
            latents: Shape ``(B, D)``.
            noise: Starting points of the flow, N(0, I) for the base policy.
                Shape ``(B, horizon, A)``.

        Returns:
            Shape ``(B, horizon, A)``, float32.

        Raises:
            PolicyMismatchError: If a shape differs, or a value is not finite, in or out.
        """
        z = self._array("latents", latents, (self.latent_dim,))
        x_0 = self._array("noise", noise, (self.horizon, self.action_dim))
        if len(z) != len(x_0):
            raise PolicyMismatchError(
                f"latents and noise must have one batch size. Got: {len(z)} and {len(x_0)}."
            )
        chunks = self._engine.decode(z, x_0)
        if not all_finite(chunks):
            raise _overflowed("actions", chunks)
        return chunks

    def normalize(self, observations: Observations) -> np.ndarray:
        """Normalise observations as for the encoder's network. Shape ``(B, O)`` in and out.

        Of a policy that sees this is proprioception alone.

        Raises:
            PolicyMismatchError: If the shape differs or a value is not finite.
        """
        shown = self._observations(observations)
        if isinstance(shown, np.ndarray):
            return self._normalized(shown)
        frames = next(values for name, values in shown.items() if name != STATE)
        return self._normalized(shown.get(STATE, np.empty((len(frames), 0), np.float32)))

    @property
    def observation_ranges(self) -> Ranges:
        """Ranges of the numbers of a flat observation in training."""
        return of_normalizer(*self._constants("observation_mean", "observation_std"))

    @property
    def action_ranges(self) -> Ranges:
        """Ranges of the numbers of an action in training, in the environment's units."""
        center, scale = self._constants("action_center", "action_scale")
        return Ranges.between(center - scale, center + scale)

    @abstractmethod
    def _constants(self, *names: str) -> list[np.ndarray]:
        """Return constants of the normaliser."""

    @abstractmethod
    def _normalized(self, observations: np.ndarray) -> np.ndarray:
        """Normalise observations that were checked."""

    def _observations(self, observations: Observations) -> Observations:
        if self._eyes is not None:
            return check_batch(observations, self._eyes, self.observation_dim)
        if isinstance(observations, Mapping):
            raise PolicyMismatchError(
                f"this policy sees states: observations must be an array of shape "
                f"(B, {self.observation_dim}). Got: a mapping with {[*observations]}. Make the "
                f"environment without cameras."
            )
        return self._array("observations", observations, (self.observation_dim,))

    @staticmethod
    def _array(name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        array = np.array(values, dtype=np.float32, order="C")
        if array.shape[1:] != shape or array.ndim != len(shape) + 1:
            must = ", ".join(map(str, ("B", *shape)))
            raise PolicyMismatchError(
                f"{name} must have the shape ({must}) this policy was trained with. "
                f"Got: {array.shape}."
            )
        if not all_finite(array):
            row = int(np.argwhere(~np.isfinite(array))[0, 0])
            raise PolicyMismatchError(f"{name} must be finite. Got NaN or infinity in row {row}.")
        return array


def _overflowed(name: str, array: np.ndarray) -> PolicyMismatchError:
    row = int(np.argwhere(~np.isfinite(array))[0, 0])
    return PolicyMismatchError(
        f"a policy's {name} must be finite. Got NaN or infinity in row {row}: "
        f"what it was given is too large for single precision. Compare it with the demonstrations."
    )

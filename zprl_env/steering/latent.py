"""Latent steering: the perturbation of the latent (Z-perturbation, ZPRL), the product."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering
from zprl_env.steering.decision import Perturbed
from zprl_env.steering.demonstrated import DemonstratedLatents, row_norms

Scale = float | np.ndarray | Literal["auto"]

_RMS_UNIFORM = 3.0**-0.5
"""Root mean square of one coordinate of dz ~ U[-1, 1]."""


def auto_scale(policy: SteerablePolicy, ratio: float = 0.1) -> np.ndarray:
    """Compute lambda by the published rule RMS(lambda dz) = ``ratio`` RMS(z).

    The rule is applied to every dimension by itself, with dz uniform in the box, so that a
    direction the demonstrations hardly use is hardly perturbed.

    Args:
        policy: A policy that carries ``latent_rms``, shape ``(D,)``, over its demonstrations.
        ratio: Perturbation relative to the latent.

    Returns:
        lambda per dimension. Shape ``(D,)``, float32.

    Raises:
        PolicyMismatchError: The policy carries no latent statistics.

    Example:
        >>> from types import SimpleNamespace
        >>> auto_scale(SimpleNamespace(latent_rms=np.array([1.0, 2.0]))).round(2)
        array([0.17, 0.35], dtype=float32)
    """
    rms = getattr(policy, "latent_rms", None)
    if rms is None:
        raise PolicyMismatchError(
            f"scale='auto' needs a policy with latent_rms. Got: {type(policy).__name__} without "
            f"it. Give scale as a number."
        )
    return np.asarray(ratio * np.asarray(rms) / _RMS_UNIFORM, dtype=np.float32)


def resolve_scale(policy: SteerablePolicy, scale: Scale) -> np.ndarray:
    """Convert a scale as a user gives it into lambda per dimension.

    Args:
        policy: The policy to be steered.
        scale: A number, one per dimension, or ``"auto"`` (:func:`auto_scale`).

    Returns:
        lambda. Shape ``(D,)``, float32.

    Raises:
        ConfigurationError: ``scale`` is not finite and non-negative or has another shape.
    """
    if isinstance(scale, str):
        if scale != "auto":
            raise ConfigurationError(f"scale must be a number, an array or 'auto'. Got: {scale!r}.")
        return auto_scale(policy)
    value = np.asarray(scale, dtype=np.float32)
    if value.shape not in ((), (policy.latent_dim,)):
        raise ConfigurationError(
            f"scale must be one number or {policy.latent_dim} of them. Got shape: {value.shape}."
        )
    if not (np.isfinite(value).all() and (value >= 0).all()):
        raise ConfigurationError(f"scale must be finite and at least 0. Got: {scale}.")
    return np.broadcast_to(value, (policy.latent_dim,)).copy()


def latent_strength(
    scale: np.ndarray, dz: np.ndarray, demonstrated: DemonstratedLatents
) -> np.ndarray:
    """Compute RMS(lambda dz) / RMS(z) of every row of dz, with z over the demonstrations.

    Args:
        scale: lambda. Shape ``(D,)``.
        dz: Perturbations. Shape ``(B, D)``.
        demonstrated: The demonstrations' latents.

    Returns:
        Shape ``(B,)``.
    """
    return row_norms(scale * dz) / demonstrated.norm


class LatentSteering(Steering):
    """Latent steering: the agent's action dz perturbs z~ = z + lambda dz (arXiv 2605.19919).

    Attributes:
        scale: lambda per dimension. Shape ``(D,)``.
    """

    place: ClassVar[str] = "latent"

    def __init__(self, policy: SteerablePolicy, *, scale: Scale, **options: Any) -> None:
        """Open a policy at its latent; see :func:`resolve_scale` and :class:`Steering`."""
        super().__init__(policy, **options)
        self.scale = resolve_scale(policy, scale)

    def _checked(self, name: str, value: Any) -> Any:
        return resolve_scale(self.policy, value)

    @property
    def agent_dim(self) -> int:
        """Size of the agent's action: the latent's."""
        return self.policy.latent_dim

    def __str__(self) -> str:
        low, high = float(self.scale.min()), float(self.scale.max())
        text = f"lambda {low:.2g}" if low == high else f"lambda {low:.2g} to {high:.2g}"
        rms = getattr(self.policy, "latent_rms", None)
        if rms is None:
            return text
        share = _RMS_UNIFORM * np.linalg.norm(self.scale) / np.linalg.norm(rms)
        return f"{text}, RMS(lambda dz) = {share:.2f} RMS(z) for dz uniform in [-1, 1]"

    def strength(self, actions: np.ndarray) -> np.ndarray:
        """Compute RMS(lambda dz) / RMS(z), with z over the demonstrations."""
        return latent_strength(self.scale, actions, self.demonstrated)

    def perturb(self, actions: Any, latents: Any, noise: Any) -> Perturbed:
        """Move the latent: z~ = z + lambda dz."""
        return Perturbed(latents + self.scale * actions, noise)

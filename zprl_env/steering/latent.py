"""Latent steering: the perturbation of the latent (Z-perturbation, ZPRL), the product."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from zprl_env.errors import ConfigurationError, PolicyMismatchError
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.base import Steering
from zprl_env.steering.decision import Perturbed
from zprl_env.steering.demonstrated import DemonstratedLatents, row_norms

Scale = float | np.ndarray | Literal["auto", "published"]

RULES = ("auto", "published")
"""Rules by which a scale follows from the policy alone."""

_RMS_UNIFORM = 3.0**-0.5
"""Root mean square of one coordinate of dz ~ U[-1, 1]."""

_UNCORRELATED = 0.5
"""Factor on the scale of a policy that carries no covariance, on the careful side: correlated
dimensions leave directions empty, and the shipped policies' scale is smaller by 1.3 to 2.5 (median
1.5) with the covariance."""


def auto_scale(policy: SteerablePolicy) -> np.ndarray:
    """Compute lambda by the rule that needs no measurement: as far as the demonstrations spread.

    With dz uniform in the box, lambda dz has the root mean square length of the demonstrations' own
    latents around their mean, both measured by the demonstrations' covariance C (mean squared
    Mahalanobis length D): lambda^2 trace(C^-1) / 3 = D. Where the demonstrations leave a direction
    of the latent empty, lambda is small, since any perturbation leaves them there. How it compares
    with the values found by training: ``python -m benchmarks.scale``.

    Args:
        policy: The policy; see :meth:`DemonstratedLatents.of` for the statistics that are used. One
            that carries none is taken to have latents N(0, I).

    Returns:
        lambda, the same in every dimension. Shape ``(D,)``, float32.

    Example:
        >>> from zprl_env.testing import LinearPolicy
        >>> policy = LinearPolicy(observation_dim=3, action_dim=1)
        >>> policy.latent_covariance = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> auto_scale(policy).round(2)
        array([1.73, 1.73], dtype=float32)
        >>> policy.latent_covariance = np.array([[1.0, 0.99], [0.99, 1.0]])
        >>> auto_scale(policy).round(2)
        array([0.24, 0.24], dtype=float32)
    """
    demonstrated = DemonstratedLatents.of(policy)
    value = demonstrated.tightness**-0.5 / _RMS_UNIFORM
    value *= 1.0 if demonstrated.correlated else _UNCORRELATED
    return np.full(policy.latent_dim, value, np.float32)


def published_scale(policy: SteerablePolicy, ratio: float = 0.1) -> np.ndarray:
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
        >>> published_scale(SimpleNamespace(latent_rms=np.array([1.0, 2.0]))).round(2)
        array([0.17, 0.35], dtype=float32)
    """
    rms = getattr(policy, "latent_rms", None)
    if rms is None:
        raise PolicyMismatchError(
            f"scale='published' needs a policy with latent_rms. Got: {type(policy).__name__} "
            f"without it. Give scale as a number."
        )
    return np.asarray(ratio * np.asarray(rms) / _RMS_UNIFORM, dtype=np.float32)


def resolve_scale(policy: SteerablePolicy, scale: Scale) -> np.ndarray:
    """Convert a scale as a user gives it into lambda per dimension.

    Args:
        policy: The policy to be steered.
        scale: A number, one per dimension, or one of `RULES`.

    Returns:
        lambda. Shape ``(D,)``, float32.

    Raises:
        ConfigurationError: ``scale`` is not finite and non-negative or has another shape.
    """
    if isinstance(scale, str):
        if scale == "calibrate":
            raise ConfigurationError(
                "scale must be one that is known. Got: 'calibrate', which has to be found by "
                "playing. Call zprl_env.calibrate.borne_scale(env, policy) and give what it "
                "returns, or take 'auto'."
            )
        if scale not in RULES:
            raise ConfigurationError(
                f"scale must be a number, an array, 'auto' or 'published'. Got: {scale!r}."
            )
        return auto_scale(policy) if scale == "auto" else published_scale(policy)
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
    scale_rules: ClassVar[tuple[str, ...]] = RULES

    def __init__(self, policy: SteerablePolicy, *, scale: Scale = "auto", **options: Any) -> None:
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

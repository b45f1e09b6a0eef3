"""Statistics of the latents that demonstrations visit, by which a steered latent is measured."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from zprl_env.steerable import SteerablePolicy


class DemonstratedLatents(NamedTuple):
    """A Gaussian with independent dimensions over the latents of the demonstrations.

    The squared distance averages to D over the demonstrations, as it would with their covariance,
    but a direction that correlated dimensions leave empty does not count as far. The size of a
    perturbation that needs no measurement is found with the covariance (:attr:`tightness`).

    Attributes:
        mean: Shape ``(D,)``.
        std: Spread of the posteriors' means and of the posteriors themselves. Shape ``(D,)``.
        norm: Root mean square length of the posteriors' means.
        tightness: Mean of 1 / variance over the latent's directions: of the covariance's axes where
            the checkpoint has one, and else of the dimensions.
        correlated: Whether the tightness is that of a covariance.
    """

    mean: np.ndarray
    std: np.ndarray
    norm: float
    tightness: float
    correlated: bool

    @classmethod
    def of(cls, policy: SteerablePolicy) -> DemonstratedLatents:
        """Read the statistics that a policy carries.

        Args:
            policy: Whatever it has of ``latent_mean``, ``latent_std``, ``latent_posterior_std``,
                ``latent_covariance`` and ``latent_rms`` is used. Without spread it is the RMS,
                without mean it is zero; a policy that has nothing gets N(0, I), which a variational
                bottleneck is drawn to.

        Example:
            >>> from zprl_env.testing import LinearPolicy
            >>> policy = LinearPolicy(observation_dim=3, action_dim=1)
            >>> policy.latent_rms = np.array([1.0, 2.0])
            >>> DemonstratedLatents.of(policy).distance(np.array([[1.0, 0.0], [1.0, 2.0]]))
            array([0.70710678, 1.        ])
        """
        ones = np.ones(policy.latent_dim, np.float32)

        def carried(name: str, other: np.ndarray) -> np.ndarray:
            value = getattr(policy, name, None)
            return np.asarray(other if value is None else value)

        mean, rms = carried("latent_mean", 0.0 * ones), carried("latent_rms", ones)
        spread = carried("latent_std", rms)
        inner = carried("latent_posterior_std", 0.0 * ones)
        std = np.maximum(np.hypot(spread, inner), np.finfo(np.float32).tiny)
        covariance = getattr(policy, "latent_covariance", None)
        tightness = float(np.mean(1.0 / std.astype(np.float64) ** 2))
        if covariance is not None:
            axes = np.linalg.eigvalsh(np.asarray(covariance, np.float64) + np.diag(inner**2.0))
            tightness = float(np.mean(1.0 / np.maximum(axes, np.finfo(np.float32).tiny)))
        return cls(mean, std, float(np.linalg.norm(rms)), tightness, covariance is not None)

    def distance(self, latents: np.ndarray) -> np.ndarray:
        """Compute the distance of latents from those of the demonstrations.

        Args:
            latents: Shape ``(B, D)``.

        Returns:
            Mahalanobis distance over sqrt(D): 1 is the demonstrations' own root mean square,
            whatever the size of the latent. Shape ``(B,)``.
        """
        return row_norms((latents - self.mean) / self.std) / sqrt(len(self.mean))


def row_norms(rows: np.ndarray) -> np.ndarray:
    """Compute the Euclidean norm of every row. Shape ``(B, D)`` to ``(B,)``.

    >>> row_norms(np.array([[3.0, 4.0]]))
    array([5.])
    """
    # A third of np.linalg.norm's time for the few numbers of a decision.
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))

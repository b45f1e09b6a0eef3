"""Bottleneck fitted onto a policy that was trained elsewhere, with the statistics of its latent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies.checkpoints.tensor_file import arrays_hash
from policies.errors import CheckpointError
from policies.model.bottleneck import Bottleneck, Posterior

STATISTICS = ("mean", "std", "rms", "posterior_std")
"""Statistics of the latent over demonstrations, each of shape ``(D,)``."""


class FittedBottleneck(nn.Module):
    """Bottleneck of a condition, which it sees standardised: a foreign embedding has any scale.

    Args:
        condition_dim: Size C of the condition.
        latent_dim: Size D of the latent.
        hidden_dims: Widths of the hidden layers.

    Attributes:
        latent: Statistics of the latent over the demonstrations, by the names of `STATISTICS`.
        covariance: Covariance of mu over the demonstrations. Shape ``(D, D)``.
    """

    shift: Tensor
    span: Tensor

    def __init__(self, condition_dim: int, latent_dim: int, hidden_dims: Sequence[int]) -> None:
        super().__init__()
        self.condition_dim, self.latent_dim = condition_dim, latent_dim
        self.hidden_dims = tuple(hidden_dims)
        self.net = Bottleneck(condition_dim, latent_dim, hidden_dims)
        self.register_buffer("shift", torch.zeros(condition_dim))
        self.register_buffer("span", torch.ones(condition_dim))
        self.latent: dict[str, np.ndarray] = {}
        self.covariance: np.ndarray | None = None

    def standardise_by(self, conditions: Tensor) -> None:
        """Take mean and spread of conditions; one that never changes has span 1."""
        spread = conditions.std(0, correction=0)
        self.shift.copy_(conditions.mean(0))
        self.span.copy_(torch.where(spread > 1e-6, spread, torch.ones_like(spread)))

    def standard(self, conditions: Tensor) -> Tensor:
        """Standardise conditions. Shape ``(B, C)``."""
        return (conditions - self.shift) / self.span

    def encode(self, conditions: Tensor) -> Posterior:
        """Posterior over the latent of conditions as the generator makes them."""
        return self.net.encode(self.standard(conditions))

    def decode(self, latents: Tensor) -> Tensor:
        """Condition for the generator. Shape ``(B, D)`` to ``(B, C)``."""
        return self.shift + self.span * self.net.decode(latents)

    def measure_latent(self, conditions: Tensor) -> None:
        """Compute the latent's statistics over demonstrated conditions. Shape ``(N, C)``."""
        with torch.inference_mode():
            posterior = self.encode(conditions)
        mean, std = posterior.mean.double().cpu(), posterior.std.double().cpu()
        found = {
            "mean": mean.mean(0),
            "std": mean.std(0, correction=0).clamp_min(1e-6),
            "rms": mean.square().mean(0).sqrt().clamp_min(1e-6),
            "posterior_std": std.mean(0),
        }
        self.latent = {name: value.numpy().astype(np.float32) for name, value in found.items()}
        self.covariance = torch.atleast_2d(torch.cov(mean.T, correction=0)).numpy()

    def arrays(self) -> dict[str, np.ndarray]:
        """Return weights and statistics by name, as they are stored."""
        weights = {name: tensor.cpu().numpy() for name, tensor in self.state_dict().items()}
        kept = {f"latent.{name}": values for name, values in self.latent.items()}
        if self.covariance is not None:
            kept["latent.covariance"] = np.asarray(self.covariance, np.float32)
        return weights | kept

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights and statistics."""
        return arrays_hash(self.arrays())

    def sizes(self) -> dict[str, Any]:
        """Return what :meth:`of_arrays` needs besides the arrays, as values of JSON."""
        return {
            "condition_dim": self.condition_dim,
            "latent_dim": self.latent_dim,
            "hidden_dims": list(self.hidden_dims),
        }

    @classmethod
    def of_arrays(
        cls, sizes: Mapping[str, Any], arrays: Mapping[str, np.ndarray], where: str
    ) -> FittedBottleneck:
        """Make a bottleneck of what was stored.

        Raises:
            CheckpointError: A tensor is missing, of another shape or left over.
        """
        try:
            dims = [int(size) for size in sizes["hidden_dims"]]
            made = cls(int(sizes["condition_dim"]), int(sizes["latent_dim"]), dims)
            if not (0 < made.condition_dim < 2**20 and 0 < made.latent_dim < 2**16):
                raise ValueError(f"impossible sizes {dict(sizes)}")
            weights = {n: torch.tensor(a) for n, a in arrays.items() if not n.startswith("latent.")}
            made.load_state_dict(weights, strict=True)
            made.latent = {name: arrays[f"latent.{name}"] for name in STATISTICS}
            for name, values in made.latent.items():
                if values.shape != (made.latent_dim,):
                    raise ValueError(f"latent.{name} has shape {values.shape}")
            made.covariance = np.asarray(arrays["latent.covariance"], np.float64)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            raise CheckpointError(
                f"{where} must hold a bottleneck's tensors and sizes. Got: {reason}. Fit it again."
            ) from error
        return made.eval().requires_grad_(False)

"""Inversion of the frozen decoder: the latent perturbation that is nearest to an action chunk."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from policies.encoding import noise_shape, takes_context
from zprl_env.errors import ConfigurationError
from zprl_env.steering.latent import LatentSteering

_STEP = 1e-2
"""Step of finite differences in dz: far above single precision, far below the box."""
_DAMPING, _EASIER, _HARDER = 1e-2, 1 / 3, 4.0
"""First damping of Levenberg and Marquardt, and its factors after a better and a worse try."""


class Inversion(NamedTuple):
    """Latent perturbations that come nearest to given action chunks."""

    actions: np.ndarray
    """dz, an action of the agent. Shape ``(B, D)``, in [-1, 1]."""
    residual: np.ndarray
    """Part of the chunks that no perturbation gives. Shape ``(B, n_action_steps, A)``."""


def invert(
    steering: LatentSteering,
    chunks: np.ndarray,
    latents: np.ndarray,
    noise: np.ndarray | None = None,
    iterations: int = 12,
    ridge: float = 0.0,
) -> Inversion:
    """Invert the decoder: return the dz whose chunk is nearest to one that was executed.

    The sum of squared differences is minimised in the box by Levenberg and Marquardt's method, from
    dz = 0, with derivatives by differences: D + 1 decodings of the batch per iteration, and nothing
    asked of the policy but :meth:`decode`. It is a local minimum, the one that is reached from the
    base policy.

    Args:
        steering: The latent steering whose agent would have acted.
        chunks: Executed action chunks, in the environment's units. Shape
            ``(B, n_action_steps, A)``.
        latents: The latents z of those decisions. Shape ``(B, D)``.
        noise: The flow's noise of those decisions, already scaled; zero if not given. Shape
            ``(B, H, A)``.
        iterations: Steps of the method.
        ridge: Squared action units that are given up for a perturbation whose squared length is
            smaller by 1: above 0, a little is not gained by going to the edge of the box.

    Returns:
        The perturbations and what they leave over: ``chunks - decoded``.

    Raises:
        ConfigurationError: The chunks have another shape, or the policy takes a context.

    Example:
        >>> from zprl_env.testing import LinearPolicy
        >>> policy = LinearPolicy(observation_dim=3, action_dim=1)
        >>> steering = LatentSteering(policy, scale=1.0, observation_dim=3)
        >>> z, dz = np.zeros((1, 2), np.float32), np.array([[0.5, -0.25]], np.float32)
        >>> noise = np.zeros((1, policy.horizon, 1), np.float32)
        >>> chunks, _ = steering.decode(policy.decode, dz, z, noise)
        >>> invert(steering, chunks, z).residual.round(3).any()
        False
    """
    policy, size = steering.policy, steering.agent_dim
    if takes_context(policy):
        raise ConfigurationError(
            f"an inversion must be of a policy that decodes from its latent alone. Got: "
            f"{type(policy).__name__}, which takes a context."
        )
    shape = (steering.n_action_steps, policy.action_dim)
    chunks = np.asarray(chunks, np.float32)
    if chunks.shape[1:] != shape:
        raise ConfigurationError(
            f"chunks must have shape (B, {shape[0]}, {shape[1]}). Got: {chunks.shape}."
        )
    count = len(chunks)
    latents = np.asarray(latents, np.float32)
    if noise is None:
        noise = np.zeros((count, *noise_shape(policy)), np.float32)

    def differences(actions: np.ndarray) -> np.ndarray:
        """Compute what is left over. ``(K, B, D)`` to ``(K, B, n A)``."""
        times = len(actions)
        tiled = (np.tile(array, (times,) + (1,) * (array.ndim - 1)) for array in (latents, noise))
        flat = actions.reshape(-1, size).astype(np.float32)
        decoded, _ = steering.decode(policy.decode, flat, *tiled)
        return np.asarray(chunks - decoded.reshape(times, *chunks.shape), float).reshape(
            times, count, -1
        )

    actions = np.zeros((count, size))
    left = differences(actions[None])[0]
    damping = np.full(count, _DAMPING)
    for _ in range(iterations):
        # Steps point inwards, so that they do not leave the box.
        steps = np.where(actions > 0.0, -_STEP, _STEP)
        moved = actions[None] + steps[None] * np.eye(size)[:, None]
        slopes = (differences(moved) - left[None]) / steps.T[:, :, None]
        gradient = np.einsum("dbo,bo->bd", slopes, left) + ridge * actions
        hessian = np.einsum("dbo,ebo->bde", slopes, slopes) + ridge * np.eye(size)
        # A coordinate at its bound that wants to leave is held there.
        held = (np.abs(actions) >= 1.0) & (gradient * actions < 0.0)
        hessian = np.where(held[:, :, None] | held[:, None, :], 0.0, hessian)
        scale = np.einsum("bdd->bd", hessian).mean(axis=1) + np.finfo(np.float32).tiny
        hessian += np.eye(size) * np.maximum(damping * scale, 1e-12)[:, None, None]
        step = np.linalg.solve(hessian, np.where(held, 0.0, gradient)[:, :, None])[:, :, 0]
        tried = np.clip(actions - step, -1.0, 1.0)
        then = differences(tried[None])[0]
        better = _cost(then, tried, ridge) < _cost(left, actions, ridge)
        actions[better], left[better] = tried[better], then[better]
        damping *= np.where(better, _EASIER, _HARDER)
    return Inversion(actions.astype(np.float32), left.reshape(chunks.shape).astype(np.float32))


def _cost(left: np.ndarray, actions: np.ndarray, ridge: float) -> np.ndarray:
    """Return what is to be smallest, of every row."""
    cost: np.ndarray = np.sum(left**2, axis=1) + ridge * np.sum(actions**2, axis=1)
    return cost

"""Facts of a task that steering and learning need: scale, noise, discount, chunk."""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """Defaults that follow from the task; every library class and command line takes them here.

    Those of the shipped tasks stand in `zprl_env.tasks.TASKS`, those of a robot's in its preset.
    The class's own are for an environment that nothing is known of: the flow keeps the noise that
    its policy was trained with.
    """

    scale: float = 2.0
    """lambda, the size of the latent's perturbation at the agent's full deflection."""
    noise_scale: float = 1.0
    """Temperature of the flow's initial noise; 1 is imitation's, 0 leaves nothing to chance."""
    gamma: float = 0.99
    """Discount per environment step."""
    n_action_steps: int | None = None
    """Environment steps per decision; ``None`` is the policy's own."""
    horizon: int | None = None
    """Actions of a chunk that a base policy is trained with; ``None`` is the recipe's own."""


UNKNOWN = Facts()
"""Facts of an environment that is no task of the table."""

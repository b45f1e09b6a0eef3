"""Use of what a person does who takes the arm while an agent learns, and what is refused."""

from __future__ import annotations

from typing import Literal

from zprl_env.errors import ZprlError
from zprl_env.training.settings.algorithms import find_algorithm, off_policy_names

Takeover = Literal["demo", "prior", "both"]
"""Use of a person's decisions: ``"demo"``, they are recorded and not learned from; ``"prior"``,
they enter the replay buffer where a perturbation expresses them; ``"both"``."""
UNEXPLAINED = 0.5
"""Share of what a person's chunk differs by from the base policy's (RMS) that a perturbation may
leave over."""


def check_takeover(
    algo: str, takeover: Takeover, *, recorded: bool, num_envs: int, bootstrap: bool, reward: str
) -> None:
    """Refuse a person beside an agent that cannot learn there, or a use that is none.

    Args:
        algo: The algorithm.
        takeover: What is to be done with a person's decisions.
        recorded: Whether episodes are recorded.
        num_envs: Environments to collect from.
        bootstrap: Whether the agent's decision before a takeover looks on.
        reward: Shape of the reward.

    Raises:
        ZprlError: There is more than one arm, the algorithm learns from what it did itself alone,
            nothing is recorded, or a takeover would be a reward.

    >>> said = {"num_envs": 1, "bootstrap": True, "reward": "sparse"}
    >>> check_takeover("sac", "prior", recorded=False, **said)
    >>> check_takeover("ppo", "prior", recorded=False, **said)
    Traceback (most recent call last):
    policies.errors.ZprlError: --teleoperator must come with an algorithm that learns from a rep...
    """
    if not find_algorithm(algo).off_policy:
        raise ZprlError(
            f"--teleoperator must come with an algorithm that learns from a replay buffer, out of "
            f"which a person's doing can be kept: {', '.join(off_policy_names())}. Got: {algo}."
        )
    if num_envs > 1:
        raise ZprlError(
            f"--teleoperator must come with one environment, whose arm a person can take. Got: "
            f"--num-envs {num_envs}."
        )
    if takeover != "prior" and not recorded:
        raise ZprlError(
            f"--takeover {takeover} must come with a recording, which holds what a person did. "
            f"Got: none. Give --record runs/people.hdf5, or --takeover prior."
        )
    if not bootstrap and reward == "penalty":
        raise ZprlError(
            "takeover_bootstrap must be True with --reward penalty, whose penalties would end with "
            "a takeover: to be rescued would be the best of all. Got: False. Try --reward sparse."
        )

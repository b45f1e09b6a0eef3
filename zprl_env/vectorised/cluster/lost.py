"""Lost decisions: what is said of one whose worker died, and what is stored in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zprl_env.envs.outcomes import LOST, OUTCOME


def lost_info(observation: Any, reason: str) -> dict[str, Any]:
    """Return the info of an episode that ended in the state in which it was last seen.

    Args:
        observation: That state.
        reason: Why nothing more is known.
    """
    return {
        LOST: reason,
        OUTCOME: {OUTCOME: "cut off"},
        "TimeLimit.truncated": True,
        "terminal_observation": observation,
        "env_steps": 0,
        "is_success": False,
    }


def lost_columns(infos: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of the environments whose decision was lost.

    >>> lost_columns([{"env_steps": 8}, {"lost": "the worker has died"}])
    [1]
    """
    return [column for column, info in enumerate(infos) if LOST in info]


def known_only(
    lost: Sequence[int], arrays: Sequence[np.ndarray], infos: Sequence[dict[str, Any]]
) -> tuple[list[np.ndarray], list[dict[str, Any]]] | None:
    """Put another environment's decision in place of each that was lost, once more.

    A row of a replay buffer has a decision of every environment, and of these nobody knows the
    outcome.

    Args:
        lost: Numbers of those environments.
        arrays: A decision's parts, each with one entry per environment.
        infos: One per environment.

    Returns:
        The same, copied, without those; None if no other is left.

    >>> known_only([0], [np.array([5.0, 7.0]), np.array([True, False])], [{"lost": ""}, {}])[0]
    [array([7., 7.]), array([False, False])]
    """
    known = [column for column in range(len(infos)) if column not in lost]
    if not known:
        return None
    copies, told = [np.array(array) for array in arrays], list(infos)
    for column in lost:
        for copy in copies:
            copy[column] = copy[known[0]]
        told[column] = infos[known[0]]
    return copies, told

"""Conditions of deployment: how Lift, box-close and place-orange differ from their demonstrations.

Every amount that was tried is played by the base policy, on validation episodes. Of a condition's
amounts, which stand in order, the one that is chosen is the first that costs the policy 15 points
or more and leaves it some success; where none does, the last.
"""

from __future__ import annotations

import json
import shlex

from zprl_env.errors import UnknownNameError

Mismatch = dict[str, float]
"""Setting ``mismatch`` of an environment."""

NOMINAL = "nominal"
"""Condition of the demonstrations."""
KIND_OF = {
    "heavy": "object_mass",
    "slippery": "friction",
    "late": "gripper_delay",
    "biased": "observation_bias",
    "far": "start_region",
}
"""Kind of mismatch by the name of the condition."""

TRIED: dict[str, dict[str, tuple[float, ...]]] = {
    "Lift": {
        "heavy": (4, 10, 30),
        "slippery": (0.3, 0.15, 0.08),
        "late": (0.3, 0.6, 1.2, 2.5, 4.0),
        "biased": (0.01, 0.02, -0.01, -0.02),
        "far": (2, 3, 6),
    },
    "box-close": {
        "heavy": (4, 10, 30, 100),
        "slippery": (0.5, 0.25, 0.1, 0.03),
        "late": (0.1, 0.2, 0.5, 1.0, 1.2, 1.5),
        "biased": (0.01, 0.02, 0.03, -0.02),
        "far": (1.5, 2),
    },
    "Real": {
        "heavy": (4, 20),
        "slippery": (0.4, 0.2),
        "late": (0.3, 0.8),
        "biased": (0.015, -0.01, -0.015),
        "far": (1.5,),
    },
}
"""Amounts that were tried, by task and condition; the harsher, the later."""

CHOSEN: dict[str, dict[str, float]] = {
    "Lift": {"heavy": 30, "slippery": 0.15, "late": 4.0, "biased": -0.01, "far": 2},
    "box-close": {"heavy": 100, "slippery": 0.03, "late": 1.2, "biased": -0.02, "far": 2},
    "Real": {"heavy": 20, "slippery": 0.4, "late": 0.3, "biased": -0.01, "far": 1.5},
}
"""Amount that agents are trained and played on, by task and condition."""

CONDITIONS = (NOMINAL, *KIND_OF)
"""Names of all conditions."""


def mismatch(task: str, condition: str, amount: float | None = None) -> Mismatch:
    """Return the environment's setting of a condition.

    Args:
        task: A task of `CHOSEN`.
        condition: A name of `CONDITIONS`.
        amount: How much; what was chosen if None.

    Raises:
        UnknownNameError: There is no such task or condition.

    >>> mismatch("Lift", "nominal"), mismatch("Lift", "far")
    ({}, {'start_region': 2})
    """
    if task not in CHOSEN:
        raise UnknownNameError("task with conditions", task, CHOSEN)
    if condition not in CONDITIONS:
        raise UnknownNameError("condition", condition, CONDITIONS)
    if condition == NOMINAL:
        return {}
    return {KIND_OF[condition]: CHOSEN[task][condition] if amount is None else amount}


def words(task: str, condition: str) -> str:
    r"""Return the condition as flags of a command, nothing if it is the demonstrations'.

    >>> words("Lift", "far")
    '--env-kwargs \'mismatch={"start_region": 2}\''
    """
    found = mismatch(task, condition)
    return f"--env-kwargs {shlex.quote(f'mismatch={json.dumps(found)}')}" if found else ""

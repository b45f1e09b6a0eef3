"""Mismatch of robosuite's tasks with their demonstrations: grippers, sensors, starts."""

from __future__ import annotations

from typing import Any

import numpy as np


def gripper_numbers(env: Any, action: str) -> tuple[int, ...]:
    """Return the indices of an action's numbers that command grippers.

    Args:
        env: The robosuite environment.
        action: ``"delta"`` or ``"absolute"``, whose rotation has three numbers more.
    """
    indices: list[int] = []
    start = 0
    for robot in env.robots:
        composite, longer = robot.composite_controller, 0
        for name in composite.part_controllers:
            low, high = composite._action_split_indexes[name]
            if name in composite.grippers:
                indices += range(start + longer + low, start + longer + high)
            elif action == "absolute":
                longer += 3
        start += robot.action_dim + longer
    return tuple(indices)


def shift_objects(env: Any, metres: float) -> bool:
    """Let the sensors of objects' positions report them farther along x; False if there is none.

    What is measured relative to something else is computed from the shifted positions.
    """
    offset = np.array([metres, 0.0, 0.0])
    shown = [
        observable
        for name, observable in env._observables.items()
        if observable.modality == "object" and name.endswith("_pos") and "_to_" not in name
    ]
    for observable in shown:
        observable.set_corrupter(lambda position: position + offset)
    return bool(shown)


def widen_starts(env: Any, factor: float) -> bool:
    """Widen the regions that the task's samplers place objects in; False if it has no sampler."""
    widened = False
    waiting = [getattr(env, "placement_initializer", None)]
    while waiting:
        sampler = waiting.pop()
        waiting += [*getattr(sampler, "samplers", {}).values()]
        for name in ("x_range", "y_range"):
            if (span := getattr(sampler, name, None)) is not None:
                center, half = sum(span) / 2.0, (span[1] - span[0]) / 2.0
                setattr(sampler, name, (center - factor * half, center + factor * half))
                widened = widened or half > 0.0
    return widened

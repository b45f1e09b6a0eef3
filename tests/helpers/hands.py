"""What robosuite shows of a hand and of one thing."""

from __future__ import annotations

import numpy as np

HAND = np.array([0.0, 0.0, 1.0])


DOWN = (1.0, 0.0, 0.0, 0.0)


def seen(hand=HAND, *, gap=0.08, thing=(0.0, 0.0, 0.8), quaternion=DOWN) -> dict[str, np.ndarray]:
    """An observation of the first arm, whose fingers point down."""
    return {
        "robot0_eef_pos": np.array(hand),
        "robot0_eef_quat": np.array(quaternion),
        "robot0_gripper_qpos": np.array([gap / 2, -gap / 2]),
        "object": np.array([*thing, 0.0, 0.0, 0.0, 1.0]),
    }

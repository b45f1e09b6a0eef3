"""The experts for Adroit's hand: opening a door, hammering a nail, turning a pen."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from policies.errors import ZprlError
from zprl_env.errors import UnknownNameError
from zprl_env.experts.adroit.door import DoorPlan
from zprl_env.experts.adroit.hammer import HammerPlan
from zprl_env.experts.adroit.hand import AdroitHand
from zprl_env.experts.adroit.pen import PenPlan
from zprl_env.experts.base import Expert
from zprl_env.experts.quality import Quality

Observation = Mapping[str, np.ndarray]
PLANS = {"door": DoorPlan, "hammer": HammerPlan, "pen": PenPlan}


class AdroitExpert(Expert):
    """Expert that performs a plan for Adroit's hand.

    The plan says where the joints are to go, step by step; the hand knows what to command for it.
    When the plan ends the expert gives up and holds still.

    Args:
        task: ``"door"``, ``"hammer"`` or ``"pen"``.

    Raises:
        UnknownNameError: There is no plan for this task.

    Example:
        >>> expert = AdroitExpert("pen")
        >>> expert.reset(Quality())
        >>> upright = {"pen_pos": np.array([0, -0.2, 0.25]), "target_axis": np.array([0, 0, 1])}
        >>> expert.act(upright).shape
        (24,)
    """

    def __init__(self, task: str) -> None:
        super().__init__(task)
        if task not in PLANS:
            raise UnknownNameError("Adroit task", task, PLANS)
        self._hand = AdroitHand(task)
        self._observation: Observation = {}
        self._plan: Generator[np.ndarray, None, None] | None = None
        self._joints = np.zeros(0)
        self._gave_up = False

    @property
    def gave_up(self) -> bool:
        """Whether the plan has come to its end; see ``Expert.gave_up``."""
        return self._gave_up

    def reset(self, quality: Quality) -> None:
        """Begin a new episode; see ``Expert.reset``."""
        self._gave_up = False
        self._plan = PLANS[self.task](lambda: self._observation, quality).perform()

    def act(self, observation: Observation) -> np.ndarray:
        """Return the next action; see ``Expert.act``."""
        if self._plan is None:
            raise ZprlError(
                "AdroitExpert.act must come after AdroitExpert.reset. Call reset first."
            )
        self._observation = observation
        joints = next(self._plan, None)
        self._gave_up = joints is None
        if joints is not None:
            self._joints = joints
        return self._hand.action(self._joints)

"""Base class of a scripted expert, which demonstrates a task: subclass it for your own."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from zprl_env.experts.quality import Quality


class Expert(abc.ABC):
    """Scripted expert: demonstrates a task, as well as the episode's quality allows.

    An expert sees what a policy sees: the observation by its keys, nothing of the simulator. It is
    deterministic; whatever chance there is lies in the ``Quality`` given to ``reset``.

    Args:
        task: The suite's own name of the task; an expert may know several.
    """

    HANDS: ClassVar[tuple[slice, ...]] = ()
    """Slices of the action that move each hand; none if it cannot be disturbed."""
    ABSOLUTE: ClassVar[bool] = False
    """Whether these say where a hand is to be, and not how it is to move."""

    def __init__(self, task: str) -> None:
        self.task = task

    @property
    @abc.abstractmethod
    def gave_up(self) -> bool:
        """Whether the expert has made its last attempt: the demonstration ends here, a failure."""

    @abc.abstractmethod
    def reset(self, quality: Quality) -> None:
        """Begin a new episode.

        Args:
            quality: How well this episode is to be performed.
        """

    @abc.abstractmethod
    def act(self, observation: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the action for the present observation.

        Args:
            observation: The observation's parts by key, unbatched.

        Returns:
            The action in the environment's units. Shape ``(A,)``, float32.

        Raises:
            ZprlError: If called before the first ``reset``.
        """

"""End of robosuite's control step: rewards and observations that are up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mujoco
import numpy as np


class EndOfStep:
    """A mixin: rewards and observations describe the state at the end of the control step.

    robosuite computes both from body poses of the substep before. Where an observable is made
    from others that come after it (the pose of Square's nut relative to the hand), robosuite
    makes it from their values of the control step before, and in a reset from zeros. Here each
    is sampled once, behind those that it is made from.
    """

    sim: Any
    timestep: int
    model_timestep: float
    _obs_cache: dict[str, np.ndarray]
    _observables: dict[str, Any]
    _order: tuple[Any, ...] = ()
    _passes = 1
    fast = False

    def diverged(self) -> bool:
        """Tell whether MuJoCo met a number it could not go on with, and started over by itself."""
        counts = self.sim.data._data.warning.number
        return bool(counts[mujoco.mjtWarning.mjWARN_BADQPOS :].any())

    def _post_action(self, action: np.ndarray) -> tuple[float, bool, dict[str, Any]]:
        # Integration moves the joints and leaves the bodies where they were.
        mujoco.mj_kinematics(self.sim.model._model, self.sim.data._data)
        return super()._post_action(action)  # type: ignore[misc]

    def _update_observables(self, force: bool = False) -> None:
        for observable in self._order or self._observables.values():
            observable.update(self.model_timestep, self._obs_cache, force)

    def _get_observations(self, force_update: bool = False) -> dict[str, np.ndarray]:
        if self.timestep == 0:
            self._find_order()
        for _ in range(self._passes - 1):
            self._update_observables(force=True)
        return super()._get_observations(force_update=True)  # type: ignore[misc]

    def _find_order(self) -> None:
        """Sample all observables until none is out of date, and note what each is made from.

        Where no order would do, they are sampled as often in every step.
        """
        cache, self._order = _Watched(), ()
        made_from: dict[str, set[str]] = {name: set() for name in self._observables}
        passes, before = 0, None
        while passes <= len(self._observables):
            for name, observable in self._observables.items():
                cache.read.clear()
                cache.written.clear()
                observable.update(self.model_timestep, cache, force=True)
                made_from[name] |= cache.read & made_from.keys()
                for other in (cache.written & made_from.keys()) - {name}:
                    made_from[other].add(name)  # a sensor of robosuite's may make another's value
            now = [np.ravel(observable.obs) for observable in self._observables.values()]
            if before is not None and all(map(np.array_equal, before, now)):
                break
            passes, before = passes + 1, now
        self._obs_cache = dict(cache)
        order = behind_what_they_are_made_from(made_from)
        self._order = tuple(self._observables[name] for name in order)
        self._passes = 1 if order else passes


class _Watched(dict[str, Any]):
    """A cache of observables that notes what is looked up in it, and what is put there."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()
        self.written: set[str] = set()

    def __setitem__(self, name: str, value: Any) -> None:
        self.written.add(name)
        super().__setitem__(name, value)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Look up."""
        self.read.add(name)
        return super().get(name, default)


def behind_what_they_are_made_from(made_from: Mapping[str, set[str]]) -> list[str]:
    """Order names so that each comes behind those that it is made from, and else as they are.

    Args:
        made_from: For every name, others.

    Returns:
        The names; none if some are made from each other.

    >>> behind_what_they_are_made_from({"way": {"nut", "hand"}, "hand": set(), "nut": set()})
    ['hand', 'nut', 'way']
    >>> behind_what_they_are_made_from({"a": {"b"}, "b": {"a"}})
    []
    """
    order: list[str] = []
    left = dict(made_from)
    while left:
        ready = [name for name, others in left.items() if others - {name} <= {*order}]
        if not ready:
            return []
        order += ready
        for name in ready:
            del left[name]
    return order

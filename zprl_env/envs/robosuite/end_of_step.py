"""End of robosuite's control step: rewards and observations that are up to date."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np


class EndOfStep:
    """A mixin: rewards and observations describe the state at the end of the control step.

    robosuite computes both from body poses of the substep before. Where an observable is made
    from others that come after it (the pose of Square's nut relative to the hand), robosuite
    makes it from their values of the control step before, and in a reset from zeros.
    """

    sim: Any
    timestep: int
    _obs_cache: dict[str, np.ndarray]
    _observables: dict[str, Any]
    _update_observables: Any
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

    def _get_observations(self, force_update: bool = False) -> dict[str, np.ndarray]:
        if self.timestep == 0:
            self._passes = self._count_passes()
        for _ in range(self._passes - 1):
            self._update_observables(force=True)
        return super()._get_observations(force_update=True)  # type: ignore[misc]

    def _count_passes(self) -> int:
        """Return how often the observables have to be sampled until none is out of date."""
        self._obs_cache = {}
        passes, before = 0, None
        while passes <= len(self._observables):
            self._update_observables(force=True)
            now = [np.ravel(observable.obs) for observable in self._observables.values()]
            if before is not None and all(map(np.array_equal, before, now)):
                break
            passes, before = passes + 1, now
        return passes

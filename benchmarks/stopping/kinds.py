"""Kinds of robots of the stopping benchmark, their tasks and their shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.stopping.robots import WatchedCoasting, WatchedIdeal, WatchedSim
from benchmarks.stopping.served import WatchedServed
from real.tasks.files import load_preset
from real.tasks.preset import Preset


class Kind(NamedTuple):
    """A kind of robot.

    Attributes:
        task: Its preset.
        make: What makes one of a preset.
        share: Share of the random faults.
        still: Speed below which it is at rest [m/s].
        realtime: Whether its time passes by itself.
        scene: Whether it lays out its scene itself, so that nobody is waited for.
        changes: What its preset has otherwise.
    """

    task: str
    make: Callable[[Preset], Any]
    share: float
    still: float
    realtime: bool = False
    scene: bool = False
    changes: Mapping[str, Any] = {}

    @property
    def preset(self) -> Preset:
        """Its task."""
        content = load_preset(self.task).model_dump(mode="json")
        return Preset.model_validate(content | dict(self.changes))


HASTY = {"reset_speed": 1.0}
"""In real time arms go home as fast as they may, for that is waited for."""
RELAXED = {
    **HASTY,
    "rate": 20,
    "control_rate": 20,
    "watchdog": {"max_state_age": 0.6, "max_missed_deadlines": 60, "max_tracking_error": 0.2},
}
"""Deadlines that a machine meets on which server and client are beside other work."""


def _coasting(preset: Preset) -> WatchedCoasting:
    return WatchedCoasting(preset, realtime=True)


def _sim(preset: Preset) -> WatchedSim:
    return WatchedSim(preset, realtime=True)


ROBOTS = {
    "coasting": Kind("place-orange", WatchedCoasting, 0.35, 1e-6),
    "two arms, coasting": Kind("open-box", WatchedCoasting, 0.2, 1e-6),
    "ideal": Kind("place-orange", WatchedIdeal, 0.2, 1e-6, scene=True),
    "simulated": Kind("place-orange", WatchedSim, 0.1, 5e-3, scene=True),
    "coasting, real time": Kind(
        "place-orange", _coasting, 0.05, 2e-3, realtime=True, changes=HASTY
    ),
    "simulated, real time": Kind(
        "place-orange", _sim, 0.0, 5e-3, realtime=True, scene=True, changes=HASTY
    ),
    "served": Kind("place-orange", WatchedServed, 0.1, 2e-3, realtime=True, changes=RELAXED),
}
"""Robots by name. One that is coasting keeps its last velocity in silence; the served one does so
behind the HTTP interface of ``real.server``."""

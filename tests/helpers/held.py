"""``python -m zprl_env.experts.record`` on the point task, whose episodes can be held.

``HELD_FROM`` is the seed of the first episode that waits. Whoever wants to cut a recording off does
so while it waits, however busy the machine is.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import gymnasium as gym

from tests.helpers import point
from tests.helpers.point import PointEnv
from zprl_env import cli
from zprl_env.experts.record import main
from zprl_env.tasks import TASKS

HELD = replace(point.POINT, entry_point=f"{__name__}:HeldEnv")


class HeldEnv(PointEnv):
    """The point task, whose later episodes do not begin."""

    def reset(self, *, seed=None, options=None):
        if seed is not None and seed >= int(os.environ["HELD_FROM"]):
            Path(os.environ["HELD_MARKS"], str(seed)).touch()
            threading.Event().wait()
        return super().reset(seed=seed, options=options)


if __name__ in ("__main__", "__mp_main__"):  # the latter in processes that it starts
    TASKS["Point"] = HELD
    gym.registry[HELD.id] = replace(point.spec(), entry_point=HELD.entry_point)
if __name__ == "__main__":
    # As in a terminal: what starts in the background of a script ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.run(main)

"""LeRobot's policies: read by a reader of our own, computed by LeRobot's own networks."""

from policies.foreign.lerobot.loading import load

__all__ = ["load"]

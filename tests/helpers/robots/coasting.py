"""The robot that flies on in silence, which the benchmarks of the stop use as well."""

from __future__ import annotations

from benchmarks.tools.coasting import CoastingRobot, PunctualOperator

__all__ = ["CoastingRobot", "PunctualOperator"]

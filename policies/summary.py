"""Summary of a file of demonstrations; the public name of `policies.demonstrations.summary`."""

from __future__ import annotations

from policies.demonstrations.summary import Summary, saturation, summarise

__all__ = ["Summary", "saturation", "summarise"]

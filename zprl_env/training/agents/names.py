"""Names of an agent's files, known without importing what they are written with."""

from __future__ import annotations

MODEL, BEST = "model", "best"
"""Names of the agent that a run hands over, and of the best so far on the validation episodes."""

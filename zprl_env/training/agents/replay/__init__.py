"""Replay buffers of decisions: n-step targets, each decision's own discount, people's verdicts."""

from zprl_env.training.agents.replay.alternating import AlternatingReplayBuffer
from zprl_env.training.agents.replay.chunk import (
    BY_PERSON,
    CUT,
    ChunkReplayBuffer,
    end_trajectories,
)

__all__ = ["BY_PERSON", "CUT", "AlternatingReplayBuffer", "ChunkReplayBuffer", "end_trajectories"]

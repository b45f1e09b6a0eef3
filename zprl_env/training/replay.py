"""Replay buffers by the names that hyperparameter files give them."""

from __future__ import annotations

from zprl_env.training.agents.replay import AlternatingReplayBuffer, ChunkReplayBuffer

__all__ = ["AlternatingReplayBuffer", "ChunkReplayBuffer"]

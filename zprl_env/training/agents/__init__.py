"""Agents: unmodified SB3 models, their networks, replay buffer, warm-up and weights."""

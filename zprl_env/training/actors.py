"""Policy classes by the names that hyperparameter files give them."""

from __future__ import annotations

from zprl_env.training.agents.actors import (
    ActorCriticPolicy,
    CrossQPolicy,
    LstmPolicy,
    SACPolicy,
    TD3Policy,
    TQCPolicy,
)

__all__ = ["ActorCriticPolicy", "CrossQPolicy", "LstmPolicy", "SACPolicy", "TD3Policy", "TQCPolicy"]

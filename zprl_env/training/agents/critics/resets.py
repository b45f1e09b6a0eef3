"""Resets of an agent's networks while it learns: all weights begin anew, with the replay kept."""

from __future__ import annotations

import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from zprl_env.training.agents.critics.inputs import bind
from zprl_env.training.run.history import History

COUNTERS = ("key", "decisions", "explored", "critic.updates", "critic_target.updates")
"""Buffers of a policy that count what has happened, and are no weights."""


class Resets(BaseCallback):
    """Callback that resets networks, optimisers and temperature every so many environment steps.

    What a critic fits to its first few decisions stays with it, and many updates per decision make
    that worse; beginning anew on all that has been seen since is a known cure (Nikishin et al.,
    arXiv 2205.07802). The agent then acts as the base policy again, and learns fast.

    It belongs between validations, which are to see what was learned, and checkpoints, from which a
    run goes on with what was reset.
    """

    model: OffPolicyAlgorithm

    def __init__(self, history: History, every: int) -> None:
        """Watch a run.

        Args:
            history: The run's, which a resumed run goes on with.
            every: Environment steps between two resets. Nothing is reset before the first update.
        """
        super().__init__()
        self.history, self.every = history, every
        self._done = history.env_steps // every

    def _on_step(self) -> bool:
        due = self.history.env_steps // self.every
        if due > self._done:
            self._done = due
            if self.model._n_updates:
                reset(self.model)
        return True


def reset(model: OffPolicyAlgorithm) -> None:
    """Let a model's networks, optimisers and temperature begin anew; its replay buffer stays.

    Args:
        model: An off-policy model of torch, made with a policy class of this package's or the
            library's.
    """
    policy = model.policy
    fresh = model.policy_class(
        model.observation_space,
        model.action_space,
        model.lr_schedule,
        **model.policy_kwargs,
    )
    kept = {name: value for name, value in policy.state_dict().items() if name in COUNTERS}
    policy.load_state_dict(fresh.state_dict() | kept)
    for network in (policy.actor, policy.critic):
        network.optimizer.load_state_dict(
            type(network.optimizer)(network.parameters(), **network.optimizer.defaults).state_dict()
        )
    optimizer, said = getattr(model, "ent_coef_optimizer", None), getattr(model, "ent_coef", None)
    if optimizer is not None and isinstance(said, str):
        first = float(said.removeprefix("auto").removeprefix("_") or 1.0)
        with torch.no_grad():
            model.log_ent_coef.fill_(first).log_()
        optimizer.state.clear()
    bind(model)

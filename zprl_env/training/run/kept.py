"""Agent that a run hands over, and the validation results that it was chosen by."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from zprl_env.evaluation import EvaluationResult
from zprl_env.training.run.history import History


class Kept(NamedTuple):
    """Choice of the agent that is handed over, with the base policy as a candidate.

    The base policy itself, which is no agent's weights, cannot be handed over: where no agent did
    better on the validation episodes, the best of them is, and :attr:`beats_base` tells.

    Attributes:
        rule: ``"best"`` of the evaluated agents, or the ``"last"`` agent.
        env_steps: Environment steps after which the agent was taken.
        validation: Its result on the validation episodes; None if it was not evaluated.
        base: The base policy's on the same; None if it was not played.
        candidates: Agents that were evaluated.
    """

    rule: Literal["best", "last"]
    env_steps: int
    validation: EvaluationResult | None
    base: EvaluationResult | None
    candidates: int

    @property
    def beats_base(self) -> bool | None:
        """Whether it succeeded more often than the base policy; None if that is not known."""
        if self.validation is None or self.base is None:
            return None
        return self.validation.success_rate > self.base.success_rate

    @property
    def reason(self) -> str:
        """Sentence on which agent it is and why."""
        said = f"The agent is that of {self.env_steps:,} environment steps, "
        if self.rule == "best" and self.validation is not None:
            word = "evaluation" if self.candidates == 1 else "evaluations"
            said += f"the best of {self.candidates} {word}"
        else:
            said += "the last one"
            said += "" if self.candidates or self.rule == "last" else ": none was evaluated"
        if self.validation is None:
            return f"{said}."
        said += f": {self.validation.success_rate:.0%} of the validation episodes"
        if self.base is None:
            return f"{said}."
        said += f", the base policy {self.base.success_rate:.0%}."
        if not self.beats_base:
            said += " No better than the base policy there: use that one, or train longer."
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {
            "rule": self.rule,
            "agent_env_steps": self.env_steps,
            "validation_success": self.validation and self.validation.success_rate,
            "base_validation_success": self.base and self.base.success_rate,
            "beats_base_on_validation": self.beats_base,
            "evaluated_agents": self.candidates,
            "reason": self.reason,
        }


def choose(history: History, rule: Literal["best", "last"]) -> Kept:
    """Choose the agent that is handed over.

    Args:
        history: The run's.
        rule: ``"best"`` on the validation episodes, the latest if several are alike, or ``"last"``;
            the last one too if none was evaluated.

    >>> choose(History(env_steps=40), "best").env_steps
    40
    """
    results = dict(history.evaluations)
    env_steps = history.env_steps
    if rule == "best" and history.best is not None:
        env_steps = history.best
    agents = sum(at > 0 for at in results)
    return Kept(rule, env_steps, results.get(env_steps), results.get(0), agents)

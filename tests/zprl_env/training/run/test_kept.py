"""The agent that is handed over is told with its reason, the base policy among the candidates."""

from __future__ import annotations

import numpy as np
import pytest

from zprl_env.evaluation import EvaluationResult
from zprl_env.training.run.history import History
from zprl_env.training.run.kept import choose


def result(successes: int) -> EvaluationResult:
    outcomes = np.arange(4) < successes
    return EvaluationResult(np.arange(4), outcomes, np.full(4, 3))


def history(base: int, *agents: int) -> History:
    evaluations = [(20 * at, result(n)) for at, n in enumerate((base, *agents))]
    return History(env_steps=70, evaluations=evaluations)


@pytest.mark.parametrize(
    ("agents", "at", "beats"),
    [((1, 3, 2), 40, True), ((2, 2, 1), 40, False), ((1, 0, 0), 20, False)],
)
def test_the_best_agent_is_kept_and_compared_with_the_base_at_step_0(agents, at, beats):
    kept = choose(history(2, *agents), "best")
    assert (kept.env_steps, kept.beats_base, kept.candidates) == (at, beats, 3)
    assert f"that of {at} environment steps, the best of 3 evaluations" in kept.reason
    assert ("No better than the base policy there" in kept.reason) is not beats
    content = kept.to_dict()
    assert content["beats_base_on_validation"] is beats
    assert content["base_validation_success"] == 0.5


def test_the_last_agent_need_not_have_been_evaluated():
    kept = choose(history(2, 4), "last")
    assert (kept.env_steps, kept.beats_base) == (70, None)
    assert kept.reason == "The agent is that of 70 environment steps, the last one."
    kept = choose(history(2), "best")
    assert kept.reason.endswith("the last one: none was evaluated.")
    assert kept.to_dict()["validation_success"] is None

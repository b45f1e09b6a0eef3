"""Cost model of collecting beside learning: what saturates first, and where that leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.tables import markdown
from zprl_env.training.collecting.crew import FRESH

PREDICTED = (10, 100, 1_000)
LEARNERS = {"measured": None, "2.4 ms (SBX on a core)": 2.4e-3, "0.5 ms (a GPU, assumed)": 0.5e-3}
"""Seconds of an update, by what is said of it; None is what was measured here."""


class Costs(NamedTuple):
    """Costs as they were measured; times are of a core, so that what else runs hardly counts.

    Attributes:
        decision: Time of a worker for a decision: policy, actor and simulation [s].
        update: Time of the learner for a gradient step [s].
        stored: Time of the learner to store a decision and tell the callbacks [s].
        request: Time of the learner for a request and its answer [s].
        per_request: Decisions of an answer.
        answer: Size of an answer [bytes].
        handout: Size of the actor's weights [bytes].
        env_steps: Environment steps of a decision.
    """

    decision: float
    update: float
    stored: float
    request: float
    per_request: float
    answer: float
    handout: float
    env_steps: float


class Prediction(NamedTuple):
    """Prediction for so many workers.

    Attributes:
        decisions: Per second.
        first: What saturates: ``"workers"``, ``"updates"`` or ``"storing"``.
        share: Time of the learner that is spent, 1 if it is saturated.
        megabytes: Per second, into and out of the learner.
    """

    decisions: float
    first: str
    share: float
    megabytes: float


def predict(
    costs: Costs,
    workers: int,
    updates_per_decision: float,
    update: float | None = None,
    efficiency: float = 1.0,
) -> Prediction:
    """Predict the rate of learning with a core for each worker and one for the learner.

    Args:
        costs: What was measured.
        workers: Workers.
        updates_per_decision: The recipe's.
        update: Time of an update [s]; None is what was measured.
        efficiency: Share of what workers could do that they did where it was measured.

    >>> costs = Costs(0.01, 0.005, 0.0001, 0.001, 10, 1e4, 4e5, 8)
    >>> predict(costs, 1, 1).first, predict(costs, 100, 4).first, predict(costs, 100, 0).first
    ('workers', 'updates', 'storing')
    """
    learning = updates_per_decision * (costs.update if update is None else update)
    storing = costs.stored + costs.request / costs.per_request
    collected, learned = efficiency * workers / costs.decision, 1 / (learning + storing)
    rate = min(collected, learned)
    first = "workers" if collected < learned else "updates" if learning > storing else "storing"
    requests = rate / costs.per_request
    handouts = min(workers / FRESH, requests)
    flow = requests * costs.answer + handouts * costs.handout
    return Prediction(rate, first, rate / learned, flow / 1e6)


def alone(costs: Costs, workers: int, cores: int) -> float:
    """Predict decisions per second of workers alone, without a learner, on so many cores.

    >>> alone(Costs(0.01, 0.005, 0.0, 0.01, 10, 1e4, 4e5, 8), workers=1, cores=2)
    100.0
    """
    each = costs.decision + costs.request / costs.per_request
    return min(workers / costs.decision, cores / each)


def efficiency(content: Mapping[str, Any]) -> float:
    """Fit the one number that is not measured: the share of the predicted rates that was reached.

    Args:
        content: What ``costs`` has kept.
    """
    costs, cores = Costs(**content["costs"]), content["machine"]["cores"]
    reached = content["collected_per_second"].items()
    return median(rate / alone(costs, int(workers), cores) for workers, rate in reached)


def costs_table(contents: Sequence[Mapping[str, Any]]) -> str:
    """Draw up what was measured as Markdown, with the rates that the model says beside."""
    head = ["task", "decision [ms]", "update [ms]", "storing [ms]", "request [ms]"]
    head += ["answer [kB]", "weights [kB]", "workers: decisions/s measured (model)"]
    lines = []
    for content in contents:
        costs, cores = Costs(**content["costs"]), content["machine"]["cores"]
        times = (costs.decision, costs.update, costs.stored, costs.request)
        cells = [f"{1e3 * time:.2f}" for time in times]
        cells += [f"{size / 1e3:.1f}" for size in (costs.answer, costs.handout)]
        rates = [
            f"{workers}: {rate:.0f} ({alone(costs, int(workers), cores):.0f})"
            for workers, rate in content["collected_per_second"].items()
        ]
        lines.append([content["task"], *cells, ", ".join(rates)])
    return markdown.table(head, lines)


def prediction_table(content: Mapping[str, Any], budget: int = 80_000) -> str:
    """Draw up what is predicted for one task as Markdown."""
    costs, reached = Costs(**content["costs"]), efficiency(content)
    head = [f"{content['task']}, updates per decision", "an update", "workers"]
    head += ["env steps/s", f"minutes for {budget:,}", "saturated", "learner", "MB/s"]
    lines = []
    for ratio in (4, 1):
        for name, update in LEARNERS.items():
            for workers in PREDICTED:
                found = predict(costs, workers, ratio, update, reached)
                rate = found.decisions * costs.env_steps
                said = f"{1e3 * costs.update:.1f} ms (measured)" if update is None else name
                row = [
                    f"{ratio}",
                    said,
                    f"{workers:,}",
                    f"{rate:,.0f}",
                    f"{budget / rate / 60:.1f}",
                ]
                lines.append([*row, found.first, f"{found.share:.2f}", f"{found.megabytes:.1f}"])
    return markdown.table(head, lines)

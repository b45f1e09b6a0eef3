"""Report of a run: a table, a verdict in a sentence, a learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from zprl_env.envs.outcomes import told
from zprl_env.evaluation import EvaluationResult
from zprl_env.files import write_picture
from zprl_env.success_rates import PairedDifference, needed, verdict, wilson_interval
from zprl_env.training.run.history import WINDOW, History


def chunks_told(steering: Any) -> str:
    """Say how much of a chunk is executed, and whether the policy was trained to have as much.

    Args:
        steering: A :class:`~zprl_env.steering.base.Steering`.

    >>> from types import SimpleNamespace
    >>> policy = SimpleNamespace(horizon=16, n_action_steps=8)
    >>> chunks_told(SimpleNamespace(policy=policy, n_action_steps=4))
    "4 of 16 predicted actions are executed; the policy's own number is 8, compare"
    """
    policy, executed = steering.policy, steering.n_action_steps
    own = int(policy.n_action_steps)
    other = "" if executed == own else f"; the policy's own number is {own}, compare"
    return f"{executed} of {policy.horizon} predicted actions are executed{other}"


def print_table(
    results: Mapping[str, EvaluationResult],
    difference: PairedDifference | None = None,
    console: Console | None = None,
    updates: int | None = None,
) -> None:
    """Print successes side by side, and in a sentence which of two policies is better.

    Args:
        results: Outcomes by name, all on the same seeds.
        difference: How the last differs from the one it is compared with.
        console: Where to print.
        updates: Gradient steps of the last one, if known.
    """
    console = console or Console()
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("policy")
    for column in ("success", "95 % interval", "episodes", "length"):
        table.add_column(column, justify="right")
    if updates is not None:
        table.add_column("updates", justify="right")
    lost = any(result.not_counted for result in results.values())
    if lost:
        table.add_column("not counted", justify="right")
    last = [*results][-1] if results else ""
    for name, result in results.items():
        low, high = result.interval
        row = [
            name,
            f"{result.success_rate:.1%}",
            f"{low:.1%} - {high:.1%}",
            str(result.episodes),
            f"{result.mean_length:.1f}",
        ]
        if updates is not None:
            row.append(f"{updates:,}" if name == last else "-")
        if lost:
            row.append(told(result.not_counted))
        table.add_row(*row)
    console.print(table)
    if difference is not None:
        episodes = [*results.values()][-1].episodes
        test = "(Paired by episode; exact McNemar test.)"
        for said in (verdict(difference, episodes), needed(difference, episodes), test):
            if said:
                console.print(said, markup=False, highlight=False)


def draw_curve(path: Path, history: History, results: Mapping[str, EvaluationResult]) -> None:
    """Draw success against environment steps.

    Args:
        path: PNG to write.
        history: The run.
        results: Outcomes on the test seeds; the last is drawn as the run's end, the others as
            lines to compare with.

    Raises:
        RunFolderError: It cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.8), layout="constrained")
    axes = figure.subplots()
    if history.episode_ends:
        successes = np.asarray(history.episode_successes, float)
        window = min(WINDOW, (len(successes) + 1) // 2)  # of few episodes a line as well
        rolling = np.convolve(successes, np.ones(window) / window, mode="valid")
        axes.plot(
            history.episode_ends[window - 1 :],
            rolling,
            color="tab:gray",
            linewidth=1,
            label=f"while exploring (last {window} episodes)",
        )
    if history.evaluations:
        steps = [at for at, _ in history.evaluations]
        rates = [result.success_rate for _, result in history.evaluations]
        ends = np.array(
            [wilson_interval(int(r.successes.sum()), r.episodes) for _, r in history.evaluations]
        )
        axes.fill_between(steps, ends[:, 0], ends[:, 1], alpha=0.2, color="tab:blue", linewidth=0)
        axes.plot(steps, rates, "o-", color="tab:blue", markersize=3, label="validation episodes")
    *others, last = results.items()
    for style, (name, result) in zip(("--", ":", "-."), others, strict=False):
        axes.axhline(
            result.success_rate, linestyle=style, color="tab:red", label=f"{name}, test episodes"
        )
    name, result = last
    low, high = result.interval
    rate = result.success_rate
    axes.errorbar(
        [history.env_steps],
        [rate],
        yerr=[[rate - low], [high - rate]],
        fmt="D",
        color="tab:green",
        capsize=3,
        label=f"{name}, test episodes",
    )
    axes.set(xlabel="environment steps", ylabel="success rate", ylim=(-0.02, 1.02))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    write_picture(path, figure, dpi=150)

"""Report of a run: a table, a learning curve, a film (video)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from rich.console import Console
from rich.table import Table

from zprl_env.envs import make_env
from zprl_env.evaluation import Agent, EvaluationResult, evaluate
from zprl_env.loading.resolve import PolicyLike
from zprl_env.success_rates import PairedDifference, wilson_interval
from zprl_env.training.environment import evaluation_env
from zprl_env.training.run.history import WINDOW, History
from zprl_env.training.settings.recipe import Recipe


def print_table(
    results: Mapping[str, EvaluationResult],
    difference: PairedDifference | None = None,
    console: Console | None = None,
    updates: int | None = None,
) -> None:
    """Print successes side by side, and the paired difference of the last two.

    Args:
        results: Outcomes by name, all on the same seeds.
        difference: How the last differs from the one it is compared with.
        console: Where to print.
        updates: How often the last one's agent was updated, if there is one.
    """
    console = console or Console()
    table = Table(caption=None if updates is None else f"{updates:,} updates of the agent")
    table.add_column("policy")
    for column in ("success", "95 % interval", "episodes", "mean length [steps]"):
        table.add_column(column, justify="right")
    for name, result in results.items():
        low, high = result.interval
        table.add_row(
            name,
            f"{result.success_rate:.1%}",
            f"{low:.1%} - {high:.1%}",
            str(result.episodes),
            f"{result.mean_length:.1f}",
        )
    console.print(table)
    if difference is not None:
        console.print(
            f"Paired difference {difference.difference:+.1%}: {difference.gained} episodes gained, "
            f"{difference.lost} lost (exact McNemar p = {difference.p_value:.2g})"
        )


def draw_curve(path: Path, history: History, results: Mapping[str, EvaluationResult]) -> None:
    """Draw success against environment steps.

    Args:
        path: PNG to write.
        history: The run.
        results: Outcomes on the test seeds; the last is drawn as the run's end, the others as
            lines to compare with.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots()
    if history.episode_ends:
        successes = np.asarray(history.episode_successes, float)
        window = min(WINDOW, len(successes))
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
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=150)


def film(
    env: str,
    policy: PolicyLike,
    where: str,
    recipe: Recipe,
    agent: Agent | None,
    seed: int,
    env_kwargs: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """Film one episode, every environment step of it.

    Args:
        env: Task, as :func:`~zprl_env.envs.make_env` takes it.
        policy: A policy object, a path or a shipped name.
        where: Where the agent enters the policy.
        recipe: Settings of the steering.
        agent: The agent; ``None`` is the base policy.
        seed: Seed of the episode.
        env_kwargs: Passed to the environment.

    Returns:
        The pictures. Shape ``(T, height, width, 3)``, uint8.

    Raises:
        RenderingError: There is no OpenGL to be had.
    """
    # Below the steering, which shows one observation per decision.
    frames = gym.wrappers.RenderCollection(
        make_env(env, render_mode="rgb_array", **(env_kwargs or {}))
    )
    with closing(evaluation_env(frames, policy, where, recipe)) as steered:
        evaluate(steered, agent, [seed])
        return np.asarray(frames.render())


def write_video(path: Path, pictures: np.ndarray, fps: int = 20) -> None:
    """Write pictures of shape ``(T, height, width, 3)`` as an MP4."""
    import imageio.v3 as iio

    iio.imwrite(path, pictures, fps=fps, codec="libx264")

"""What a gradient step of SAC costs: ``python -m benchmarks.learner``.

Variants of the agent take gradient steps on the same random replay, sized as the steered task is.
They take turns, and the medians are reported with the seconds that the first steps took. SBX, the
same algorithms in JAX, is measured where it is installed (the extra ``sbx``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table
from stable_baselines3 import SAC
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv

from benchmarks.machine import machine
from zprl_env import cli
from zprl_env.errors import ZprlError
from zprl_env.files import check_file, write_json
from zprl_env.training.agents.model import make_model
from zprl_env.training.settings.recipe import Recipe

DECISIONS = 2000
"""Decisions in the replay buffer."""


@dataclass(frozen=True)
class Settings:
    """Measure what a gradient step of SAC costs, by network, batch and library."""

    observation_dim: int = 72
    """Size of the agent's observation; a shipped policy's embedding and latent by default."""
    action_dim: int = 8
    """Size of its action."""
    repeats: int = 20
    """Times that every variant is measured."""
    updates: int = 20
    """Gradient steps each time."""
    compiled: bool = True
    """Measure torch.compile too, which takes a minute to start."""
    out: Path = Path(__file__).parent / "results" / "learner.json"
    """File for the results."""

    def __post_init__(self) -> None:
        for name in ("observation_dim", "action_dim", "repeats", "updates"):
            if getattr(self, name) < 1:
                raise ZprlError(f"{name} must be at least 1. Got: {getattr(self, name)}.")


class Nowhere(gym.Env[np.ndarray, np.ndarray]):
    """Has the spaces of a steered task and nothing else."""

    def __init__(self, settings: Settings) -> None:
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (settings.observation_dim,))
        self.action_space = gym.spaces.Box(-1.0, 1.0, (settings.action_dim,))

    def reset(self, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Return a constant."""
        return np.zeros(self.observation_space.shape or (), np.float32), {}


def fill(model: OffPolicyAlgorithm) -> OffPolicyAlgorithm:
    """Put random decisions into a model's replay buffer."""
    buffer, rng = model.replay_buffer, np.random.default_rng(0)
    assert buffer is not None
    size, action_size = buffer.observations.shape[-1], buffer.actions.shape[-1]
    for index in range(DECISIONS):
        before, after = rng.standard_normal((2, 1, size), dtype=np.float32)
        action = rng.uniform(-1, 1, (1, action_size)).astype(np.float32)
        over = np.array([index % 15 == 14])
        buffer.add(before, after, action, over.astype(np.float32), over, [{"env_steps": 8}])
    model.set_logger(Logger(None, []))
    return model


def ours(env: DummyVecEnv, hidden: int, *, layer_norm: bool = True, compiled: bool = False) -> SAC:
    """What ``train_sb3.py`` trains, with networks of another width."""
    recipe = replace(
        Recipe(), hidden=(hidden, hidden), layer_norm=layer_norm, buffer_size=DECISIONS
    )
    model = make_model("sac", recipe, env, n_action_steps=8, seed=0)
    assert isinstance(model, SAC)
    if compiled:
        for network in (model.critic, model.critic_target, model.actor.latent_pi):
            network.compile()
    return model


def jax_sac(env: DummyVecEnv, hidden: int) -> OffPolicyAlgorithm:
    """SBX's SAC with layer normalisation in the critics."""
    import sbx

    model: OffPolicyAlgorithm = sbx.SAC(
        "MlpPolicy",
        env,
        buffer_size=DECISIONS,
        seed=0,
        policy_kwargs={"net_arch": [hidden, hidden], "layer_norm": True},
    )
    return model


def variants(
    env: DummyVecEnv, *, compiled: bool
) -> dict[str, tuple[int, int, Callable[[], OffPolicyAlgorithm]]]:
    """Batch, torch threads and maker of every variant, by name; the first is the default."""
    rows: dict[str, tuple[int, int, Callable[[], OffPolicyAlgorithm]]] = {}
    for hidden, batch in ((128, 128), (256, 256)):
        size = f"2 x {hidden}, batch {batch}"
        rows[f"ours, {size}"] = (batch, 1, partial(ours, env, hidden))
        rows[f"ours, {size}, 2 threads"] = (batch, 2, partial(ours, env, hidden))
        if compiled:
            rows[f"ours, {size}, compiled"] = (batch, 1, partial(ours, env, hidden, compiled=True))
        plain = partial(ours, env, hidden, layer_norm=False)
        rows[f"MlpPolicy, {size}"] = (batch, 1, plain)
        if find_spec("sbx"):
            rows[f"SBX, {size}"] = (batch, 1, partial(jax_sac, env, hidden))
    return rows


def measure(settings: Settings) -> dict[str, dict[str, float]]:
    """Let the variants take turns.

    Returns:
        By variant: microseconds of a gradient step, and seconds of the first one with everything
        that is made for it.
    """
    env = DummyVecEnv([lambda: Nowhere(settings)])
    rows = variants(env, compiled=settings.compiled)
    models: dict[str, OffPolicyAlgorithm] = {}
    starts: dict[str, float] = {}
    for name, (batch, threads, make) in rows.items():
        torch.set_num_threads(threads)
        models[name] = fill(make())
        began = time.perf_counter()
        models[name].train(gradient_steps=settings.updates, batch_size=batch)
        starts[name] = time.perf_counter() - began
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(settings.repeats):
        for name, (batch, threads, _) in rows.items():
            torch.set_num_threads(threads)
            began = time.perf_counter()
            models[name].train(gradient_steps=settings.updates, batch_size=batch)
            times[name].append((time.perf_counter() - began) / settings.updates)
    return {
        name: {"microseconds": 1e6 * median(values), "seconds_to_start": starts[name]}
        for name, values in times.items()
    }


def main(settings: Settings) -> None:
    """Measure, print, write."""
    check_file(settings.out)
    results = measure(settings)
    table = Table()
    table.add_column("SAC")
    for column in ("us per gradient step", "s to the first"):
        table.add_column(column, justify="right")
    for name, row in results.items():
        table.add_row(name, f"{row['microseconds']:.0f}", f"{row['seconds_to_start']:.1f}")
    Console(soft_wrap=True).print(table)
    write_json(settings.out, {"results": results, "machine": machine()})


if __name__ == "__main__":
    cli.run(lambda: main(tyro.cli(Settings)))

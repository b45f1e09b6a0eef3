"""Shares of a training's time: a clock of CPU seconds by part, and one training that it times."""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

PARTS = ("physics", "rendering", "encoding", "decoding", "learning")
WARM_UP = 40
"""Decisions before anything is measured."""


class Clock:
    """Clock of CPU seconds by part; time within a part inside another counts for the inner one."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = time.process_time()

    def _turn(self) -> None:
        now = time.process_time()
        self.seconds[self._open[-1] if self._open else "rest"] += now - self._since
        self._since = now

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call whose time counts for a part."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._turn()
            self._open.append(part)
            try:
                return call(*args, **kwargs)
            finally:
                self._turn()
                self._open.pop()

        return timed

    def start(self) -> None:
        """Begin anew."""
        self.seconds.clear()
        self._since = time.process_time()

    def stop(self) -> dict[str, float]:
        """Return the seconds by part."""
        self._turn()
        return {part: self.seconds[part] for part in (*PARTS, "rest")}


def resident() -> float:
    """Return the memory that this process has now [MB]."""
    return psutil.Process().memory_info().rss / 2**20


def measure(
    task: str, policy_name: str, env_steps: int, updates: float | None = None
) -> dict[str, Any]:
    """Train for a while and say where the time went; in a process that did nothing before.

    Args:
        task: The task.
        policy_name: Its base policy.
        env_steps: Environment steps to train for, about.
        updates: Updates per decision; the recipe's if not given.

    Returns:
        CPU seconds by part, and memory, as values of JSON.
    """
    import numpy as np
    import torch

    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.training.agents.model import make_model
    from zprl_env.training.environment import make_training_envs
    from zprl_env.training.settings.recipe import recipe_for

    torch.set_num_threads(1)
    policy: Any = resolve_policy(policy_name)
    recipe = replace(recipe_for("sac", "default", "latent", task), warmup_decisions=WARM_UP)
    if updates is not None:
        recipe = replace(recipe, updates_per_decision=updates)
    envs = make_training_envs(task, policy, "latent", recipe, num_envs=1, seed=0)
    with closing(envs):
        steps = recipe.n_action_steps or policy.n_action_steps
        model: Any = make_model("sac", recipe, envs, n_action_steps=steps, seed=0)
        clock, env = Clock(), envs.unwrapped.envs[0].unwrapped
        for holder, name, part in (
            (env, "step", "physics"),
            (env, "reset", "physics"),
            (env.eyes, "_take", "rendering"),
            (policy, "encode", "encoding"),
            (policy, "decode", "decoding"),
            (model, "train", "learning"),
        ):
            if holder is not None:
                setattr(holder, name, clock.timed(part, getattr(holder, name)))
        model.learn(WARM_UP + 10)
        buffer = model.replay_buffer
        began, begins = buffer.size(), resident()
        clock.start()
        decisions = env_steps // steps
        model.learn(decisions, reset_num_timesteps=False)
        seconds = clock.stop()
        arrays = [part for part in vars(buffer).values() if isinstance(part, np.ndarray)]
        return {
            "policy": Path(policy_name).name,
            "cameras": list(getattr(policy, "cameras", ())),
            "decisions": buffer.size() - began,
            "seconds": seconds,
            "replay_bytes": sum(part.nbytes for part in arrays) / buffer.buffer_size,
            "begins_megabytes": begins,
            "ends_megabytes": resident(),
            "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

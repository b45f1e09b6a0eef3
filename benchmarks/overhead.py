"""What steering costs: ``python -m benchmarks.overhead``.

The same actions take the same simulator through the same episodes three times: step by step, in
chunks, and chosen by the steered policy (which a zero action leaves as it is). What differs is the
toolkit's own time. The three take turns, and the medians are reported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
import tyro
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from zprl_env import ActionChunkWrapper, LatentSteeringWrapper, cli, make_env
from zprl_env.errors import ZprlError
from zprl_env.policy_loading import resolve_policy
from zprl_env.steerable import SteerablePolicy
from zprl_env.tasks import TASKS, task_name
from zprl_env.training.files import check_file, write_json

EPISODES = 3
WAYS = ("bare", "chunked", "steered")


@dataclass(frozen=True)
class Settings:
    """Measure what steering costs, beside the simulator it steers in."""

    env: str = "Lift"
    """Task."""
    policy: str | None = None
    """Policy: a checkpoint folder or a shipped name; the task's own if not given."""
    seconds: float = 20.0
    """How long to measure each kind of simulator."""
    out: Path = Path(__file__).parent / "results" / "overhead.json"
    """File for the results."""

    def __post_init__(self) -> None:
        task_name(self.env)
        if not 0.0 < self.seconds < float("inf"):
            raise ZprlError(f"seconds must be above 0. Got: {self.seconds}.")


class Episode(NamedTuple):
    """What the policy does by itself in one episode; actions of shape ``(T, A)``."""

    seed: int
    actions: np.ndarray


class Recorder(gym.Wrapper[Any, np.ndarray, Any, np.ndarray]):
    """Remembers the actions of an episode."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Forget those of the episode before."""
        self.actions: list[np.ndarray] = []
        return super().reset(**options)

    def step(self, action: np.ndarray) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Remember one."""
        self.actions.append(action)
        return super().step(action)


def steer(env: gym.Env, policy: SteerablePolicy) -> LatentSteeringWrapper:
    """Make chance play no part, so that a seed has one sequence of actions."""
    return LatentSteeringWrapper(env, policy, scale=0.0, sample_latent=False, noise_scale=0.0)


def record(env: gym.Env, policy: SteerablePolicy) -> list[Episode]:
    """Let the policy play some episodes."""
    recorder = Recorder(env)
    steered = steer(recorder, policy)
    episodes = []
    for seed in range(EPISODES):
        over = not steered.reset(seed=seed)
        while not over:
            _, _, terminated, truncated, _ = steered.step(np.zeros(policy.latent_dim, np.float32))
            over = terminated or truncated
        episodes.append(Episode(seed, np.array(recorder.actions)))
    return episodes


def cut(actions: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Cut actions ``(T, A)`` into chunks ``(length, A)``, the last filled up by its last action."""
    for start in range(0, len(actions), length):
        chunk = actions[start : start + length]
        yield np.concatenate([chunk, np.repeat(chunk[-1:], length - len(chunk), axis=0)])


def rate(env: gym.Env, episodes: list[Episode], inputs: list[list[np.ndarray]]) -> float:
    """Measure environment steps per second; resets are not counted.

    Args:
        env: Environment, in whatever wrapper.
        episodes: Episodes to play.
        inputs: What to give ``env.step`` in each of them.

    Raises:
        ZprlError: An episode had another length than it was recorded with.
    """
    seconds = 0.0
    for episode, steps in zip(episodes, inputs, strict=True):
        env.reset(seed=episode.seed)
        over, taken = False, 0
        start = time.perf_counter()
        for step in steps:
            _, _, terminated, truncated, info = env.step(step)
            taken += info.get("env_steps", 1)
            over = terminated or truncated
        seconds += time.perf_counter() - start
        if not over or taken != len(episode.actions):
            raise ZprlError(
                f"An episode must repeat itself. Got: {taken} steps instead of "
                f"{len(episode.actions)}."
            )
    return sum(len(episode.actions) for episode in episodes) / seconds


def measure(settings: Settings, policy: SteerablePolicy, **options: Any) -> dict[str, Any]:
    """Measure one kind of simulator in all ways."""
    n = policy.n_action_steps
    with (
        closing(make_env(settings.env, **options)) as bare,
        closing(ActionChunkWrapper(make_env(settings.env, **options), n)) as chunked,
        closing(steer(make_env(settings.env, **options), policy)) as steered,
    ):
        episodes = record(bare, policy)
        chunks = [list(cut(episode.actions, n)) for episode in episodes]
        zero = np.zeros(policy.latent_dim, np.float32)
        plans = {
            "bare": (bare, [list(episode.actions) for episode in episodes]),
            "chunked": (chunked, chunks),
            "steered": (steered, [[zero] * len(inputs) for inputs in chunks]),
        }
        rates: dict[str, list[float]] = {way: [] for way in WAYS}
        for env, inputs in plans.values():  # the first time is slower
            rate(env, episodes, inputs)
        begun = time.perf_counter()
        for way in cycle(WAYS):
            if way == WAYS[0] and rates[way] and time.perf_counter() - begun > settings.seconds:
                break
            rates[way].append(rate(plans[way][0], episodes, plans[way][1]))
    ratios = [s / b for s, b in zip(rates["steered"], rates["bare"], strict=True)]
    return {
        "steps_per_second": {way: median(values) for way, values in rates.items()},
        "steered_over_bare": median(ratios),
        "repeats": len(ratios),
        "steps_per_repeat": sum(len(episode.actions) for episode in episodes),
    }


def decisions(env: gym.Env, policy: SteerablePolicy) -> Iterator[np.ndarray]:
    """Play the policy's episodes and pause where it decides.

    What the caller runs in a pause finds the caches as the simulator leaves them.

    Args:
        env: The bare simulator.
        policy: The policy.

    Yields:
        The observation. Shape ``(O,)``.
    """
    for episode in record(env, policy):
        observation, _ = env.reset(seed=episode.seed)
        for index, action in enumerate(episode.actions):
            if index % policy.n_action_steps == 0:
                yield observation
            observation, *_ = env.step(action)


def policy_time(env: gym.Env, policy: SteerablePolicy) -> dict[str, float]:
    """Measure a decision's two halves between steps of the simulator [us].

    Args:
        env: The bare simulator.
        policy: The policy.

    Returns:
        Medians of encoding one observation and of decoding one chunk.
    """
    noise = np.zeros((1, policy.horizon, policy.action_dim), np.float32)
    times: dict[str, list[float]] = {"encode": [], "decode": []}
    for observation in decisions(env, policy):
        begun = time.perf_counter()
        latents = policy.encode(observation[np.newaxis]).mean
        between = time.perf_counter()
        policy.decode(latents, noise)
        times["encode"].append(between - begun)
        times["decode"].append(time.perf_counter() - between)
    return {half: 1e6 * median(values) for half, values in times.items()}


def show(content: dict[str, Any]) -> None:
    """Print the results."""
    console = Console(soft_wrap=True)
    table = Table()
    table.add_column("simulator")
    for column in (*(f"{way} [steps/s]" for way in WAYS), "steered / bare"):
        table.add_column(column, justify="right")
    for name, result in content["simulators"].items():
        rates = [f"{result['steps_per_second'][way]:.0f}" for way in WAYS]
        table.add_row(name, *rates, f"{result['steered_over_bare']:.3f}")
    console.print(table)
    times = content["policy_microseconds"]
    console.print(
        f"Policy: {times['encode']:.0f} us to encode and {times['decode']:.0f} us to decode, once "
        f"per decision of {content['n_action_steps']} environment steps."
    )


def main(settings: Settings) -> None:
    """Measure, print, write."""
    check_file(settings.out)
    torch.set_num_threads(1)
    name = settings.policy or settings.env
    policy = resolve_policy(name)
    kinds: dict[str, dict[str, Any]] = {settings.env: {}}
    if TASKS[task_name(settings.env)].suite == "robosuite":
        kinds = {"fast=True": {}, "fast=False": {"fast": False}}
    simulators = {kind: measure(settings, policy, **options) for kind, options in kinds.items()}
    with closing(make_env(settings.env)) as env:
        times = policy_time(env, policy)
    content = {
        "env": settings.env,
        "policy": name,
        "policy_sha256": getattr(policy, "weights_hash", None),
        "n_action_steps": policy.n_action_steps,
        "simulators": simulators,
        "policy_microseconds": times,
        "machine": machine(),
    }
    show(content)
    write_json(settings.out, content)


if __name__ == "__main__":
    cli.run(lambda: main(tyro.cli(Settings)))

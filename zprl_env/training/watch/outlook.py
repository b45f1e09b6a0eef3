"""Outlook of a run: its task, policy, algorithm and folder, what will be played, and how long."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from policies.checkpoints.plain_json import read_json
from policies.foreign.addresses import is_address
from zprl_env.base_policies.find import base_policy, find_policy
from zprl_env.cli import settings
from zprl_env.errors import CheckpointError
from zprl_env.evaluation import EvaluationResult
from zprl_env.loading.named import HUB, names_code, names_folder
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import checkpoint_folder
from zprl_env.loading.steered_files import FACTS
from zprl_env.tasks import find_task
from zprl_env.training.config import Config
from zprl_env.training.found import search_episodes
from zprl_env.training.settings.algorithms import find_algorithm
from zprl_env.training.settings.rates import seconds_per_step, steps_per_second

STARTING = 8.0
"""Seconds that imports and simulators take before the first episode."""
LIBRARIES = {"stable_baselines3": "Stable-Baselines3", "sb3_contrib": "sb3-contrib"}

Say = Callable[[str], object]


def at_once(text: str) -> None:
    """Print a line that is seen before the next one is, through a pipe as well."""
    print(text, flush=True)


@dataclass(frozen=True)
class Outlook:
    """Work that a run has before it.

    Attributes:
        bases: Episodes of the base policy, with and without the flow's noise.
        evaluations: Evaluations on the validation episodes, the base policy's own among them.
        validation: Episodes of each of these.
        env_steps: Environment steps to learn from.
        steered: Episodes of the steered policy.
        length: Environment steps of an episode, as far as known beforehand.
    """

    bases: int
    evaluations: int
    validation: int
    env_steps: int
    steered: int
    length: float

    @property
    def episodes(self) -> int:
        """Episodes that are played and not learned from."""
        return self.bases + self.evaluations * self.validation + self.steered

    def seconds(self, config: Config, rate: float) -> float:
        """Estimate how long it takes.

        Args:
            config: The run's.
            rate: Environment steps per second that the base policy is played at.
        """
        recipe = config.recipe
        learning = self.env_steps * seconds_per_step(config.algo, recipe, rate)
        return learning + self.episodes * self.length / rate


def look_ahead(config: Config, done: int = 0, base_known: bool = False) -> Outlook:
    """Count what a run has before it.

    Args:
        config: The run's settings.
        done: Environment steps that it took before, if it is resumed.
        base_known: Whether the base policy's results are there already.
    """
    twice = 2 if config.recipe.noise != "fresh" else 1
    searched = search_episodes(config.recipe, quick=config.quick)
    evaluations = config.total_env_steps // config.eval_every - done // config.eval_every
    return Outlook(
        bases=0 if base_known else twice * config.eval_episodes + searched,
        evaluations=max(evaluations, 0) + (not base_known),
        validation=config.validation_episodes,
        env_steps=max(config.total_env_steps - done, 0),
        steered=config.eval_episodes,
        length=card_of(config).get("mean_length") or find_task(config.env).max_episode_steps or 200,
    )


def policy_folder(config: Config) -> Path | None:
    """Find the folder of a run's base policy, without loading or fetching anything.

    Raises:
        CheckpointError: There is none of that name.
    """
    name = policy_name(config)
    return checkpoint_folder(name) if name is not None and names_folder(name) else None


def policy_name(config: Config) -> str | Path | None:
    """Find the name of a run's base policy: what was asked for, or the task's own.

    Returns:
        What ``resolve_policy`` takes, or None if it is to be made first.

    Raises:
        CheckpointError: The task has none, and none is to be made.
    """
    if config.policy is not None:
        return config.policy
    chosen = settings(config.env_kwargs)
    if config.make_policy:
        return find_policy(config.env, chosen)
    return base_policy(config.env, make=False, env_kwargs=chosen)


def card_of(config: Config) -> dict[str, Any]:
    """Read what the card of a run's base policy measured; empty if it has none."""
    try:
        folder = policy_folder(config)
        card = read_json(folder / "evaluation.json") if folder else {}
    except CheckpointError:
        return {}
    said = card if isinstance(card, dict) else {}
    return {name: said[name] for name, fits in FACTS.items() if fits(said.get(name))}


def describe_policy(config: Config) -> str:
    """Say where a run's base policy comes from, and its success as its card states it.

    >>> describe_policy(Config(env="Lift"))
    'Lift, shipped: 50 % of 200 episodes succeed (its card)'
    """
    name = policy_name(config)
    if name is None:
        return "none there yet: is made first"
    folder = policy_folder(config)
    if isinstance(name, str) and names_code(name):
        where = "your own code"
    elif isinstance(name, str) and is_address(name):
        where = "trained elsewhere"
    elif isinstance(name, str) and name.startswith(HUB):
        where = "from the hub"
    else:
        where = "shipped" if folder in shipped_policies().values() else "a folder"
    card = card_of(config)
    if {"success_rate", "episodes"} - card.keys():
        return f"{name}, {where}: its success is not known yet"
    said = f"{card['success_rate']:.0%} of {card['episodes']} episodes succeed (its card)"
    return f"{name}, {where}: {said.replace('%', ' %')}"


def duration(seconds: float) -> str:
    """Say a length of time in a unit that shows it.

    >>> duration(4.2), duration(75), duration(600), duration(9000)
    ('4 s', '75 s', '10 min', '2.5 h')
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{ceil(seconds / 60)} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def announce(config: Config, folder: Path, say: Say = at_once) -> None:
    """Say at once what a run is and what it will do: nothing heavy is imported for that.

    Args:
        config: The run's settings.
        folder: Where everything is written.
        say: Told one line at a time.
    """
    task, outlook = find_task(config.env), look_ahead(config)
    limit = f", at most {task.max_episode_steps} steps" if task.max_episode_steps else ""
    suite = f" ({task.suite})" if task.suite else ""
    library = find_algorithm(config.algo).path.partition(":")[0].partition(".")[0]
    library = LIBRARIES.get(library, library) if config.backend == "torch" else "SBX"
    policy = describe_policy(config)
    say(f"task       {config.env}{suite}{limit}; seed {config.seed}")
    say(f"policy     {policy}")
    say(f"algorithm  {config.algo} ({library}), steering at: {config.steer}")
    say(f"folder     {folder}")
    if config.resume_from is not None:
        say(f"to come    goes on to {config.total_env_steps:,} env steps")
        return
    if config.evaluate is False:
        outlook = replace(outlook, bases=0, evaluations=0, steered=0)
        say(f"to come    {outlook.env_steps:,} env steps of learning, without an evaluation")
    else:
        checks = f"{outlook.evaluations} x {outlook.validation}"
        steps = f"{outlook.env_steps:,} env steps"
        say(f"to come    {outlook.bases} episodes of the base policy, {steps}")
        say(f"           of learning, {checks} validation and {outlook.steered} steered episodes")
    seconds = STARTING + outlook.seconds(config, steps_per_second(config.env))
    guess = "on one free core" if task.suite else "at a guess"
    say(f"time       about {duration(seconds)} {guess}; said again when the base has played")
    if config.quick:
        say(f"quick      {outlook.steered} episodes show nothing but large differences")


def correct(
    config: Config, played: Collection[EvaluationResult], seconds: float, say: Say = at_once
) -> None:
    """Say how long the rest takes, now that the base policy has played.

    Args:
        config: The run's settings.
        played: Results of the base policy.
        seconds: How long that took.
        say: Told the line.
    """
    steps = sum(int(result.lengths.sum()) for result in played)
    length = steps / sum(result.episodes for result in played)
    outlook = replace(look_ahead(config), bases=0, length=length)
    rest = outlook.seconds(config, steps / seconds)
    say(f"Played at {steps / seconds:,.0f} env steps/s; the rest takes about {duration(rest)}.")


def announce_evaluation(
    config: Config, episodes: int, agent: Path | None, say: Say = at_once
) -> None:
    """Say at once what `zprl_env.evaluate` plays, and about how long that takes.

    Args:
        config: Settings of what is played.
        episodes: Episodes of each policy.
        agent: Where the agent comes from, if there is one.
        say: Told one line at a time.
    """
    outlook = look_ahead(replace(config, eval_episodes=episodes))
    played = outlook.bases + (episodes if agent else 0)
    seconds = STARTING + played * outlook.length / steps_per_second(config.env)
    say(f"task       {config.env}")
    say(f"policy     {describe_policy(config)}")
    if agent is not None:
        say(f"agent      {agent} ({config.algo}, steering at: {config.steer})")
    say(f"to come    {played} episodes, about {duration(seconds)} on one free core")

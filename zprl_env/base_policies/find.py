"""Find a task's base policy: the shipped one, one made here before, or one made on request."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zprl_env.base_policies.recipes import imitation_recipe, made_name
from zprl_env.errors import CheckpointError
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.tasks import find_task, folder_name

MADE = Path("runs", "policies")
"""Folder of the policies that are made on request."""

STEPS_PER_SECOND, USUAL = {"robosuite": 300}, 500
SECONDS_PER_GRADIENT_STEP = 0.012
EVALUATION_EPISODES = 100
PASSES = 3  # through as many episodes: while training, with and without the flow's noise


def find_policy(env: str, env_kwargs: Mapping[str, Any] | None = None) -> str | Path | None:
    """Find a task's own policy: the shipped one, or one that was made here before.

    Args:
        env: Task.
        env_kwargs: What its environment is made with.

    Returns:
        What ``resolve_policy`` takes, or None if there is none yet.

    >>> find_policy("Lift")
    'Lift'
    """
    made = MADE / made_name(env, env_kwargs)
    if find_task(env).slug in shipped_policies():
        return folder_name(env)
    return made if (made / "policy.json").exists() else None


def plan(env: str, env_kwargs: Mapping[str, Any] | None = None) -> str:
    """Describe the steps that make a task's policy and how long they take.

    >>> plan("assembly")
    'record 50 scripted demonstrations, imitate them for 12,000 steps and play 100 held-out ...'
    """
    recipe, task = imitation_recipe(env), find_task(env)
    episodes = recipe.episodes + PASSES * EVALUATION_EPISODES
    seconds = episodes * task.max_episode_steps / STEPS_PER_SECOND.get(task.suite, USUAL)
    seconds += recipe.pretrain.steps * SECONDS_PER_GRADIENT_STEP
    return (
        f"record {recipe.episodes} scripted demonstrations, imitate them for "
        f"{recipe.pretrain.steps:,} steps and play {EVALUATION_EPISODES} held-out episodes, about "
        f"{math.ceil(seconds / 60)} minutes on one core, into {MADE / made_name(env, env_kwargs)}"
    )


def base_policy(
    env: str,
    *,
    make: bool,
    env_kwargs: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = print,
) -> str | Path:
    """Find a task's policy, or make it.

    Args:
        env: Task.
        env_kwargs: What its environment is made with.
        make: Whether to make one if there is none.
        say: Told what is going to be done, and of every stage's outcome.

    Returns:
        What ``resolve_policy`` takes.

    Raises:
        CheckpointError: There is none, and none is to be made or can be.
        NoExpertError: One is to be made of a task that has no expert.
    """
    found = find_policy(env, env_kwargs)
    if found is not None:
        return found
    task = find_task(env)
    if task.expert is None and not (make and task.suite):
        raise CheckpointError(
            f"no policy comes with {env!r}, and there is no expert to make one from. Give your own "
            f"with --policy: a checkpoint folder, hf://user/name or module:callable."
        )
    if not make:
        raise CheckpointError(
            f"no policy is shipped for {env!r}. Add --make-policy to {plan(env, env_kwargs)}; or "
            "give your own with --policy."
        )
    from zprl_env.base_policies.make import Making, make_policy

    say(f"No policy is shipped for {env}: going to {plan(env, env_kwargs)}.")
    folder, recipe = MADE / made_name(env, env_kwargs), imitation_recipe(env, env_kwargs)
    words = tuple(f"{name}={json.dumps(value)}" for name, value in (env_kwargs or {}).items())
    episodes = EVALUATION_EPISODES
    making = Making(folder, env, env_kwargs=words, recipe=recipe, eval_episodes=episodes)
    make_policy(making, say)
    return folder

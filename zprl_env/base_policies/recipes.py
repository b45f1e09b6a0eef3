"""Imitation recipes: the demonstrations and settings that make each task's base policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.imitation.config import PretrainConfig
from zprl_env.errors import NoExpertError
from zprl_env.tasks import PIXELS, find_task, folder_name, tasks_with_expert

SMALL = PretrainConfig(
    steps=12_000, hidden_dim=256, n_blocks=3, bottleneck_hidden_dims=(128, 128, 128)
)
"""A policy of about 2 MB that is trained in minutes on one core."""
HAND = replace(SMALL, horizon=8, n_action_steps=8, hidden_dim=384)
"""Like `SMALL`, for a hand: a chunk of 16 x 26 numbers would not fit through layers of 256."""

SEEING = replace(SMALL, encoder="small", batch_size=32, steps=10_000)
"""Like `SMALL`, from cameras: 10 minutes on one core that is idle. A batch of 32 stays in a core's
cache; a sample of one of 64 costs more."""


@dataclass(frozen=True)
class ImitationRecipe:
    """The demonstrations that a base policy learns from, and the settings of imitation."""

    episodes: int = 50
    """Demonstrations to record."""
    skill: float = 0.5
    """Skill of the performances: 0 fails about every second time, 1 hardly ever."""
    operator_seed: int = 0
    """Seed of the person's habits."""
    disturbance: float = 0.0
    """Strength of the pushes and hold-ups that their hands meet meanwhile."""
    cameras: tuple[str, ...] = ()
    """Cameras that the policy sees through, of a task that is seen; its usual ones if none are
    named."""
    image_size: int | None = None
    """Height and width of their pictures [pixels]; 84 if not given."""
    pretrain: PretrainConfig = field(default_factory=lambda: SMALL)
    """Settings of imitation."""


RECIPES = {
    "Lift": ImitationRecipe(episodes=50, skill=0.25),
    "Can": ImitationRecipe(episodes=100, skill=0.4),
    "Square": ImitationRecipe(episodes=50, skill=0.2),
    "box-close": ImitationRecipe(episodes=50, skill=0.25),
    "push-wall": ImitationRecipe(episodes=50, skill=0.25),
    "door": ImitationRecipe(episodes=50, skill=0.25, pretrain=HAND),
    "hammer": ImitationRecipe(episodes=50, skill=0.25, pretrain=HAND),
    "pen": ImitationRecipe(episodes=100, skill=0.5, pretrain=HAND),
    "Real": ImitationRecipe(episodes=60, skill=0.25),
    # From 60 demonstrations and 8,000 steps it succeeds in 0.93: little to steer.
    "Real-open-box": ImitationRecipe(
        episodes=20, skill=0.25, pretrain=replace(SMALL, steps=6_000, eval_every=6_000)
    ),
    "Real-flip-egg": ImitationRecipe(
        episodes=100, skill=0.25, pretrain=replace(SMALL, steps=8_000, eval_every=8_000)
    ),
    # Chunks of two arms are 256 numbers. Through layers of as many a noise of 2 cm is left where a
    # hand carries something across the table, and the policy closes its hand beside the bills.
    "Real-insert-bills": ImitationRecipe(
        episodes=100,
        skill=0.5,
        disturbance=0.05,
        pretrain=replace(SMALL, hidden_dim=512, steps=6_000, eval_every=6_000),
    ),
    # Both arms go their own ways only where something pushes them out of step.
    "Transport": ImitationRecipe(
        episodes=100,
        skill=1.0,
        disturbance=0.25,
        pretrain=replace(HAND, latent_dim=16, n_action_steps=5, hidden_dim=512, steps=30_000),
    ),
}
"""Imitation recipes that tasks have of their own."""
_HAND_AND_SCENE = ("agentview", "robot0_eye_in_hand")
PIXEL_RECIPES = {
    # From 50 demonstrations and 5,000 steps it succeeds in 0.87 from zero noise: little to steer.
    "Lift": ImitationRecipe(
        episodes=12, skill=0.2, cameras=_HAND_AND_SCENE, pretrain=replace(SEEING, steps=2_000)
    ),
    # From 150 demonstrations of skill 0.6 it succeeds in 0.83, from 80 of 0.4 in 0.76.
    "Can": ImitationRecipe(
        episodes=40, skill=0.4, cameras=_HAND_AND_SCENE, pretrain=replace(SEEING, steps=6_000)
    ),
    "Square": ImitationRecipe(episodes=150, skill=0.6, cameras=_HAND_AND_SCENE, pretrain=SEEING),
    "box-close": ImitationRecipe(
        episodes=100, skill=0.4, cameras=("corner2", "gripperPOV"), pretrain=SEEING
    ),
    "Real": ImitationRecipe(
        episodes=60, skill=0.4, cameras=("front", "wrist"), pretrain=replace(SEEING, steps=8_000)
    ),
}
"""Imitation recipes of the same tasks where they are seen: no policy is shown where objects are."""


def imitation_recipe(task: str, env_kwargs: Mapping[str, Any] | None = None) -> ImitationRecipe:
    """Return a task's imitation recipe; a robot's preset says how long its chunks are.

    Args:
        task: A name in `zprl_env.tasks.TASKS`, or an id.
        env_kwargs: What the environment is made with; a robot's ``task`` is another preset.

    Raises:
        NoExpertError: Nobody here can show it.
        UnknownNameError: There is no such task.

    >>> imitation_recipe("Lift").episodes, imitation_recipe("assembly").episodes
    (50, 50)
    >>> imitation_recipe("Lift-Pixels").cameras
    ('agentview', 'robot0_eye_in_hand')
    """
    if find_task(task).expert is None:
        raise NoExpertError(task, tasks_with_expert(task))
    recipe = _own_recipe(folder_name(task), sees(task))
    facts = find_task(task).read_facts(env_kwargs)
    chunk = {"horizon": facts.horizon, "n_action_steps": facts.n_action_steps}
    said: dict[str, Any] = {name: size for name, size in chunk.items() if size is not None}
    return replace(recipe, pretrain=replace(recipe.pretrain, **said))


def sees(task: str) -> bool:
    """Tell whether a task's observation is pictures."""
    return find_task(task).kwargs.get("observation") == "pixels"


def _own_recipe(name: str, seen: bool) -> ImitationRecipe:
    states = name.removesuffix(PIXELS)
    recipe = RECIPES.get(states, ImitationRecipe())
    if not seen:
        return recipe
    eyes = replace(recipe.pretrain, encoder=SEEING.encoder, batch_size=SEEING.batch_size)
    return PIXEL_RECIPES.get(states, replace(recipe, episodes=100, pretrain=eyes))


def made_name(task: str, env_kwargs: Mapping[str, Any] | None = None) -> str:
    """Name a task's files of demonstrations and policies; another robot has others.

    Args:
        task: As in :func:`imitation_recipe`.
        env_kwargs: What the environment is made with.

    >>> made_name("assembly"), made_name("Stack", {"robots": "UR5e"})
    ('assembly', 'stack-robots-UR5e')
    """
    words = [f"{name}-{value}" for name, value in sorted((env_kwargs or {}).items())]
    return "-".join([find_task(task).slug, *(re.sub(r"[^\w.]+", "-", word) for word in words)])

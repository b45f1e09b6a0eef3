"""Stored rates of playing and learning on one core, to tell how long a run will take."""

from __future__ import annotations

from zprl_env.tasks import find_task, folder_name, state_id
from zprl_env.training.settings.algorithms import find_algorithm
from zprl_env.training.settings.recipe import Recipe

STEPS_PER_SECOND = {
    "Lift": 900,
    "Transport": 150,
    "robosuite": 400,
    "metaworld": 4000,
    "adroit": 2000,
    "real": 250,
}
"""Environment steps that a steered policy plays, by task or suite: what `benchmarks.throughput`
measured, rounded down."""
OTHERS = 1000
"""The same of an environment that nothing is known of: a guess."""
GRADIENT_STEP = 0.007
"""Seconds of a gradient step of the default networks: what `benchmarks.learner` measured."""
PICTURES = 2
"""Factor by which two cameras' pictures, drawn by the CPU, slow playing on robosuite."""
USUAL_CHUNK = 8


def steps_per_second(env: str) -> int:
    """Return the stored rate of playing a task [env steps/s].

    >>> steps_per_second("Lift"), steps_per_second("Can"), steps_per_second("Pendulum-v1")
    (900, 400, 1000)
    >>> steps_per_second("Lift-Pixels")
    200
    """
    task = find_task(env)
    rate = STEPS_PER_SECOND.get(task.suite, OTHERS)
    if task.suite and state_id(task) != task.id:
        return rate // PICTURES
    return STEPS_PER_SECOND.get(folder_name(env), rate)


def seconds_per_step(algo: str, recipe: Recipe, played: float) -> float:
    """Return the seconds that an environment step takes while an agent learns.

    Args:
        algo: Its algorithm.
        recipe: Its settings.
        played: Environment steps per second without learning.

    >>> round(1 / seconds_per_step("sac", Recipe(), 900))
    217
    """
    if not find_algorithm(algo).off_policy:
        updates = recipe.n_epochs / recipe.batch_size
    else:
        updates = float(recipe.updates_per_decision)
    chunk = recipe.n_action_steps or USUAL_CHUNK
    if recipe.updates_per_episode:
        updates, chunk = recipe.updates_per_episode, 300
    return 1 / played + updates * GRADIENT_STEP / chunk

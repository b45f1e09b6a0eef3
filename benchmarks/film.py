"""Animation (GIF) of one episode, the base policy on the left and the steered one on the right.

    python -m benchmarks.film runs/Lift/sac/... out.gif

The episode is the first test episode that the base policy fails and the steered one does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from tyro.conf import Positional, arg

from benchmarks.tools.command import CommandLine
from zprl_env.cli import settings
from zprl_env.envs import make_env
from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, evaluate
from zprl_env.files import check_file
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import check_policy, load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.run.agent import find_agent
from zprl_env.training.run.find import find_run
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.watch.report import film

TRIED = 20
EVERY, HELD, FPS, SMALLER = 4, 8, 10, 2


def beside(films: Sequence[np.ndarray], held: int) -> np.ndarray:
    """Put films side by side; each stands still at its end until all have.

    Args:
        films: Pictures of shape ``(T, height, width, 3)``, each with a ``T`` of its own.
        held: Pictures that the longest stands still for.
    """
    length = max(map(len, films)) + held
    still = [np.concatenate([f, np.repeat(f[-1:], length - len(f), axis=0)]) for f in films]
    return np.concatenate(still, axis=2)


def animate(run: Path, out: Path) -> int:
    """Find the episode, film it twice and put the films side by side.

    Args:
        run: Folder of a run, with its agent.
        out: GIF to write.

    Returns:
        The episode's seed.

    Raises:
        ZprlError: No episode shows a difference.
        RunFolderError: It is no run's folder.
    """
    import imageio.v3 as iio

    run = find_run(run, print, with_agent=True)
    config = load_config(run)
    kwargs = settings(config.env_kwargs)
    policy = resolve_policy(config.policy or config.env)
    check_policy(run, policy)
    imitation = replace(config.recipe, noise_scale=1.0)

    def env(recipe: Recipe) -> closing[SteeringWrapper]:
        return closing(evaluation_env(make_env(config.env, **kwargs), policy, config.steer, recipe))

    seeds = range(TEST_SEED, TEST_SEED + TRIED)
    with env(imitation) as base, env(config.recipe) as steered:
        file = find_agent(run, config.backend, print).file
        agent = load_agent(file, config.algo, config.recipe, steered, config.backend)
        lost = ~evaluate(base, None, seeds).successes
        won = evaluate(steered, agent, seeds).successes
    if not (lost & won).any():
        raise ZprlError(f"Expected an episode of {TRIED} that only the agent solves. Got: none.")
    seed = seeds[int(np.argmax(lost & won))]
    pair = [
        film(config.env, policy, config.steer, recipe, who, seed, kwargs)[::EVERY]
        for recipe, who in ((imitation, None), (config.recipe, agent))
    ]
    pictures = beside(pair, HELD)[:, ::SMALLER, ::SMALLER]
    iio.imwrite(out, pictures, duration=1000 // FPS, loop=0)
    return seed


@dataclass(frozen=True)
class Film:
    """Film one test episode of a run twice: by the base policy and by the steered one."""

    run: Positional[Annotated[Path, arg(metavar="RUN")]]
    """Folder of a run of train_sb3.py, with its agent."""
    out: Positional[Annotated[Path, arg(metavar="OUT.gif")]]
    """GIF to write."""

    def __call__(self) -> None:
        """Film."""
        check_file(self.out)
        seed = animate(self.run, self.out)
        print(f"{self.out}: seed {seed}, base policy on the left, steered on the right")


COMMAND = CommandLine("film", __doc__, (Film,))

if __name__ == "__main__":
    COMMAND.main()

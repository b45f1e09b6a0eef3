"""The picture in the README: one episode of the base policy and of the steered one.

usage: python -m benchmarks.film RUN OUT.gif

The episode is the first test episode that the base policy fails and the steered one does not.
"""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from zprl_env import cli
from zprl_env.envs import make_env
from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, evaluate
from zprl_env.loading.resolve import resolve_policy
from zprl_env.steering.wrapper import SteeringWrapper
from zprl_env.training.agents.weights import load_agent
from zprl_env.training.config import check_policy, load_config
from zprl_env.training.environment import evaluation_env
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.watch.report import film

TRIED = 20
EVERY, HELD, FPS, SMALLER = 4, 8, 10, 2


def main(arguments: list[str]) -> None:
    """Find the episode, film it twice and put the films side by side."""
    if len(arguments) != 2:
        raise ZprlError(f"Expected a run's folder and a file to write. Got: {arguments}.")
    import imageio.v3 as iio

    run, out = map(Path, arguments)
    config = load_config(run)
    policy = resolve_policy(config.policy or config.env)
    check_policy(run, policy)
    imitation = replace(config.recipe, noise_scale=1.0)

    def env(recipe: Recipe) -> closing[SteeringWrapper]:
        return closing(evaluation_env(make_env(config.env), policy, config.steer, recipe))

    seeds = range(TEST_SEED, TEST_SEED + TRIED)
    with env(imitation) as base, env(config.recipe) as steered:
        agent = load_agent(run, config.algo, config.recipe, steered)
        lost = ~evaluate(base, None, seeds).successes
        won = evaluate(steered, agent, seeds).successes
    if not (lost & won).any():
        raise ZprlError(f"Expected an episode of {TRIED} that only the agent solves. Got: none.")
    seed = seeds[int(np.argmax(lost & won))]
    pair = [
        film(config.env, policy, config.steer, recipe, who, seed)[::EVERY]
        for recipe, who in ((imitation, None), (config.recipe, agent))
    ]
    length = max(map(len, pair)) + HELD
    still = [np.concatenate([f, np.repeat(f[-1:], length - len(f), axis=0)]) for f in pair]
    pictures = np.concatenate(still, axis=2)[:, ::SMALLER, ::SMALLER]
    iio.imwrite(out, pictures, duration=1000 // FPS, loop=0)
    print(f"{out}: seed {seed}, base policy on the left, steered on the right")


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))

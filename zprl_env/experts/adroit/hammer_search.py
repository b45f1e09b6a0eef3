"""Search for the hammer expert's postures by the cross-entropy method, until the nail is driven in.

Run ``python -m zprl_env.experts.adroit.hammer_search``; it prints postures like those
that ``adroit_hammer.py`` keeps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from zprl_env.envs.adroit import AdroitEnv
from zprl_env.experts.adroit.hammer import HammerPlan, HammerPostures
from zprl_env.experts.adroit.hand import AdroitHand
from zprl_env.experts.quality import Quality

FIRST_IDEA = HammerPostures(
    grasp=(0.25, 0.05, 0.1, 0.2),
    ready=(-0.1, 0.1, 0.0, 0.0),
    struck=(-0.1, -0.3, -0.5, 0.0),
    opened=(0.3, 0.3),
    closed=(1.6, 1.6, 1.6),
    thumb=(0.0, 1.3, 0.0, 0.0, -0.8),
)
"""Initial postures of the search: by eye, and good for raising the hammer only."""

SPREAD = HammerPostures(
    grasp=(0.05, 0.05, 0.1, 0.15),
    ready=(0.05, 0.1, 0.15, 0.15),
    struck=(0.05, 0.12, 0.15, 0.15),
    opened=(0.2, 0.2),
    closed=(0.15, 0.15, 0.15),
    thumb=(0.3, 0.25, 0.1, 0.25, 0.4),
)
"""Standard deviations of the search's first generation."""

STEPS = 140  # of an episode: one stroke
FIRST_SEED = 1_000_000  # of the episodes, which are those for validation
CANDIDATES, ELITE, EPISODES = 24, 6, 2


class Search(NamedTuple):
    """Settings of the search: its seed and its length.

    Attributes:
        seed: Of all chance.
        generations: Rounds of the cross-entropy method, each of 48 episodes.
    """

    seed: int = 0
    generations: int = 12


def stroke_score(env: AdroitEnv, postures: HammerPostures, seed: int) -> float:
    """Return how good one stroke is: hammer raised, brought to the nail, nail driven, soon.

    Args:
        env: The hammer task.
        postures: What is tried.
        seed: Of the episode.
    """
    hand, keys = AdroitHand("hammer"), env.observation_keys
    observation = env.reset(seed=seed)[0]
    plan = HammerPlan(
        lambda: {key: observation[part] for key, part in keys.items()}, Quality(), postures
    )
    raised, distance, depth, success = 0.0, 1.0, 0.0, 0.0
    _, data = env._simulation()
    for t, joints in zip(range(STEPS), plan.perform(), strict=False):
        observation, _, terminated, _, _ = env.step(hand.action(joints))
        head = data.site("tool").xpos
        if t > 85:
            raised = max(raised, min(float(observation[keys["hammer_pos"]][2]), head[2]))
            distance = min(distance, float(np.linalg.norm(head - observation[keys["nail_pos"]])))
        depth = max(depth, float(observation[keys["nail_depth"]][0]))
        if terminated:
            success = 2.0 - t / STEPS
            break
    return success + depth / 0.08 + min(raised, 0.1) / 0.1 - 2.0 * min(distance, 0.3)


def main(search: Search) -> HammerPostures:
    """Search for the postures, and print them."""
    rng = np.random.default_rng(search.seed)
    env = AdroitEnv("hammer")
    mean, widest = _flat(FIRST_IDEA), _flat(SPREAD)
    spread = widest
    progress = tqdm(range(search.generations), desc="practising")
    for generation in progress:
        tried = mean + spread * rng.normal(size=(CANDIDATES, len(mean)))
        tried[0] = mean
        seeds = FIRST_SEED + EPISODES * generation + np.arange(EPISODES)
        scores = [
            np.mean([stroke_score(env, _postures(x), int(seed)) for seed in seeds]) for x in tried
        ]
        best = tried[np.argsort(scores)[-ELITE:]]
        mean = 0.3 * mean + 0.7 * best.mean(axis=0)
        spread = np.maximum(0.4 * spread + 0.6 * best.std(axis=0), 0.15 * widest)
        progress.set_postfix(score=f"{scores[0]:.2f}", best=f"{max(scores):.2f}")
    env.close()
    found = _postures(mean.round(4))
    print(found)
    return found


def _flat(postures: HammerPostures) -> np.ndarray:
    return np.concatenate([np.array(part) for part in postures])


def _postures(flat: np.ndarray) -> HammerPostures:
    sizes = [len(part) for part in FIRST_IDEA]
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return HammerPostures(*(tuple(part.tolist()) for part in parts))


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Search))

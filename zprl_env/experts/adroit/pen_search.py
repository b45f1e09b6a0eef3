"""Search for the pen expert's motions (MAP-Elites), until a few of them reach every target.

Run ``python -m zprl_env.experts.adroit.pen_search``; it writes ``pen.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from zprl_env.envs.adroit import AdroitEnv
from zprl_env.experts.adroit.hand import AdroitHand
from zprl_env.experts.adroit.pen import (
    DROPPED,
    LIBRARY,
    SEEN_EVERY,
    Motion,
    axis_of,
    to_document,
)

STEPS = 150  # of an episode
NEAR = 0.07  # distance from the pen's place; the task allows 0.075 [m]
SIMILAR = 0.965  # cosine that counts while practising; the task asks for 0.95
POSTURES = 3
HELD_STEPS = 20  # after which a target counts as reached


class Practice:
    """Quality-diversity search (MAP-Elites) over motions, one niche per target.

    A motion is tried once and judged for every target at a time, by the steps at which the pen
    points there. Each target keeps its best motion; the worse it is served, the likelier its motion
    is the one that is varied next.

    Args:
        seed: Of all chance.
        targets_per_side: The targets are a square grid of tilts, a radian to each side.
    """

    def __init__(self, seed: int = 0, targets_per_side: int = 11) -> None:
        self._rng = np.random.default_rng(seed)
        self._env = AdroitEnv("pen", success_terminates=False)
        self._hand = AdroitHand("pen")
        tilts = np.linspace(-1.0, 1.0, targets_per_side)
        self.targets = np.array([axis_of(np.array([a, b])) for a in tilts for b in tilts])
        self.scores = np.full(len(self.targets), -np.inf)
        self.best: list[Motion] = []

    def run(self, tries: int, first_guesses: int = 150) -> None:
        """Try out motions.

        Args:
            tries: How many.
            first_guesses: How many of them are made up, rather than varied.
        """
        progress = tqdm(range(tries), desc="practising", mininterval=5.0)
        for i in progress:
            motion = self._guess() if i < first_guesses else self._vary()
            seen = self._perform(motion)
            score = self._judge(seen)
            motion = motion._replace(axes=np.round(seen[SEEN_EVERY - 1 :: SEEN_EVERY], 3))
            if not self.best:
                self.best = [motion] * len(self.targets)
            for k in np.flatnonzero(score > self.scores):
                self.scores[k], self.best[k] = score[k], motion
            held = np.mean(self.scores >= HELD_STEPS)
            progress.set_postfix(held=held, reached=np.mean(self.scores > 1.5), refresh=False)

    def few(self) -> list[Motion]:
        """Return few motions that hold the pen at nearly all targets, the most useful first."""
        candidates = list({id(m): m for m in self.best}.values())
        held = np.array([self._judge(self._perform(m)) >= HELD_STEPS for m in candidates])
        chosen: list[Motion] = []
        open_targets = held.any(axis=0)
        while open_targets.sum() > 0.01 * len(self.targets):
            k = int(np.argmax((held & open_targets).sum(axis=1)))
            chosen.append(candidates[k])
            open_targets &= ~held[k]
        return chosen

    def _perform(self, motion: Motion) -> np.ndarray:
        """Return where the pen points at each step, zero where it is out of place."""
        keys = self._env.observation_keys
        self._env.reset(seed=0)
        seen = np.zeros((STEPS, 3))
        for t, joints in enumerate(motion.joints(STEPS)):
            observation = self._env.step(self._hand.action(joints))[0]
            if observation[keys["pen_pos"]][2] < DROPPED:
                break
            if np.linalg.norm(observation[keys["target_to_pen"]]) < NEAR:
                seen[t] = observation[keys["pen_axis"]]
        return seen

    def _judge(self, seen: np.ndarray) -> np.ndarray:
        """Count the steps at which the pen points at each target, plus how near it came at best."""
        similarity = seen @ self.targets.T
        return (similarity > SIMILAR).sum(axis=0) + similarity.max(axis=0)

    def _guess(self) -> Motion:
        low, high = self._hand.low, self._hand.high
        middle = (low + high) / 2 * self._rng.random()
        spread = self._rng.normal(0.0, 0.25, (POSTURES, len(low))) * (high - low)
        return self._motion(self._rng.integers(15, 40, POSTURES), middle + spread)

    def _vary(self) -> Motion:
        rng, span = self._rng, self._hand.high - self._hand.low
        wanting = 1.0 / (2.0 + np.maximum(self.scores, 0.0)) ** 0.7
        durations, postures, _ = self.best[rng.choice(len(self.best), p=wanting / wanting.sum())]
        postures = postures.copy()
        if rng.random() < 0.3:
            durations = np.clip(durations + rng.normal(0.0, 5.0, POSTURES), 10.0, 60.0)
        if rng.random() < 0.2:  # one posture of another target's motion
            k = rng.integers(POSTURES)
            postures[k] = self.best[rng.integers(len(self.best))].postures[k]
        if rng.random() < 0.05:  # everything later
            postures = postures[[0, 0, 1]]
        touched = rng.random(postures.shape) < rng.choice([0.05, 0.2, 0.6])
        size = rng.choice([0.025, 0.075, 0.2])
        return self._motion(
            durations, postures + touched * rng.normal(0.0, size, postures.shape) * span
        )

    def _motion(self, durations: np.ndarray, postures: np.ndarray) -> Motion:
        return Motion(
            np.round(durations, 2),
            np.clip(postures, self._hand.low, self._hand.high).round(3),
            np.zeros((0, 3)),
        )


class Search(NamedTuple):
    """Settings of the search: its seed, its length and the file to write.

    Attributes:
        seed: Of all chance.
        tries: Motions that are tried out, about 15 a second.
        out: The file that is written.
    """

    seed: int = 0
    tries: int = 8000
    out: Path = Path(__file__).with_name(LIBRARY)


def main(search: Search) -> None:
    """Search for the motions, and write the few that are needed."""
    practice = Practice(search.seed)
    practice.run(search.tries)
    motions = practice.few()
    search.out.write_text(json.dumps(to_document(motions)) + "\n", encoding="utf-8")
    print(f"{len(motions)} motions, written to {search.out}")


if __name__ == "__main__":
    import tyro

    main(tyro.cli(Search))

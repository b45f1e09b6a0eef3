"""Decisions of a person who helps a policy, as perturbations: what the nearest one makes of them.

    python -m benchmarks.expressed run        place-orange from pixels; three minutes
    python -m benchmarks.expressed summary    the table

The base policy has the simulated arm, and the scripted expert takes it over. Of every whole
decision of the expert's the nearest perturbation is found as `--takeover prior` finds it, and
compared with the base policy's own chunk: one that leaves over as much as that explains nothing.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep_compact, keep_table, measured
from zprl_env.envs.takeover import PERSON, hands_in
from zprl_env.errors import ZprlError
from zprl_env.loading.resolve import resolve_policy
from zprl_env.training.agents.prior import nearest
from zprl_env.training.agents.takeover import RIDGE
from zprl_env.training.environment import make_training_envs
from zprl_env.training.settings.recipe import recipe_for
from zprl_env.training.settings.takeover import UNEXPLAINED

RESULTS = ALL_RESULTS / "real" / "expressed.json"
TASK = "Real-Pixels"
NEAR = 0.1
"""RMS, in action units, by which decisions were kept before."""
EDGE = 0.98
"""Length of a coordinate of dz from which on it is at the edge of the box."""


def collect(decisions: int, seed: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Let the base policy act until a person has made so many whole decisions.

    Returns:
        The steering, the latents ``(B, D)`` and the chunks ``(B, n_action_steps, A)``.
    """
    recipe = replace(recipe_for("sac", "default", "latent", TASK), noise="fixed:0")
    policy = resolve_policy(TASK)
    envs = make_training_envs(
        TASK, policy, "latent", recipe, num_envs=1, seed=seed, env_kwargs={"teleoperator": "expert"}
    )
    latents: list[np.ndarray] = []
    chunks: list[np.ndarray] = []
    with closing(envs):
        steering = envs.venv.steering
        seen, still = envs.reset(), np.zeros((1, steering.agent_dim), np.float32)
        while len(chunks) < decisions:
            after, _, _, infos = envs.step(still)
            hands = hands_in(infos[0])
            whole = hands is not None and len(hands.actions) == steering.n_action_steps
            if hands is not None and whole and hands.whose == PERSON:
                latents.append(seen[0, -policy.latent_dim :].copy())
                chunks.append(hands.actions)
            seen = after
    return steering, np.array(latents, np.float32), np.array(chunks, np.float32)


def express(steering: Any, latents: np.ndarray, chunks: np.ndarray, ridge: float) -> dict[str, Any]:
    """Express decisions; RMS of what is left over and away, and the longest coordinate of each."""
    generators = [np.random.default_rng(0)] * len(chunks)
    actions, left, away = nearest(steering, chunks, latents, generators, ridge)
    sizes = {"left": left, "away": away}
    rms = {name: np.sqrt(np.mean(one**2, axis=(1, 2))).round(5) for name, one in sizes.items()}
    longest = np.abs(actions).max(axis=1).round(3)
    return {**{name: one.tolist() for name, one in rms.items()}, "longest": longest.tolist()}


def summary(result: dict[str, Any]) -> str:
    """Draw up what each rule keeps."""
    rows = []
    for name, key in (
        (f"before: at most {NEAR:g} left over, in action units", "before"),
        (f"now: at most {UNEXPLAINED:g} of the difference", "now"),
    ):
        found = {kind: np.array(values) for kind, values in result[key].items()}
        share = found["left"] / np.maximum(found["away"], 1e-9)
        kept = found["left"] <= NEAR if key == "before" else share <= UNEXPLAINED
        rows.append(
            [
                name,
                f"{kept.mean():.0%} of {len(kept)}",
                f"{np.mean(found['away'][kept] <= NEAR):.0%}",
                f"{np.median(1 - share[kept] ** 2):.0%}",
                f"{np.mean(found['longest'][kept] > EDGE):.0%}",
            ]
        )
    head = [
        *("decisions of a person are learned from", "kept"),
        f"of these: the base policy's own within {NEAR:g}",
        *("squared difference explained (median)", "perturbation at the box's edge"),
    ]
    return markdown.table(head, rows)


@dataclass(frozen=True)
class Run:
    """Collect a person's decisions, express them, and keep what came of it."""

    decisions: int = 250
    """Whole decisions of the person."""
    seed: int = 0
    """Of the episodes."""
    out: Path = RESULTS
    """File of the results; the table is beside it."""

    def __post_init__(self) -> None:
        if self.decisions < 1:
            raise ZprlError(f"decisions must be at least 1. Got: {self.decisions}.")

    def __call__(self) -> None:
        """Do so."""
        print(f"{TASK}: until a person has made {self.decisions} decisions", flush=True)
        made = collect(self.decisions, self.seed)
        ridges = {"before": 0.0, "now": RIDGE}
        keep_compact(self.out, {name: express(*made, ridge) for name, ridge in ridges.items()})
        Summary(self.out)()


@dataclass(frozen=True)
class Summary:
    """Print and write the table of what was kept."""

    out: Path = RESULTS
    """File of the results."""

    def __call__(self) -> None:
        """Make the table."""
        result = measured(self.out, "python -m benchmarks.expressed run")
        keep_table(self.out.with_suffix(".md"), summary(result))


COMMAND = CommandLine("expressed", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()

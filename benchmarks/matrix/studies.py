"""Studies: the tasks, budget and seeds that variants are compared on."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.matrix.variants import ABLATIONS, CONTROL, DEPLOYMENT, IDEAS
from zprl_env.errors import UnknownNameError


class Study(NamedTuple):
    """Tasks, budget and seeds of a comparison.

    Attributes:
        tasks: Environment steps by task.
        seeds: Seeds of training; the same seed meets the same episodes in every variant.
        arguments: Flags of ``train_sb3.py`` for all of its runs.
        start: Environment step from which on the area under the curve counts.
        variants: Variants that are trained if none is named, the control of the others first.
        tested: Report what came out on the test episodes, in place of differences from a control.
        motion: Play the agents when they are trained, to tell how the arm moves.
        elsewhere: Play the first variant's agents on the conditions of deployment as well.
    """

    tasks: dict[str, int]
    seeds: tuple[int, ...]
    arguments: str
    start: int = 5_000
    variants: tuple[str, ...] = (CONTROL,)
    tested: bool = False
    motion: bool = False
    elsewhere: bool = False


STUDIES: dict[str, Study] = {
    # Nothing is chosen on the test episodes: one is played, since there has to be one.
    "ideas": Study(
        {"Lift": 30_000, "box-close": 30_000, "hammer": 30_000},
        (10, 11, 12, 13, 14, 15),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 1 --checkpoint-every 5000",
        variants=tuple(IDEAS),
    ),
    # The paper's eight tasks and Lift, by the latent and the two strongest rivals. Days on a core.
    "tasks": Study(
        {
            "Lift": 80_000,
            "Can": 120_000,
            "Square": 200_000,
            "Transport": 200_000,
            "box-close": 120_000,
            "push-wall": 120_000,
            "door": 120_000,
            "hammer": 80_000,
            "pen": 120_000,
        },
        (0, 1, 2, 3, 4),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 100 --checkpoint-every 10000",
        variants=("latent", "dsrl-256", "decorator"),
        tested=True,
        motion=True,
    ),
    # The same tasks seen through cameras and by their states.
    "pixels": Study(
        {"Lift-Pixels": 60_000, "Lift": 60_000},
        (0, 1, 2),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 100 --checkpoint-every 10000",
        variants=("latent", "residual"),
        tested=True,
    ),
    # Four settings of each interface, chosen by validation episodes alone.
    "tuning": Study(
        {"Lift": 50_000, "box-close": 50_000, "hammer": 50_000},
        (20, 21, 22),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 1 --checkpoint-every 10000",
        variants=(
            *("latent", "latent-0.5", "latent-1", "latent-3"),
            *("dsrl-256", "dsrl-256-1", "dsrl-256-2", "dsrl-256-short"),
            *("decorator", "decorator-0.03", "decorator-0.3", "decorator-10k"),
        ),
    ),
    # SBX is to be shown equal on two tasks before it trains anything that is compared.
    "sbx": Study(
        {"Lift": 30_000, "hammer": 30_000},
        (10, 11, 12, 13, 14, 15),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 1 --checkpoint-every 5000",
        variants=("latent", "sbx", "sbx-8"),
    ),
    # Where the task differs from its demonstrations: steered before, and steered on it.
    "mismatch": Study(
        {"Lift": 30_000, "box-close": 30_000, "Real": 30_000},
        (0, 1, 2),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 100 --checkpoint-every 5000",
        variants=tuple(DEPLOYMENT),
        elsewhere=True,
    ),
    # The paper's ablations, under reinforcement learning; base policies are made first.
    "ablations": Study(
        {"Lift": 30_000, "box-close": 30_000},
        (0, 1),
        "--eval-every 10000 --validation-episodes 50 --eval-episodes 100 --checkpoint-every 5000",
        variants=tuple(ABLATIONS),
    ),
}
"""Studies by name."""


def find_study(name: str) -> Study:
    """Find a study.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in STUDIES:
        raise UnknownNameError("study", name, STUDIES)
    return STUDIES[name]

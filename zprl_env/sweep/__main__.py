"""Sweep over settings of train_sb3.py: Ray Tune's schedulers and searchers, one table.

python -m zprl_env.sweep --env Lift --algo sac --trials 16
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import FlagCreatePairsOff

from zprl_env import cli
from zprl_env.errors import ZprlError
from zprl_env.files import read_json, write_json
from zprl_env.options.ranges import COUNT, POSITIVE, check
from zprl_env.sweep.space import ends, flags, parse_space
from zprl_env.sweep.table import draw, ranked, row
from zprl_env.sweep.tuner import Scheduler, Searcher, is_begun, make_tuner, states
from zprl_env.tasks import find_task
from zprl_env.training.command_line import parse
from zprl_env.vectorised.cluster.connection import Connection, check_address, import_ray
from zprl_env.writing import Writing

SETTINGS_FILE, TABLE_FILE, TRIALS = "sweep.json", "table.json", "trials"


@dataclass(frozen=True)
class Sweep:
    """Train with many settings, each as a job on Ray, and rank them on the validation seeds.

    A trial is a training of train_sb3.py that keeps the recipe of its task and algorithm but for
    what varies. The same command with --trust goes on with a sweep that was interrupted.
    """

    env: str = "Lift"
    """Task."""
    algo: str = "sac"
    """Algorithm."""
    vary: tuple[str, ...] = ()
    """Settings that vary, each NAME=LOW..HIGH, drawn by its logarithm, or NAME=ONE,OTHER; any of
    train_sb3.py. If not given, what is tuned of the algorithm: of SAC learning-rate, batch-size,
    tau and ent-coef."""
    train: str = ""
    """Further flags of train_sb3.py for every trial, in quotes: "--total-env-steps 40000"."""
    trials: int = 16
    """Draws of settings."""
    seeds: tuple[int, ...] = (0,)
    """Seeds of training, of every draw; several with --search random."""
    scheduler: Scheduler = "asha"
    """Rule that ends trials that do badly: asha (successive halving), median (those below
    the others' median), or none."""
    search: Searcher = "random"
    """Searcher that draws: random, or optuna, by what did well before; the extra zoo brings it."""
    cores: float = 1.0
    """Cores of a trial."""
    ray_address: str | None = None
    """Ray cluster to join: HOST:PORT, or auto; one is started on this machine if not given."""
    out: Path | None = None
    """Folder, on a disk that all machines have; runs/sweep/ENV-ALGO if not given."""
    trust: Annotated[bool, FlagCreatePairsOff] = False
    """Go on with the sweep in the folder, which is yours: Ray Tune keeps its state as pickles, and
    unpickling runs whatever somebody else has put there."""
    module: str = "train_sb3"
    """Module that a trial runs: one of your own that registers tasks and calls train_sb3.main."""

    def __post_init__(self) -> None:
        find_task(self.env)
        check(self, {"trials": COUNT, "cores": POSITIVE})
        if self.ray_address is not None:
            check_address(self.ray_address)
        if self.ray_address is None and self.cores > (here := os.cpu_count() or 1):
            raise ZprlError(
                f"cores must be at most {here}, which this machine has. Got: {self.cores:g}. "
                "Join a cluster with --ray-address."
            )
        if not self.seeds or (len(self.seeds) > 1 and self.search != "random"):
            raise ZprlError(
                f"seeds must be one with --search {self.search}, which learns from every trial. "
                f"Got: {self.seeds}. Try --search random."
            )
        space = parse_space(self.vary, self.algo)
        for name, one in space.items():  # refused now, and not by the first trial that draws it
            for value in ends(one):
                parse([*self.flags, *flags({name: value})])

    @property
    def flags(self) -> list[str]:
        """Flags of ``train_sb3.py`` that every trial has."""
        return ["--env", self.env, "--algo", self.algo, "--no-video", *shlex.split(self.train)]

    @property
    def folder(self) -> Path:
        """Folder of the sweep."""
        named = f"{find_task(self.env).slug}-{self.algo.replace(':', '.')}"
        return self.out or Path("runs", "sweep", named)


def sweep(settings: Sweep) -> Path:
    """Run a sweep, or go on with it, and write and print its table.

    Args:
        settings: What to try.

    Returns:
        The sweep's folder.

    Raises:
        MissingExtraError: Ray is not installed.
        SimulationError: There is no cluster.
        ZprlError: The folder holds a sweep of other settings, or one that is not trusted.
    """
    import_ray()
    out = settings.folder
    config = parse(settings.flags)
    _claim(out, settings)
    connection = Connection(settings.ray_address, os.cpu_count() or 1)
    try:
        tuner = make_tuner(
            parse_space(settings.vary, settings.algo),
            _fixed(settings, out),
            out,
            trials=settings.trials,
            seeds=settings.seeds,
            scheduler=settings.scheduler,
            searcher=settings.search,
            budget=config.total_env_steps,
            every=config.eval_every,
            cores=settings.cores,
            seed=settings.seeds[0],
        )
        found = states(tuner.fit())
    finally:
        connection.close()
    rows = ranked([row(out / TRIALS, *one) for one in found])
    writing = Writing(print)
    content = {"rows": [one.to_dict() for one in rows]}
    writing(TABLE_FILE, lambda: write_json(out / TABLE_FILE, content))
    console = Console(soft_wrap=True)
    console.print(draw(rows))
    print(
        f"Ranked on the validation seeds, of which the best of {len(rows)} looks better than it "
        f"is; the test seeds tell. Compare: python -m zprl_env.compare {out / TRIALS}"
    )
    writing.check()
    return out


def _fixed(settings: Sweep, out: Path) -> dict[str, object]:
    """Return what every trial is told besides what varies."""
    return {
        "flags": settings.flags,
        "out": str((out / TRIALS).resolve()),
        "folder": str(Path.cwd()),
        "module": settings.module,
        "cores": max(1, round(settings.cores)),
    }


def _claim(out: Path, settings: Sweep) -> None:
    """Note a sweep's settings in its folder; refuse one of others, and one that is not trusted."""
    said = {
        "flags": settings.flags,
        "vary": list(settings.vary),
        "seeds": list(settings.seeds),
        "trials": settings.trials,
        "scheduler": settings.scheduler,
        "search": settings.search,
    }
    if is_begun(out) and not settings.trust:
        raise ZprlError(
            f"A sweep that goes on must be your own, since Ray Tune's state in it is unpickled. "
            f"Got: {out}. Say --trust if you made it, or give another --out."
        )
    file = out / SETTINGS_FILE
    if file.exists():
        known = read_json(file)
        other = [name for name, value in said.items() if known.get(name) != value]
        if other:
            raise ZprlError(
                f"A sweep must go on with its own settings. Got others for {', '.join(other)} in "
                f"{out}. Give them again, or another --out."
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    write_json(file, said)


EXAMPLES = (
    "--env Lift --algo sac --trials 16 --ray-address auto",
    '--vary learning-rate=1e-4..1e-3 scale=1,2,3 --seeds 0 1 2 --train "--num-envs 2"',
    "--scheduler none --search optuna --cores 2",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: sweep(cli.parse(Sweep, EXAMPLES)))


if __name__ == "__main__":
    main()

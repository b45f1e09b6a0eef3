"""Tuner: Ray Tune with its own schedulers and searchers, over a space of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from zprl_env.errors import MissingExtraError, SimulationError
from zprl_env.training.settings.search import Between, Space

Scheduler = Literal["asha", "median", "none"]
Searcher = Literal["random", "optuna"]

STATE = "tune"
"""Folder in a sweep's in which Ray Tune keeps its own state."""
TRIES = 3
"""Times that a trial is started again after its worker, its machine or its training was lost."""
METRIC, STEPS = "success", "env_steps"


def tune_space(space: dict[str, Space], seeds: tuple[int, ...]) -> dict[str, Any]:
    """Return a space as Ray Tune draws from it; every draw is tried with each seed."""
    from ray import tune

    drawn: dict[str, Any] = {
        name: tune.loguniform(*one) if isinstance(one, Between) else tune.choice(list(one.values))
        for name, one in space.items()
    }
    return drawn | {"seed": tune.grid_search(list(seeds)) if len(seeds) > 1 else seeds[0]}


def is_begun(out: Path) -> bool:
    """Tell whether a sweep's folder holds Ray Tune's state, which is unpickled to go on."""
    return (out / STATE / "tuner.pkl").exists()


def make_tuner(
    space: dict[str, Space],
    fixed: dict[str, Any],
    out: Path,
    *,
    trials: int,
    seeds: tuple[int, ...],
    scheduler: Scheduler,
    searcher: Searcher,
    budget: int,
    every: int,
    cores: float,
    seed: int,
) -> Any:
    """Return a tuner, new or restored from what an interrupted one has left, by unpickling that.

    Args:
        space: What varies.
        fixed: What every trial is told besides; see :class:`~zprl_env.sweep.trial.Trial`.
        out: The sweep's folder.
        trials: Draws from the space.
        seeds: Seeds of training, of every draw.
        scheduler: Ends trials that do badly.
        searcher: Draws.
        budget: Environment steps of a trial.
        every: Environment steps between its evaluations.
        cores: Cores of a trial.
        seed: Of the draws.

    Raises:
        MissingExtraError: The searcher is not installed.
    """
    from ray import tune

    from zprl_env.sweep.trial import FIXED, Trial

    trainable = tune.with_resources(Trial, {"cpu": cores})
    if is_begun(out):
        return tune.Tuner.restore(str(out / STATE), trainable, resume_errored=True)
    return tune.Tuner(
        trainable,
        param_space=tune_space(space, seeds) | {FIXED: fixed},
        tune_config=tune.TuneConfig(
            num_samples=trials,
            scheduler=_scheduler(scheduler, budget, every),
            search_alg=_searcher(searcher, seed),
        ),
        run_config=tune.RunConfig(
            name=STATE,
            storage_path=str(out.resolve()),
            failure_config=tune.FailureConfig(max_failures=TRIES),
            verbose=0,
        ),
    )


def _scheduler(name: Scheduler, budget: int, every: int) -> Any:
    from ray.tune import schedulers

    how: dict[str, Any] = {"time_attr": STEPS, "metric": METRIC, "mode": "max"}
    if name == "asha":
        # Beyond the budget, at which a trial still has its test episodes to play.
        return schedulers.ASHAScheduler(max_t=2 * budget, grace_period=min(every, budget), **how)
    if name == "median":
        return schedulers.MedianStoppingRule(grace_period=every, min_samples_required=3, **how)
    return None


def _searcher(name: Searcher, seed: int) -> Any:
    from ray.tune.search.basic_variant import BasicVariantGenerator

    if name == "random":
        return BasicVariantGenerator(random_state=seed)
    try:
        import optuna  # noqa: F401
        from ray.tune.search.optuna import OptunaSearch
    except ImportError as error:
        raise MissingExtraError("optuna", "zoo") from error
    return OptunaSearch(metric=METRIC, mode="max", seed=seed)


def states(grid: Any) -> list[tuple[str, dict[str, Any], str]]:
    """List the trials of a result: folder, what varied, and what became of it.

    Args:
        grid: What Ray Tune returned.

    Raises:
        SimulationError: There is none.
    """
    from zprl_env.sweep.trial import FIXED

    found = []
    for result in grid:
        varied = {name: value for name, value in (result.config or {}).items() if name != FIXED}
        told = result.metrics or {}
        name = told.get("trial_id", Path(result.path).name)
        state = "failed" if result.error else "finished" if told.get("done") else "stopped"
        found.append((name, varied, state))
    if not found:
        raise SimulationError("A sweep must have a trial. Got: none. See --trials.")
    return found

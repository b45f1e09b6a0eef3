"""Costs of collecting beside learning: of a worker, of the learner, and of what goes between."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import SimpleNamespace
from typing import Any

from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env.base_vec_env import CloudpickleWrapper

from benchmarks.cluster.model import Costs
from zprl_env.loading.resolve import resolve_policy
from zprl_env.training.agents.model import make_model
from zprl_env.training.collecting.crew import Arrived, Crew
from zprl_env.training.collecting.envs import CollectedEnvs
from zprl_env.training.collecting.explorer import Design, design_of, weights_of
from zprl_env.training.collecting.learning import Learner
from zprl_env.training.collecting.player import Player
from zprl_env.training.collecting.ratio import COURSE
from zprl_env.training.environment import group, training_parts
from zprl_env.training.run.history import History
from zprl_env.training.settings.recipe import Recipe, recipe_for
from zprl_env.training.watch.callbacks import ProgressCallback
from zprl_env.vectorised.cluster.connection import Cluster

EACH = 2
"""Environments of a worker."""
FOREVER = 10**9


def repeated(action: Callable[[], object], seconds: float) -> float:
    """Repeat an action for a while; the time of a core for one [s], all threads together."""
    action()
    times, began, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds or not times:
        action()
        times += 1
    return (time.process_time() - used) / times


def measure(task: str, workers: tuple[int, ...], seconds: float) -> dict[str, Any]:
    """Measure what a task's decisions cost, and how many several workers take together.

    Args:
        task: A task with a shipped policy.
        workers: Numbers of workers.
        seconds: Time for each part.

    Returns:
        The costs, and decisions per second by the number of workers.
    """
    recipe = recipe_for("sac", "default", "latent", task)
    parts = training_parts(task, task, "latent", recipe)
    player = Player()
    player._make(CloudpickleWrapper(partial(group, *parts, EACH)))
    with closing(player._envs):
        model = _model(player._envs, recipe, task)
        design = design_of(model, recipe)
        player._begin(design, 0, [None] * EACH)
        weights = weights_of(model)
        message = pickle.dumps(("play", (COURSE, 1), {}))
        player.call(message, weights)
        worker = repeated(lambda: player.call(message), seconds) / (COURSE * EACH)
        answer = player.call(message)
        played = pickle.loads(answer)
    history = History()
    callback = ProgressCallback(history, FOREVER, show=False)
    callback.init_callback(model)
    learner = Learner(model, history, callback)
    arrived = Arrived(list(range(EACH)), played)
    stored = repeated(lambda: learner.note(arrived), seconds) / (COURSE * EACH)
    update = repeated(lambda: model.train(gradient_steps=10, batch_size=model.batch_size), seconds)
    rates, request = {}, 0.0
    for count in workers:
        rates[str(count)], request = _together(parts, count, design, weights, seconds)
    steps = [info["env_steps"] for infos in played.infos for info in infos]
    costs = Costs(
        worker,
        update / 10,
        stored,
        request,
        COURSE * EACH,
        len(answer),
        len(weights),
        sum(steps) / len(steps),
    )
    return {"costs": costs._asdict(), "collected_per_second": rates}


def _model(envs: Any, recipe: Recipe, task: str) -> OffPolicyAlgorithm:
    """Make SAC, with spaces of environments that it does not see."""
    crew: Any = SimpleNamespace(
        spaces=(envs.observation_space, envs.action_space), num_envs=EACH, close=lambda: None
    )
    known = CollectedEnvs(crew, recipe, envs.steering)
    steps = resolve_policy(task).n_action_steps
    model = make_model("sac", recipe, known, n_action_steps=steps, seed=0)
    assert isinstance(model, OffPolicyAlgorithm)
    model.set_logger(Logger(None, []))
    return model


def _together(
    parts: Any, workers: int, design: Design, weights: bytes, seconds: float
) -> tuple[float, float]:
    """Let workers collect for nobody; decisions per second, and the learner's time per request."""
    with closing(Crew(partial(group, *parts), EACH * workers, Cluster(workers))) as crew:
        crew.begin(design, 0, None)
        answers, began, used = 0, 0.0, 0.0
        while not began or time.perf_counter() - began < seconds:
            crew.ask(1, lambda: weights, whole=False)
            answers += len(crew.take(0.25))
            if not began and answers >= 2 * workers:  # all of them are awake
                answers, began, used = 0, time.perf_counter(), time.process_time()
        elapsed = time.perf_counter() - began
        share = (time.process_time() - used) / max(answers, 1)
        return answers * COURSE * EACH / elapsed, share

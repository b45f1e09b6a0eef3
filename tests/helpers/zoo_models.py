"""Builds every algorithm's model with RL Zoo and with ``train_sb3.py``, and says where they differ.

In a process of its own, since importing RL Zoo changes gymnasium.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from typing import Any

from rl_zoo3.exp_manager import ExperimentManager
from stable_baselines3.common.base_class import BaseAlgorithm

from zprl_env.hyperparams import hyperparameter_file
from zprl_env.training.agents.model import make_model
from zprl_env.training.environment import make_training_envs
from zprl_env.training.settings.algorithms import ALGORITHMS
from zprl_env.training.settings.recipe import recipe_for

TASK, ID = "box-close", "ZPRL-BoxClose-v0"
NOT_SETTINGS = {"verbose", "tensorboard_log", "start_time", "learning_rate", "learning_starts"}


def zoo_model(algo: str, preset: str, folder: str) -> tuple[BaseAlgorithm, Any]:
    """The model that ``python -m rl_zoo3.train`` would train."""
    name = algo if preset == "default" else f"{algo}-{preset}"
    args = argparse.Namespace(algo=algo, env=ID)
    options: dict[str, Any] = {"eval_freq": -1, "verbose": 0, "device": "cpu", "seed": 0}
    file = str(hyperparameter_file(name))
    manager = ExperimentManager(args, algo, ID, folder, config=file, **options)
    made = manager.setup_experiment()
    assert made is not None
    (steering,) = made[0].get_env().get_attr("steering")
    return made[0], steering


def our_model(algo: Any, preset: Any) -> tuple[BaseAlgorithm, Any, int]:
    """The model that ``train_sb3.py`` would train, and its warm-up."""
    recipe = recipe_for(algo, preset, "latent", TASK)
    envs = make_training_envs(TASK, TASK, "latent", recipe, num_envs=1, seed=0)
    model = make_model(algo, recipe, envs, n_action_steps=8, seed=0)
    return model, envs.steering, recipe.warmup_decisions


def settings(model: Any, steering: Any) -> dict[str, Any]:
    """Everything that decides what a model becomes, its first weights included."""
    plain = {
        name: value
        for name, value in vars(model).items()
        if isinstance(value, bool | int | float | str | None) and name not in NOT_SETTINGS
    }
    found: dict[str, Any] = plain | {
        "gamma": round(model.gamma, 6),
        "steps": model.lr_schedule(1.0),
        "policy": f"{model.policy_class} {sorted(vars(model.policy)['_modules'])}",
        "noise": repr(getattr(model, "action_noise", None)),
        "clip": getattr(model, "clip_range", lambda _: None)(1.0),
        "scale": steering.scale.tolist(),
        "steering": [steering.noise, steering.sample_latent, steering.observation],
        "spaces": f"{model.observation_space} {model.action_space}",
    }
    weights = hashlib.sha256()
    for tensor in model.policy.state_dict().values():
        weights.update(tensor.numpy().tobytes())
    found["weights"] = weights.hexdigest()
    actor = getattr(model, "actor", model.policy)
    found["optimizer"] = [type(actor.optimizer).__name__, str(actor.optimizer.defaults)]
    if buffer := getattr(model, "replay_buffer", None):
        found["replay"] = [type(buffer).__name__, buffer.gamma, buffer.n_steps, buffer.buffer_size]
    return found


def main() -> None:
    """Print, for every algorithm and preset, what differs and how much was compared."""
    choices = [(algo, "default") for algo in ALGORITHMS] + [("sac", "paper")]
    report = {}
    for algo, preset in choices:
        model, steering = zoo_model(algo, preset, sys.argv[1])
        ours, our_steering, warmup = our_model(algo, preset)
        zoo = settings(model, steering) | {"warmup": getattr(model, "learning_starts", 0)}
        mine = settings(ours, our_steering) | {"warmup": warmup}
        names = zoo.keys() | mine.keys()
        differ = {n: (zoo.get(n), mine.get(n)) for n in names if zoo.get(n) != mine.get(n)}
        report[f"{algo} {preset}"] = {"differ": differ, "compared": len(names)}
    print(json.dumps(report, default=str))


if __name__ == "__main__":
    main()

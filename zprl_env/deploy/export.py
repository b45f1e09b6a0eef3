"""A run as one object for deployment: ``python -m zprl_env.export``."""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tyro

from policies.checkpoints import files as checkpoint_files
from zprl_env import cli
from zprl_env.deploy.steered_card import steered_card
from zprl_env.errors import CheckpointError, ZprlError
from zprl_env.files import RunFolderError, make_writable, read_json
from zprl_env.loading.steered_files import CARD_FILE, POLICY_FOLDER, write_steered
from zprl_env.steering.base import policy_generator
from zprl_env.training.config import Config, check_policy, load_config

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from zprl_env.deploy.steered_policy import SteeredPolicy
    from zprl_env.evaluation import Agent
    from zprl_env.steering.wrapper import SteeringWrapper

RESULTS_FILE = "results.json"

ACCURACY = 1e-4
"""How far an exported action may be off, absolutely or relative to itself."""


@dataclass(frozen=True)
class Export:
    """Put a run's agent and its base policy into a folder that acts without Stable-Baselines3.

    The folder is read by SteeredPolicy.load, on a computer without torch as well. Nothing is left
    behind unless it decides as the run's agent does.
    """

    run: Path
    """Folder of a run of train_sb3.py."""
    out: Path
    """Folder to make."""
    policy: str | None = None
    """Base policy, if it is not where the run found it: a checkpoint folder or a shipped name."""
    onnx: bool = False
    """Write the whole as one ONNX graph as well, from observation and noise to actions."""
    threads: int = 1
    """Threads of torch."""


def export(settings: Export) -> Path:
    """Export a run.

    Args:
        settings: What, and where to.

    Returns:
        The folder.

    Raises:
        CheckpointError: The policy cannot be loaded, or the export does not decide as the run does.
        MissingExtraError: The run's backend, or what exports to ONNX, is not installed.
        RunFolderError: The run cannot be loaded, or the folder cannot be made.
        ZprlError: The agent is made of something that cannot be exported.
    """
    config = load_config(settings.run)
    out = settings.out
    if out.exists():
        raise RunFolderError(f"out must not exist yet. Got: {out}. Choose another or remove it.")
    make_writable(out.parent)
    # Here and not above, so that --help and a mistyped flag answer at once.
    import torch

    from zprl_env.base_policies.find import base_policy
    from zprl_env.envs import make_env
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.training.agents.model import as_agent
    from zprl_env.training.agents.weights import load_model
    from zprl_env.training.environment import evaluation_env

    torch.set_num_threads(settings.threads)
    name = settings.policy or config.policy or str(base_policy(config.env, make=False))
    policy = resolve_policy(name)
    check_policy(settings.run, policy)
    env = evaluation_env(make_env(config.env), policy, config.steer, config.recipe)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with closing(env):
            model = load_model(settings.run, config.algo, config.recipe, env, config.backend)
            metadata = describe_run(settings.run, config, env)
            steered = write(partial, metadata, model, env)
        observations = likely_observations(partial)
        check_equal(steered, env, as_agent(model), observations)
        if settings.onnx:
            from zprl_env.deploy.onnx_graph import write_onnx

            write_onnx(partial, steered, observations, ACCURACY)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def describe_run(run: Path, config: Config, env: SteeringWrapper) -> dict[str, Any]:
    """What an export says of itself: how it steers, how it was trained, how well it does."""
    recipe, space = config.recipe, env.env.env.observation_space
    options = {"n_action_steps": env.env.n_action_steps, "sample_latent": False}
    described: dict[str, Any] = {
        "env": config.env,
        "steer": config.steer,
        "options": {
            **options,
            **{name: getattr(recipe, name) for name in ("scale", "noise_scale", "observation")},
        },
        "observation_dim": int(np.prod(space.shape or ())),
        "algo": config.algo,
        "backend": config.backend,
        "recipe": dataclasses.asdict(recipe),
        "seed": config.seed,
        "results": {},
    }
    if not (run / RESULTS_FILE).exists():
        return described
    content = read_json(run / RESULTS_FILE)
    results = {
        name: {key: result[key] for key in ("success_rate", "wilson_95", "episodes", "mean_length")}
        | {"seeds": [result["seeds"][0], result["seeds"][-1]]}
        for name, result in content["test"].items()
    }
    more = ("paired_difference", "env_steps", "seconds")
    return described | {"results": results} | {name: content.get(name) for name in more}


def write(
    folder: Path, metadata: dict[str, Any], model: BaseAlgorithm, env: SteeringWrapper
) -> SteeredPolicy:
    """Write base policy, actor, description and card, and read them back.

    Raises:
        ZprlError: The policy is no checkpoint's, or the agent is made of something unknown.
    """
    from policies.frozen import FrozenPolicy
    from zprl_env.deploy.actor_layers import actor_of
    from zprl_env.deploy.steered_policy import SteeredPolicy

    if not isinstance(env.policy, FrozenPolicy):
        raise ZprlError(f"an exported policy must be a checkpoint. Got: {type(env.policy)}.")
    actor = actor_of(model)
    space: Any = env.env.env.action_space
    env.policy.save(folder / POLICY_FOLDER)
    bounds = {"action_low": space.low, "action_high": space.high}
    write_steered(folder, metadata | {"actor": actor.kinds}, actor.to_arrays() | bounds)
    (folder / CARD_FILE).write_text(steered_card(metadata), encoding="utf-8")
    return SteeredPolicy.load(folder)


def likely_observations(folder: Path, number: int = 32) -> np.ndarray:
    """Draw observations as the base policy's demonstrations had them. Shape ``(N, O)``.

    No environment is asked for them: it could be a robot.
    """
    weights = checkpoint_files.read(folder / POLICY_FOLDER).weights
    mean, std = (weights[f"normalizer.observation_{name}"] for name in ("mean", "std"))
    draws = np.random.default_rng(0).standard_normal((number, len(mean)))
    return (mean + std * draws).astype(np.float32)


def check_equal(
    steered: SteeredPolicy, env: SteeringWrapper, agent: Agent, observations: np.ndarray
) -> None:
    """See that an export decides as a steered environment and its agent do.

    Args:
        steered: The export.
        env: The steered environment.
        agent: The agent.
        observations: What to decide on. Shape ``(N, O)``.

    Raises:
        CheckpointError: It decides differently.
    """
    steering, generators = env.steering, [policy_generator(0)]
    steered.reset(seed=0)
    for observation in observations:
        seen, latents = steering.observe(observation[np.newaxis], generators)
        decision = steering.act(agent(seen[0])[np.newaxis], latents, generators)
        expected = np.clip(decision.chunks[0], *steered.bounds)
        got = steered.predict(observation)
        if not np.allclose(got, expected, rtol=ACCURACY, atol=ACCURACY):
            raise CheckpointError(
                f"an export must decide as its run does. Got an action that is off by "
                f"{np.abs(got - expected).max():.2g}. This is a defect; please report it."
            )


def main() -> None:
    """Run the command line."""
    cli.run(lambda: print(export(tyro.cli(Export))))

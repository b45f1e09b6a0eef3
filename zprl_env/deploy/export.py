"""Export a training run as one steered policy: ``python -m zprl_env.export``."""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tyro

from policies.checkpoints.files import METADATA_FILE
from zprl_env import cli
from zprl_env.deploy.equality import (
    ACCURACY,
    check_equal,
    likely_observations,
    random_observations,
)
from zprl_env.deploy.steered_card import steered_card
from zprl_env.errors import ZprlError
from zprl_env.files import RunFolderError, make_writable, read_json
from zprl_env.loading import resolve
from zprl_env.loading.steered_files import (
    CARD_FILE,
    OWN_POLICY,
    POLICY_FOLDER,
    SHIPPED_POLICY,
    base_folder,
    write_steered,
)
from zprl_env.steerable import SteerablePolicy
from zprl_env.training.config import Config, check_policy, load_config

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from zprl_env.deploy.steered_policy import SteeredPolicy
    from zprl_env.steering.wrapper import SteeringWrapper

RESULTS_FILE = "results.json"


@dataclass(frozen=True)
class Export:
    """Export a run's agent and its base policy to a folder that acts without Stable-Baselines3.

    The folder is read by SteeredPolicy.load, on a computer without torch as well. Nothing is left
    behind unless it decides as the run's agent does.
    """

    run: Path
    """Folder of a run of train_sb3.py."""
    out: Path
    """Folder to make."""
    policy: str | None = None
    """Base policy, if it is not where the run found it: a checkpoint folder, a shipped name,
    hf://user/name, or module:callable."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the run's environment, besides its own."""
    trust: bool = False
    """Import code of your own (module:Class, package:Id-v0) that the run's settings name. Not for a
    folder that somebody sent you."""
    by_name: bool = False
    """Name the base policy in place of a copy of it, if it is one that comes with the package: the
    folder is then a tenth as large."""
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
        ConfigurationError: The run names code to import and is not trusted.
        MissingExtraError: The run's backend, or what exports to ONNX, is not installed.
        RunFolderError: The run cannot be loaded, or the folder cannot be made.
        ZprlError: The agent is made of something that cannot be exported.
    """
    config = load_config(settings.run, trust=settings.trust)
    env_kwargs = cli.settings([*config.env_kwargs, *settings.env_kwargs])
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
    policy = resolve_policy(name, settings.policy_class)
    check_policy(settings.run, policy)
    own = own_policy(policy, name)
    if own and settings.onnx:
        raise ZprlError(
            f"ONNX must be made of a checkpoint of this project's. Got: {own}, which is code. "
            "Leave --onnx out."
        )
    made = make_env(config.env, **env_kwargs)
    env = evaluation_env(made, policy, config.steer, config.recipe)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with closing(env):
            model = load_model(settings.run, config.algo, config.recipe, env, config.backend)
            metadata = describe_run(settings.run, config, env) | (
                {"own_policy": own} if own else {}
            )
            if settings.by_name:
                metadata[SHIPPED_POLICY] = shipped_name(policy)
            steered = write(partial, metadata, model, env)
        space: Any = env.env.env.observation_space
        observations = (
            random_observations(space)
            if own
            else likely_observations(base_folder(partial, metadata))
        )
        check_equal(steered, env, as_agent(model), observations)
        if settings.onnx:
            from zprl_env.deploy.onnx_graph import write_onnx

            write_onnx(partial, steered, observations, ACCURACY)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def describe_run(run: Path, config: Config, env: SteeringWrapper) -> dict[str, Any]:
    """Describe a run for its export: its steering, training and success rates."""
    from zprl_env.training.environment import steering_options

    recipe, space = config.recipe, env.env.env.observation_space
    options = {"n_action_steps": env.env.n_action_steps, "sample_latent": False}
    described: dict[str, Any] = {
        "env": config.env,
        "steer": config.steer,
        "options": {**options, **steering_options(recipe)},
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
        ZprlError: The agent is made of something unknown.
    """
    from zprl_env.deploy.actor_layers import actor_of
    from zprl_env.deploy.steered_policy import SteeredPolicy

    actor = actor_of(model)
    space: Any = env.env.env.action_space
    own = metadata.get(OWN_POLICY)
    if own or SHIPPED_POLICY in metadata:
        folder.mkdir(parents=True)
    else:
        env.policy.save(folder / POLICY_FOLDER)  # type: ignore[attr-defined]
    bounds = {"action_low": space.low, "action_high": space.high}
    write_steered(folder, metadata | {"actor": actor.kinds}, actor.to_arrays() | bounds)
    (folder / CARD_FILE).write_text(steered_card(metadata), encoding="utf-8")
    return SteeredPolicy.load(folder, policy=env.policy if own else None, steer=metadata["steer"])


def shipped_name(policy: SteerablePolicy) -> str:
    """Name the shipped policy that has the weights of this one.

    Raises:
        ZprlError: None has.
    """
    weights = getattr(policy, "weights_hash", None)
    for name, folder in resolve.shipped_policies().items():
        if read_json(folder / METADATA_FILE)["weights_sha256"] == weights:
            return name
    raise ZprlError(
        "by_name must have a base policy that comes with the package. Got one of other weights "
        f"({str(weights)[:12]}...). Leave --by-name out."
    )


def own_policy(policy: SteerablePolicy, name: str) -> str | None:
    """Name a policy that is the user's own code, which no folder holds; None for a checkpoint."""
    from policies.frozen import FrozenPolicy

    return None if isinstance(policy, FrozenPolicy) else name


def main() -> None:
    """Run the command line."""
    cli.run(lambda: print(export(tyro.cli(Export))))

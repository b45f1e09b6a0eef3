"""Export a training run as one steered policy: ``python -m zprl_env.export``."""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.checkpoints.files import METADATA_FILE
from policies.checkpoints.output import refuse_overwriting
from policies.checkpoints.whole import PARTIAL, beside
from zprl_env import cli
from zprl_env.deploy.equality import (
    ACCURACY,
    check_equal,
    likely_observations,
    random_observations,
)
from zprl_env.deploy.steered_card import steered_card
from zprl_env.errors import CheckpointError, ZprlError
from zprl_env.evaluation import EvaluationResult
from zprl_env.files import RESULTS_FILE, RunFolderError, make_writable, one_line, read_json
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.steered_files import (
    CARD_FILE,
    FIXED_NOISE,
    OWN_POLICY,
    POLICY_FOLDER,
    SHIPPED_POLICY,
    STEERED_FILE,
    base_folder,
    check_entries,
    write_steered,
)
from zprl_env.seeing.fit import state_size
from zprl_env.steerable import SteerablePolicy
from zprl_env.training.config import Config, check_policy, load_config
from zprl_env.training.run.find import find_run
from zprl_env.training.run.history import result_from

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from zprl_env.deploy.steered_policy import SteeredPolicy
    from zprl_env.steering.wrapper import SteeringWrapper


@dataclass(frozen=True)
class Export:
    """Export a run's agent and its base policy to a folder that acts without Stable-Baselines3.

    The folder is read by SteeredPolicy.load, on a computer without torch as well. Nothing is left
    behind unless it decides as the run's agent does.
    """

    run: Path
    """Folder of a run of train_sb3.py, or a folder of runs, of which it is the newest; of an
    interrupted one it is the best agent so far."""
    out: Path
    """Folder to make."""
    policy: str | None = None
    """Base policy, if it is not where the run found it: a checkpoint folder, a shipped name,
    hf://user/name, or module:callable."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the run's environment, besides its own."""
    overwrite: bool = False
    """Replace an export that is in OUT already."""
    trust: bool = False
    """Follow the run's settings where they name code of your own (module:Class, package:Id-v0) or
    an address. Not for a folder that somebody sent you."""
    by_name: bool = False
    """Name the base policy in place of a copy of it, if it is one that comes with the package: the
    folder is then a tenth as large."""
    onnx: bool = False
    """Write the whole as one ONNX graph as well, from observation and noise to actions; of a policy
    that sees, from proprioception and frames."""
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
        OverwriteError: There is an export in the folder already.
        RunFolderError: The run cannot be loaded, or the folder cannot be made.
        ZprlError: The agent is made of something that cannot be exported.
    """
    out = settings.out
    _check_out(out, settings.overwrite)
    run = find_run(settings.run, print, with_agent=True)
    words = [settings.policy, settings.policy_class, *settings.env_kwargs]
    said = [word for word in words if word is not None]
    config = load_config(run, trust=settings.trust, given=said)
    if config.recipe.time_left:
        raise ZprlError(
            "an exported agent must decide by the policy's observation alone. Got one that sees "
            "the time left. Train without --time-left."
        )
    env_kwargs = cli.settings([*config.env_kwargs, *settings.env_kwargs])
    # Here and not above, so that --help and a mistyped flag answer at once.
    import torch

    from zprl_env.base_policies.find import base_policy
    from zprl_env.evaluation import ModelAgent
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.seeing.environment import make_env_for
    from zprl_env.training.agents.weights import load_model
    from zprl_env.training.environment import evaluation_env
    from zprl_env.training.run.agent import find_agent

    torch.set_num_threads(settings.threads)
    name = settings.policy or config.policy
    name = name or str(base_policy(config.env, make=False, env_kwargs=env_kwargs))
    policy = resolve_policy(name, settings.policy_class or config.policy_class)
    check_policy(run, policy)
    own = own_policy(policy, name)
    if own and settings.onnx:
        raise ZprlError(
            f"ONNX must be made of a checkpoint of this project's. Got: {own}, which is code. "
            "Leave --onnx out."
        )
    made = make_env_for(policy, config.env, **env_kwargs)
    env = evaluation_env(made, policy, config.steer, config.recipe)
    if env.steering.committed is not None:
        env.close()
        raise ZprlError(
            "an exported agent must decide by the policy's observation alone. Got one that is told "
            "what is committed (inference=ahead). Run it by python -m real.play --run, or train "
            "with inference=sync."
        )
    partial = beside(out, PARTIAL, start=".")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with closing(env):
            agent = find_agent(run, config.backend, print)
            model = load_model(agent.file, config.algo, config.recipe, env, config.backend)
            metadata = describe_run(run, config, env, measured=agent.handed_over)
            metadata |= {"env_kwargs": env_kwargs} | ({"own_policy": own} if own else {})
            if settings.by_name:
                metadata[SHIPPED_POLICY] = shipped_name(policy)
            steered = write(partial, metadata, model, env)
        space: Any = env.env.env.observation_space
        observations = (
            [*random_observations(space)]
            if own
            else likely_observations(base_folder(partial, metadata))
        )
        check_equal(steered, env, ModelAgent(model), observations)
        if settings.onnx:
            from zprl_env.deploy.onnx_graph import write_onnx

            write_onnx(partial, steered, observations, ACCURACY)
        _replace(out, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def _check_out(out: Path, overwrite: bool) -> None:
    """Refuse a place that is not free, or holds something else than an export."""
    empty = out.is_dir() and not any(out.iterdir())
    if out.exists() and not empty and not (out / STEERED_FILE).exists():
        raise RunFolderError(
            f"out must not exist yet. Got: {out}, which is no export. Choose another or remove it."
        )
    refuse_overwriting(out, overwrite or empty)
    make_writable(out.parent)


def _replace(out: Path, partial: Path) -> None:
    """Put a whole export in the place of another one, or where nothing is."""
    before = beside(out, ".before", start=".")
    shutil.rmtree(before, ignore_errors=True)
    if out.exists():
        out.rename(before)
    partial.rename(out)
    shutil.rmtree(before, ignore_errors=True)


def describe_run(
    run: Path, config: Config, env: SteeringWrapper, *, measured: bool = True
) -> dict[str, Any]:
    """Describe a run for its export: its steering, training and success rates.

    Args:
        run: The run's folder.
        config: Its settings.
        env: A steered environment like those it learned in.
        measured: Whether its results are those of the agent that is exported.

    Raises:
        RunFolderError: Its results are not of this project's making.
    """
    from zprl_env.training.environment import steering_options

    recipe, space = config.recipe, env.env.env.observation_space
    options = {"n_action_steps": env.env.n_action_steps, "sample_latent": False}
    options |= steering_options(recipe)
    if isinstance(options["scale"], str):  # a rule, of which the outcome is what was learned with
        options["scale"] = env.scale.tolist()
    described: dict[str, Any] = {
        "env": config.env,
        "steer": config.steer,
        "options": options,
        "observation_dim": state_size(space),
        "algo": config.algo,
        "backend": config.backend,
        "recipe": dataclasses.asdict(recipe),
        "seed": config.seed,
        "results": {},
    }
    if not measured or not (run / RESULTS_FILE).exists():
        return described
    content = read_json(run / RESULTS_FILE)
    try:
        results = {name: _summary(result_from(r)) for name, r in content["test"].items()}
        more = {n: content.get(n) for n in ("paired_difference", "env_steps", "seconds")}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"Expected a run's results in {run / RESULTS_FILE}. Got: {one_line(error)}. "
            "Measure them again with train_sb3.py --resume-from, or remove the file."
        ) from error
    try:
        check_entries({"results": results} | more, run / RESULTS_FILE)
    except CheckpointError as error:
        raise RunFolderError(
            f"{error} Measure it again with train_sb3.py --resume-from."
        ) from error
    return described | {"results": results} | more


def _summary(result: EvaluationResult) -> dict[str, Any]:
    content = result.to_dict()
    kept = ("success_rate", "wilson_95", "episodes", "mean_length")
    return {key: content[key] for key in kept} | {
        "seeds": [content["seeds"][0], content["seeds"][-1]]
    }


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
    arrays = {"action_low": space.low, "action_high": space.high}
    if env.steering.flow_noise.kind == "fixed":
        arrays[FIXED_NOISE] = env.steering.start
    write_steered(folder, metadata | {"actor": actor.kinds}, actor.to_arrays() | arrays)
    (folder / CARD_FILE).write_text(steered_card(metadata), encoding="utf-8")
    return SteeredPolicy.load(folder, policy=env.policy if own else None, steer=metadata["steer"])


def shipped_name(policy: SteerablePolicy) -> str:
    """Name the shipped policy that has the weights of this one.

    Raises:
        ZprlError: None has.
    """
    weights = getattr(policy, "weights_hash", None)
    for name, folder in shipped_policies().items():
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


EXAMPLES = ("--run runs/Lift/sac/0 --out steered", "--run runs/Lift/sac/0 --out steered --onnx")


def main() -> None:
    """Run the command line."""
    cli.run(lambda: print(export(cli.parse(Export, EXAMPLES))))

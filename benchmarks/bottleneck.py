"""Ablation of the variational information bottleneck: its cost to the base policy.

    python -m benchmarks.bottleneck run Lift-0 box-close-0   train and play; half an hour each
    python -m benchmarks.bottleneck summary                  the table of what has been run

A run takes the task's recipe and one seed of the network, makes every variant (trained with the
policy, without stop-gradients, fitted afterwards, none) from the same demonstrations and plays each
on the same held-out episodes, with the flow's noise and without. Its results, episode by episode,
are kept in benchmarks/results/bottleneck/<task>-<seed>.json.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.tables.bottleneck import table
from benchmarks.tools.command import CommandLine, Flag, Names
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table, missing
from policies.checkpoints import model as checkpoint
from policies.demonstrations import Demonstrations
from policies.demonstrations.content_hash import content_hash
from policies.encoding import Encoding
from policies.fit_bottleneck import fit_bottleneck
from policies.frozen import FrozenPolicy
from policies.imitation.config import PretrainConfig
from policies.model.vib_flow import VibFlow
from policies.pretrain import pretrain
from zprl_env import LatentSteeringWrapper, make_env
from zprl_env.base_policies.recipes import imitation_recipe
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import TEST_SEED, evaluate
from zprl_env.experts.record import Recording, record
from zprl_env.files import read_json
from zprl_env.steerable import SteerablePolicy

RESULTS = ALL_RESULTS / "bottleneck"
TASKS = ("Lift", "box-close")
SEEDS = (0, 1, 2)
RUNS = {f"{task}-{seed}": (task, seed) for task in TASKS for seed in SEEDS}
"""Task and seed of the network, by the name of the run."""

EPISODES = 200
TEMPERATURES = (1.0, 0.0)
"""Temperatures of the flow's noise: imitation's, and none."""
SUMMED_BETA = 1e-3
"""Weight of the naive recipe's KL, which is summed over the latent's dimensions."""
USED = 0.1
"""KL in nats from which on a dimension of the latent carries something."""

VARIANTS = {
    "direct": "no bottleneck: acts from the embedding c of `joint`",
    "joint": "bottleneck trained with the policy, with stop-gradients (the default)",
    "naive": "the same without stop-gradients",
    "naive-heavy": "the same, and the KL summed over dimensions, weight 1e-3",
    "fitted": "bottleneck fitted onto the finished policy of `direct`",
    "fitted-heavy": "the same with the KL of `naive-heavy`",
}


class DirectPolicy:
    """A policy without its bottleneck: its latent is its embedding, z = c.

    It satisfies :class:`zprl_env.SteerablePolicy`.

    Args:
        model: Its encoder and its flow head act, its bottleneck does nothing.
    """

    def __init__(self, model: VibFlow) -> None:
        self._model = model
        self.feature_dim = self.latent_dim = model.config.feature_dim
        self.action_dim = model.config.action_dim
        self.horizon = model.config.horizon
        self.n_action_steps = model.config.n_action_steps

    @torch.inference_mode()
    def encode(self, observations: np.ndarray) -> Encoding:
        """Embed observations of shape ``(B, O)``; the posterior is the embedding itself."""
        features = self._model.encode(torch.as_tensor(observations, dtype=torch.float32))[0].numpy()
        return Encoding(features, features, np.zeros_like(features))

    @torch.inference_mode()
    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Generate chunks of shape ``(B, H, A)`` from embeddings of shape ``(B, F)``."""
        condition, x_0 = (torch.as_tensor(x, dtype=torch.float32) for x in (latents, noise))
        actions: np.ndarray = self._model.generate(condition, x_0).numpy()
        return actions


class Made(NamedTuple):
    """A variant: the policy to play, and the checkpoint that it is or comes from."""

    name: str
    played: SteerablePolicy
    policy: FrozenPolicy


def variants(
    config: PretrainConfig, demonstrations: Demonstrations, folder: Path, progress: bool = True
) -> Iterator[Made]:
    """Make the variants one by one, in the order of ``VARIANTS``.

    Args:
        config: The recipe's settings.
        demonstrations: What all of them imitate.
        folder: Where to keep their checkpoints.
        progress: Whether to draw progress bars.
    """

    def made(name: str, policy: FrozenPolicy) -> Made:
        policy.save(folder / name)
        return Made(name, policy, policy)

    # KL is averaged over dimensions here.
    heavy = dataclasses.replace(config, beta=SUMMED_BETA * config.latent_dim)
    joint = made("joint", pretrain(demonstrations, config, progress=progress))
    # With stop-gradients encoder and head learn what they would learn without any bottleneck.
    yield Made("direct", DirectPolicy(checkpoint.load(folder / "joint").model), joint.policy)
    yield joint
    for name, settings in (("naive", config), ("naive-heavy", heavy)):
        naive = dataclasses.replace(settings, stop_gradients=False)
        yield made(name, pretrain(demonstrations, naive, progress=progress))
    for name, settings in (("fitted", config), ("fitted-heavy", heavy)):
        fitted = fit_bottleneck(joint.policy, demonstrations, settings, progress=progress)
        yield made(name, fitted)


def play(policy: SteerablePolicy, task: str, temperature: float, episodes: int) -> dict[str, Any]:
    """Play a policy as it is, its latent at its mean, on held-out episodes."""
    env = make_env(task)
    steered = LatentSteeringWrapper(
        env, policy, scale=0.0, sample_latent=False, noise=f"fresh:{temperature}"
    )
    with closing(steered):
        return evaluate(steered, None, range(TEST_SEED, TEST_SEED + episodes)).to_dict()


def latent_statistics(policy: FrozenPolicy, demonstrations: Demonstrations) -> dict[str, Any]:
    """Describe the latent over the demonstrations.

    Returns:
        Root mean square of mu, mean sigma, KL in nats per dimension, how many dimensions are used,
        and the variance of the embedding, which the reconstruction error is to be compared with.
    """
    keys = demonstrations.observation_keys
    episodes = [episode.flat_observations(keys) for episode in demonstrations.trajectories]
    features, mean, std = (x.astype(np.float64) for x in policy.encode(np.concatenate(episodes)))
    kl = 0.5 * (mean**2 + std**2 - 1.0 - 2.0 * np.log(std)).mean(0)
    return {
        "rms": float(np.sqrt((mean**2).mean())),
        "posterior_std": float(std.mean()),
        "kl": kl.tolist(),
        "used_dims": int((kl > USED).sum()),
        "feature_variance": float(features.var(0).mean()),
    }


def measure(
    made: Made, task: str, demonstrations: Demonstrations, episodes: int = EPISODES
) -> dict[str, Any]:
    """Play a variant at both temperatures and describe its latent and its losses."""
    training = dict(made.policy.metadata["training"])
    losses = training.pop("losses")[-1]
    latent: dict[str, Any] | None = latent_statistics(made.policy, demonstrations)
    if made.name == "direct":
        losses = {key: losses[key] for key in losses if key in ("step", "flow", "val_flow")}
        latent = None
    for part in ("success_rates", "base"):
        training.pop(part, None)
    return {
        "weights_sha256": made.policy.weights_hash,
        "training": training,
        "losses": losses,
        "latent": latent,
        "success": {f"{t:g}": play(made.played, task, t, episodes) for t in TEMPERATURES},
    }


def done(file: Path) -> bool:
    """Tell whether a run's file holds all of its variants."""
    return file.exists() and read_json(file)["variants"].keys() == VARIANTS.keys()


def run(name: str, out: Path = RESULTS) -> None:
    """Do one run and keep its results, variant by variant."""
    task, seed = RUNS[name]
    recipe = imitation_recipe(task)
    work = Path("runs", "benchmark-bottleneck", name)
    work.mkdir(parents=True, exist_ok=True)
    file = work / "demonstrations.hdf5"
    record(
        Recording(
            out=file,
            env=task,
            episodes=recipe.episodes,
            skill=recipe.skill,
            operator_seed=recipe.operator_seed,
            seed=0,  # the shipped policy's demonstrations, whatever the network's seed
            overwrite=True,
        )
    )
    demonstrations = Demonstrations.load(file)
    config = dataclasses.replace(recipe.pretrain, seed=seed)
    content: dict[str, Any] = {
        "task": task,
        "seed": seed,
        "demonstrations_sha256": content_hash(file),
        "variants": {},
    }
    torch.set_num_threads(1)
    for made in variants(config, demonstrations, work):
        result = measure(made, task, demonstrations)
        content["variants"][made.name] = result
        keep(out / f"{name}.json", content)
        rates = [f"{r['success_rate']:.2f} at noise {t}" for t, r in result["success"].items()]
        print(f"{name} {made.name}: {', '.join(rates)}", flush=True)


def load(out: Path = RESULTS) -> dict[str, list[dict[str, Any]]]:
    """Read the complete runs that have been done, by task."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, (task, _) in RUNS.items():
        if done(out / f"{name}.json"):
            found.setdefault(task, []).append(read_json(out / f"{name}.json"))
    return found


@dataclass(frozen=True)
class Run:
    """Train and play every variant of the bottleneck, for some tasks and seeds."""

    names: Names = ()
    """Runs as TASK-SEED (Lift-0, box-close-0); all of them if none is given."""
    again: Flag = False
    """Do those anew that have been done."""
    out: Path = RESULTS
    """Folder for the results, with a file per run."""

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in RUNS:
                raise UnknownNameError("run", name, RUNS)

    def __call__(self) -> None:
        """Do the missing runs."""
        names = self.names or tuple(RUNS)
        for name in missing(names, lambda one: done(self.out / f"{one}.json"), self.again):
            run(name, self.out)


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the runs that are complete."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(load(self.out), VARIANTS))


COMMAND = CommandLine("bottleneck", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()

"""Imitation learning: fit a VIB flow policy to demonstrations.

``python -m policies.pretrain --demonstrations demos/lift.hdf5 --out policies/lift``
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from torch import Tensor

from policies.checkpoints.contents import METADATA_FILE, check_destination
from policies.checkpoints.output import refuse_overwriting
from policies.commands import parsing, running
from policies.demonstrations import Demonstrations, content_hash, loading
from policies.demonstrations.corrections import Of, to_imitate, together
from policies.frozen import FrozenPolicy
from policies.imitation.config import PretrainConfig
from policies.imitation.device import (
    mixed_precision,
    resolve_device,
    resolve_threads,
    torch_threads,
)
from policies.imitation.fitting import fit, freeze, say, versions
from policies.imitation.optimization import AnySamples, Loss
from policies.imitation.picture_samples import PictureSamples
from policies.imitation.training_samples import training_samples
from policies.imitation.unfinished import UnfinishedFit, unfinished_fit
from policies.model.eyes import named_backbone
from policies.model.vib_flow import VibFlow


def pretrain(
    demonstrations: Demonstrations,
    config: PretrainConfig,
    *,
    evaluate: Callable[[FrozenPolicy], float | None] | None = None,
    progress: bool = True,
    provenance: dict[str, Any] | None = None,
    unfinished: UnfinishedFit | None = None,
) -> FrozenPolicy:
    """Fit encoder, flow head and bottleneck jointly; return the moving average of the weights.

    The returned policy is the last one, whatever the evaluations said: choosing the best would
    make its success rate look better than it is.

    Args:
        demonstrations: Episodes to imitate.
        config: Settings.
        evaluate: Success rate of a policy in its environment, asked every ``eval_every`` steps
            and at the end; this package knows no environment. None if it could not be had.
        progress: Whether to draw a progress bar on stderr.
        provenance: Added to the training summary, such as the file's hash and the command.
        unfinished: Where the state of the training is kept, and gone on from to the same bits; see
            :func:`~policies.imitation.unfinished.unfinished_fit`.

    Raises:
        ConfigurationError: If the settings make no model, or another training is unfinished.
        TrainingDivergedError: If a loss is no longer finite.
    """
    began = time.perf_counter()
    config = resolved(config)
    with torch_threads(config.threads), training_samples(demonstrations, config, say) as samples:
        return _pretrain(
            demonstrations, config, samples, began, evaluate, progress, provenance, unfinished
        )


def _pretrain(
    demonstrations: Demonstrations,
    config: PretrainConfig,
    samples: AnySamples,
    began: float,
    evaluate: Callable[[FrozenPolicy], float | None] | None,
    progress: bool,
    provenance: dict[str, Any] | None,
    unfinished: UnfinishedFit | None,
) -> FrozenPolicy:
    model = new_model(demonstrations, config, samples)
    observations = samples if isinstance(samples, PictureSamples) else samples.all[0]
    successes: list[dict[str, float]] = []

    def after_step(step: int, average: VibFlow) -> None:
        if evaluate is None or (step % config.eval_every and step != config.steps):
            return
        if any(told["step"] == step for told in successes):
            return
        rate = evaluate(freeze(average, observations, demonstrations, {}))
        if rate is None:
            return
        successes.append({"step": step, "success_rate": float(rate)})
        say(f"step {step}: success rate {rate:.2f}")

    average, losses = fit(
        model,
        joint_loss(config),
        samples,
        config,
        after_step=after_step,
        progress=progress,
        title="pretrain",
        unfinished=unfinished,
        remarks={"success_rates": successes},
    )
    earlier = unfinished.seconds if unfinished else 0.0
    training = {
        **dataclasses.asdict(config),
        "demonstrations": len(demonstrations.trajectories),
        "samples": len(observations),
        "losses": losses,
        "success_rates": successes,
        "seconds": round(time.perf_counter() - began + earlier, 1),
        "versions": versions(),
        **(provenance or {}),
    }
    return freeze(average, observations, demonstrations, training)


def resolved(config: PretrainConfig) -> PretrainConfig:
    """Return settings with what is left to this machine chosen: device, threads, draws."""
    return dataclasses.replace(
        config,
        device=resolve_device(config.device, config.sees),
        threads=resolve_threads(config.threads, config.sees),
        draws=config.draws or (4 if config.sees else 1),
    )


def new_model(
    demonstrations: Demonstrations, config: PretrainConfig, samples: AnySamples
) -> VibFlow:
    """Make the model that is to learn, its units fitted to the demonstrations."""
    if isinstance(samples, PictureSamples):
        states, chunks = samples.states, samples.chunks
    else:
        states, chunks = (tensor.cpu().numpy() for tensor in samples.all)
    sizes = config.model_config(states.shape[-1], chunks.shape[-1], demonstrations.picture_settings)
    backbone = None
    if sizes.pictures is not None:
        sizes.pictures.preprocessing.warn()
        backbone = named_backbone(sizes.pictures)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        model = VibFlow(sizes, backbone)
    model.normalizer.fit(states, chunks[:, 0])
    return model.to(config.device)


def joint_loss(config: PretrainConfig) -> Loss[VibFlow]:
    """Return the joint loss of all parts by the settings' weights."""

    def loss(
        model: VibFlow, observations: Any, chunks: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        with mixed_precision(config.device, config.precision):
            terms = model.loss(
                observations,
                chunks,
                beta=config.beta,
                reconstruction_weight=config.w_rec,
                stop_gradients=config.stop_gradients,
                generator=generator,
                draws=config.draws,
            )
        return {
            "loss": terms.total,
            "flow": terms.flow,
            "vib_flow": terms.vib.flow,
            "kl": terms.vib.kl,
            "reconstruction": terms.vib.reconstruction,
        }

    return loss


@dataclass(frozen=True, kw_only=True)
class Arguments(PretrainConfig):
    """Train a steerable imitation policy from demonstrations."""

    demonstrations: tuple[Path, ...]
    """Demonstrations, recorded with this project or elsewhere: HDF5 of robomimic or D4RL, a
    recording, a folder of ALOHA's episodes, a .zarr of Diffusion Policy, or minari:ID. Several
    are learned from together, such as the first ones and a recording with corrections."""
    weights: tuple[float, ...] = ()
    """Share by which a step of each file is drawn, relative to those of the others: 1 4 draws a
    step of the second one four times as often."""
    imitate: Of = "people"
    """Steps to imitate of an episode that a person took over from a policy: those of people, or
    all. Other episodes are imitated as they are."""
    out: Path
    """Folder for the checkpoint: policy.safetensors and policy.json."""
    observation_keys: tuple[str, ...] = ()
    """Observations the policy sees, in order; by default those the file names."""
    mask: str | None = None
    """Use only the episodes of this robomimic filter key, such as "train"."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace the checkpoint in OUT, and begin anew where another training is unfinished."""
    env: str | None = None
    """Environment to compare the actions with, a task or a gymnasium id; by default the one that
    the demonstrations name, if it is known."""
    skip_bad: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Leave out episodes that cannot be imitated; which ones is printed and stored."""


def run(arguments: Arguments) -> None:
    """Read demonstrations, train or go on with the training, write the checkpoint."""
    refuse_overwriting(arguments.out / METADATA_FILE, arguments.overwrite)
    check_destination(arguments.out)
    demonstrations = _demonstrations(arguments)
    files = arguments.demonstrations
    hashes = [content_hash(file, skip_bad=arguments.skip_bad) for file in files]
    names = [field.name for field in dataclasses.fields(PretrainConfig)]
    provenance = {
        "demonstrations_sha256": hashes[0] if len(hashes) == 1 else hashes,
        **loading.provenance(demonstrations),
        "command": shlex.join(["python", "-m", "policies.pretrain", *sys.argv[1:]]),
    }
    config = PretrainConfig(**{name: getattr(arguments, name) for name in names})
    with unfinished_fit(arguments.out, arguments.overwrite) as unfinished:
        policy = pretrain(demonstrations, config, provenance=provenance, unfinished=unfinished)
        unfinished.finish(lambda: policy.save(arguments.out))
    print(f"saved {arguments.out} ({policy.weights_hash[:12]})")


def _demonstrations(arguments: Arguments) -> Demonstrations:
    """Load all files, the later ones with the observation keys of the first."""
    found: list[Demonstrations] = []
    for file in arguments.demonstrations:
        keys = found[0].observation_keys if found else arguments.observation_keys or None
        whole = loading.load_and_say(
            file,
            keys,
            arguments.mask,
            env=arguments.env,
            skip_bad=arguments.skip_bad,
            cameras=arguments.cameras if arguments.sees else None,
        )
        part = to_imitate(whole, arguments.imitate)
        taken, steps = (sum(map(len, some.trajectories)) for some in (part, whole))
        if taken != steps:
            print(f"  of people: {taken} of {steps} steps")
        found.append(part)
    return together(found, arguments.weights)


EXAMPLES = (
    "--demonstrations demos/lift.hdf5 --out policies/lift",
    "--demonstrations demos/lift.hdf5 --encoder small --out policies/lift_eyes  # from cameras",
    "--demonstrations first.hdf5 corrected.hdf5 --weights 1 4 --out better  # after takeovers",
    "--demonstrations low_dim.hdf5 --mask train --steps 20k --out my_policy  # robomimic's file",
)


def main() -> None:
    """Run the command line."""
    running.run(lambda: run(parsing.parse(Arguments, EXAMPLES)))


if __name__ == "__main__":
    main()

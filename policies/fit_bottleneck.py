"""Fit a bottleneck onto a policy that is already trained, without touching the policy.

``python -m policies.fit_bottleneck --policy policies/lift --demonstrations demos/lift.hdf5 --out
policies/lift16 --latent-dim 16``
"""

from __future__ import annotations

import copy
import dataclasses
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from torch import Tensor

from policies.checkpoints import model as checkpoint
from policies.checkpoints.contents import METADATA_FILE, check_destination
from policies.checkpoints.output import refuse_overwriting
from policies.commands import parsing, running
from policies.demonstrations import Demonstrations, content_hash, loading
from policies.errors import PolicyMismatchError
from policies.foreign.addresses import is_address, names_code
from policies.frozen import FrozenPolicy
from policies.imitation.config import BottleneckConfig
from policies.imitation.device import resolve_device, resolve_threads, torch_threads
from policies.imitation.fitting import fit, freeze, versions
from policies.imitation.samples import Pair
from policies.imitation.training_samples import samples_of
from policies.imitation.unfinished import UnfinishedFit, unfinished_fit
from policies.model.bottleneck import Bottleneck
from policies.model.vib_flow import VibFlow, vib_loss


def fit_bottleneck(
    policy: FrozenPolicy | VibFlow,
    demonstrations: Demonstrations,
    config: BottleneckConfig,
    *,
    progress: bool = True,
    provenance: dict[str, Any] | None = None,
    unfinished: UnfinishedFit | None = None,
) -> FrozenPolicy:
    """Minimise FM(dec(z)) + beta KL + w_rec MSE(dec(z), c) over a new bottleneck alone.

    What acts in the policy, its encoder, flow head and normalisation, is taken over bit by bit; the
    bottleneck it had, if it was ever trained, is dropped, and the new one may be of another size.

    Args:
        policy: The finished policy; not changed.
        demonstrations: Episodes of its task, best those it was trained on.
        config: Settings; of a :class:`PretrainConfig` those that concern the bottleneck.
        progress: Whether to draw a progress bar on stderr.
        provenance: Added to the training summary, such as the file's hash and the command.
        unfinished: Where the state of the fit is kept, and gone on from to the same bits; see
            :func:`~policies.imitation.unfinished.unfinished_fit`.

    Returns:
        The same policy with the moving average of the bottleneck's weights. Its training summary
        has that of the given policy under "base".

    Raises:
        PolicyMismatchError: If the demonstrations' observations or actions are not the policy's.
        ConfigurationError: If the settings make no bottleneck.
    """
    began = time.perf_counter()
    base = policy._model if isinstance(policy, FrozenPolicy) else policy
    known = policy.metadata if isinstance(policy, FrozenPolicy) else {}
    _check_fit(base, known.get("observation_keys"), demonstrations)
    sees = base.config.pictures is not None
    config = dataclasses.replace(
        config,
        device=resolve_device(config.device, sees),
        threads=resolve_threads(config.threads, sees),
    )
    model = _with_new_bottleneck(base, config)

    @torch.no_grad()
    def embed(observations: Any, chunks: Tensor) -> Pair:
        return model.embed(observations), model.normalizer.actions(chunks)

    def loss(
        bottleneck: Bottleneck, features: Tensor, actions: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        vib = vib_loss(bottleneck, model.head, features, actions, generator)
        total = vib.flow + config.beta * vib.kl + config.w_rec * vib.reconstruction
        terms = {"loss": total, "vib_flow": vib.flow, "kl": vib.kl}
        return terms | {"reconstruction": vib.reconstruction}

    horizon, eyes = model.config.horizon, model.config.pictures
    with torch_threads(config.threads):
        with samples_of(demonstrations, horizon, config, eyes) as samples:
            embedded = samples.map(embed)  # the encoder is fixed: no step need run it again
        average, losses = fit(
            model.bottleneck,
            loss,
            embedded,
            config,
            progress=progress,
            title="fit bottleneck",
            unfinished=unfinished,
        )
    model.bottleneck = average
    earlier = unfinished.seconds if unfinished else 0.0
    settings = (field.name for field in dataclasses.fields(BottleneckConfig))
    training = {
        **{name: getattr(config, name) for name in settings},
        "demonstrations": len(demonstrations.trajectories),
        "samples": len(embedded.all[0]),
        "losses": losses,
        "seconds": round(time.perf_counter() - began + earlier, 1),
        "versions": versions(),
        "base": {
            "weights_sha256": checkpoint.weights_hash(base),
            "training": known.get("training", {}),
        },
        **(provenance or {}),
    }
    return freeze(model, embedded.all[0], demonstrations, training, embedded=True)


_BACKBONE = "cameras.0.backbone"


def _with_new_bottleneck(base: VibFlow, config: BottleneckConfig) -> VibFlow:
    sizes = dataclasses.replace(
        base.config,
        latent_dim=config.latent_dim,
        bottleneck_hidden_dims=config.bottleneck_hidden_dims,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        model = VibFlow(
            sizes, lambda: copy.deepcopy(base.encoder.get_submodule("cameras.0.backbone"))
        )
    for part in ("normalizer", "encoder", "head"):
        getattr(model, part).load_state_dict(getattr(base, part).state_dict())
        getattr(model, part).requires_grad_(False)
    return model.to(config.device)


def _check_fit(base: VibFlow, keys: dict[str, int] | None, demonstrations: Demonstrations) -> None:
    shown = demonstrations.observation_dims
    sizes = (sum(shown.values()), demonstrations.trajectories[0].actions.shape[1])
    must = (base.config.observation_dim, base.config.action_dim)
    if sizes != must:
        raise PolicyMismatchError(
            f"the demonstrations' observations and actions must have the policy's sizes {must}. "
            f"Got: {sizes}. Use demonstrations of the policy's own task."
        )
    eyes, settings = base.config.pictures, demonstrations.picture_settings
    if eyes is not None:
        seen = () if settings is None else (settings.cameras, settings.image_size)
        if seen != (eyes.cameras, eyes.image_size):
            raise PolicyMismatchError(
                f"the demonstrations' frames must be the policy's, {eyes.image_size} of "
                f"{', '.join(eyes.cameras)}. Got: {seen or 'none'}. Load them with "
                f"cameras={list(eyes.cameras)}."
            )
    if keys is not None and list(keys.items()) != list(shown.items()):
        raise PolicyMismatchError(
            f"the demonstrations' observations must be the policy's, in its order: {keys}. "
            f"Got: {shown}. Load them with keys={list(keys)}."
        )


@dataclass(frozen=True, kw_only=True)
class Arguments(BottleneckConfig):
    """Fit a steerable bottleneck onto a finished policy; its encoder and flow head do not change.

    Reinforcement learning can then perturb a latent of another size or spread, without the policy
    being trained again.
    """

    policy: str
    """Folder of the finished policy's checkpoint; or, of one that was trained elsewhere, its
    address, such as lerobot:outputs/last, or module:callable that returns it."""
    demonstrations: Path
    """Demonstrations, best those that the policy was trained on; see policies.pretrain."""
    out: Path
    """Folder for the new checkpoint: policy.safetensors and policy.json."""
    keys: tuple[str, ...] = ()
    """Observation keys that a policy from elsewhere takes, in its order; all of the file's if none
    are given. A checkpoint of this project's names its own."""
    mask: str | None = None
    """Use only the episodes of this robomimic filter key, such as "train"."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace the checkpoint in OUT, and begin anew where another fit is unfinished."""
    env: str | None = None
    """Environment to compare the actions with, a task or a gymnasium id; by default the one that
    the demonstrations name, if it is known."""
    skip_bad: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Leave out episodes that cannot be imitated; which ones is printed and stored."""


def run(arguments: Arguments) -> None:
    """Read policy and demonstrations, fit or go on with the fit, write the checkpoint."""
    refuse_overwriting(arguments.out / METADATA_FILE, arguments.overwrite)
    check_destination(arguments.out)
    name = str(arguments.policy)
    if is_address(name) or names_code(name):
        _run_foreign(arguments)
        return
    base = FrozenPolicy.load(arguments.policy)
    demonstrations = loading.load_and_say(
        arguments.demonstrations,
        list(base.metadata["observation_keys"]),
        arguments.mask,
        env=arguments.env,
        skip_bad=arguments.skip_bad,
        cameras=base.cameras or None,
    )
    config, provenance = _config(arguments), _provenance(arguments, demonstrations)
    with unfinished_fit(arguments.out, arguments.overwrite) as unfinished:
        policy = fit_bottleneck(
            base, demonstrations, config, provenance=provenance, unfinished=unfinished
        )
        unfinished.finish(lambda: policy.save(arguments.out))
    print(f"saved {arguments.out} ({policy.weights_hash[:12]})")


def _run_foreign(arguments: Arguments) -> None:
    """Fit a bottleneck onto a policy that was trained elsewhere, and save it beside its address."""
    from policies import foreign
    from policies.foreign.addresses import made_generator

    generator = made_generator(arguments.policy)
    demonstrations = loading.load_and_say(
        arguments.demonstrations,
        list(arguments.keys or getattr(generator, "observation_keys", ())) or None,
        arguments.mask,
        env=arguments.env,
        skip_bad=arguments.skip_bad,
        cameras=tuple(getattr(generator, "cameras", ())) or None,
    )
    config, provenance = _config(arguments), _provenance(arguments, demonstrations)
    with unfinished_fit(arguments.out, arguments.overwrite) as unfinished:
        policy = foreign.fit_foreign_bottleneck(
            generator, demonstrations, config, provenance=provenance, unfinished=unfinished
        )
        address = arguments.policy if is_address(arguments.policy) else None
        unfinished.finish(lambda: foreign.save(policy, arguments.out, address))
    print(f"saved {arguments.out}: a bottleneck for {arguments.policy}, which stays where it is")


def _config(arguments: Arguments) -> BottleneckConfig:
    names = [field.name for field in dataclasses.fields(BottleneckConfig)]
    return BottleneckConfig(**{name: getattr(arguments, name) for name in names})


def _provenance(arguments: Arguments, demonstrations: Demonstrations) -> dict[str, Any]:
    return {
        "demonstrations_sha256": content_hash(
            arguments.demonstrations, skip_bad=arguments.skip_bad
        ),
        **loading.provenance(demonstrations),
        "command": shlex.join(["python", "-m", "policies.fit_bottleneck", *sys.argv[1:]]),
    }


EXAMPLES = (
    "--policy my_policy --demonstrations demos/lift.hdf5 --latent-dim 16 --out my_policy16",
    "--policy my_lab:make_flow --demonstrations demos/lift.hdf5 --out runs/steerable",
)


def main() -> None:
    """Run the command line."""
    running.run(lambda: run(parsing.parse(Arguments, EXAMPLES)))


if __name__ == "__main__":
    main()

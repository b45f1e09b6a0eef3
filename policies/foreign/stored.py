"""Folder of a bottleneck that was fitted onto a policy from elsewhere, which stays where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from policies.checkpoints.contents import (
    METADATA_FILE,
    CheckpointContents,
    check_hash,
    read_contents,
    save_checkpoint,
)
from policies.checkpoints.plain_json import shown
from policies.errors import CheckpointError
from policies.foreign.addresses import is_address, load_generator
from policies.foreign.bottleneck import FittedBottleneck
from policies.foreign.generator import ForeignGenerator
from policies.foreign.modules import generator_hash
from policies.foreign.policy import ForeignPolicy
from policies.imitation.versions import versions

CLASS_NAME = "ForeignBottleneck"
"""Class of such a checkpoint."""
CLOSE = 1e-3
"""Largest change of the golden action, relative to its largest number."""


def save(policy: ForeignPolicy, folder: str | os.PathLike[str], address: str | None = None) -> None:
    """Save a fitted bottleneck, and which policy it was fitted onto.

    Args:
        policy: The policy with its bottleneck; its own weights are not copied.
        folder: Where to.
        address: Where the policy comes from, such as ``lerobot:outputs/diffusion``.

    Raises:
        CheckpointError: It has no bottleneck, or the path is a file.
    """
    fitted = policy.bottleneck
    if fitted is None:
        raise CheckpointError(
            "What is saved is a bottleneck that was fitted onto a policy. Got: a policy without "
            "one. Fit it by policies.fit_bottleneck, or name the policy as it is."
        )
    metadata = {
        **policy.metadata,
        "bottleneck": fitted.sizes(),
        "generator": {
            "address": address,
            "weights_sha256": generator_hash(policy.generator),
            "golden_action": _golden(policy).tolist(),
            "versions": versions(),
        },
    }
    save_checkpoint(folder, CLASS_NAME, fitted.arrays(), metadata)


def load(
    folder: str | os.PathLike[str], generator: ForeignGenerator | None = None
) -> ForeignPolicy:
    """Load a fitted bottleneck together with the policy that it was fitted onto.

    Args:
        folder: Where it was saved.
        generator: The policy, if it is code of one's own: no name in a file is ever imported.

    Raises:
        CheckpointError: The files are damaged, or the policy is another one than it was.
    """
    contents = read_contents(folder)
    if contents.class_name != CLASS_NAME:
        raise CheckpointError(
            f"{folder} must hold a bottleneck that was fitted onto a policy from elsewhere. Got: a "
            f"checkpoint of class {shown(contents.class_name)}. Load it by policies.load_policy."
        )
    check_hash(contents)
    return FittedForeign.from_checkpoint(contents, generator)


class FittedForeign:
    """Maker of such policies, for :func:`policies.load_policy`."""

    @classmethod
    def from_checkpoint(
        cls, contents: CheckpointContents, generator: ForeignGenerator | None = None
    ) -> ForeignPolicy:
        """Make the policy of a checkpoint that was read.

        Raises:
            CheckpointError: As :func:`load`.
        """
        where = contents.folder / METADATA_FILE
        about = contents.metadata.get("generator")
        sizes = contents.metadata.get("bottleneck")
        if not isinstance(about, dict) or not isinstance(sizes, dict):
            raise CheckpointError(
                f"{where} must say bottleneck and generator. Got: {shown(about)}. Fit it again."
            )
        fitted = FittedBottleneck.of_arrays(sizes, contents.weights, str(where))
        if generator is None:
            generator = _named(about.get("address"), contents.folder)
        if (got := generator_hash(generator)) != about.get("weights_sha256"):
            raise CheckpointError(
                f"{contents.folder} was fitted onto a policy with the weights "
                f"{shown(about.get('weights_sha256'))}. Got one with {got!r}. Give that policy, or "
                "fit a bottleneck onto this one."
            )
        policy = ForeignPolicy(generator, fitted, contents.metadata)
        _check_golden(policy, about, contents.folder)
        return policy


def _named(address: Any, folder: Path) -> Any:
    if isinstance(address, str) and is_address(address):
        return load_generator(address)
    raise CheckpointError(
        f"{folder} was fitted onto a policy that is code of your own. Give it: "
        f"policies.foreign.load({str(folder)!r}, generator), in a function that --policy names as "
        "module:function."
    )


def _golden(policy: ForeignPolicy) -> np.ndarray:
    """Return the chunk of the mean latent without noise, which nothing may change."""
    latents = np.asarray(policy.latent_mean, np.float32)[None]
    return policy.decode(latents, np.zeros((1, *policy.noise_shape), np.float32))[0]


def _check_golden(policy: ForeignPolicy, about: dict[str, Any], folder: Path) -> None:
    try:
        kept = np.asarray(about.get("golden_action"), np.float32)
    except (TypeError, ValueError):
        kept = np.empty(0, np.float32)
    now = _golden(policy)
    limit = CLOSE * max(1.0, float(np.abs(kept).max(initial=0.0)))
    if kept.shape != now.shape or not np.abs(kept - now).max(initial=0.0) <= limit:
        then, here = about.get("versions"), versions()
        raise CheckpointError(
            f"The policy of {folder} must act as it did when its bottleneck was fitted, with "
            f"{shown(then)}. Got other actions for the same question, with {here}. Install those "
            "versions, or fit the bottleneck again."
        )

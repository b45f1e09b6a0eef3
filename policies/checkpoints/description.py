"""Description of a VIB flow policy (policy.json): every entry's type, size and range, checked.

Nothing here is believed before it is compared with what is there: whoever wrote the file may have
been mistaken, interrupted or malicious.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from policies.checkpoints.output import WRITER
from policies.checkpoints.plain_json import shown
from policies.checkpoints.tensor_file import check_finite
from policies.errors import CheckpointError, ConfigurationError
from policies.model.config import VibFlowConfig
from policies.pictures.settings import PictureSettings

METADATA_FILE = "policy.json"
_POSITIVE = ("std", "rms")
_MOST_KEYS = 10_000


def check_description(metadata: Mapping[str, Any], folder: Path) -> VibFlowConfig:
    """Check a description and return the sizes that it says.

    Args:
        metadata: The description.
        folder: Where it was read, for errors.

    Raises:
        CheckpointError: An entry is missing, of another type or impossible.
    """
    try:
        config = VibFlowConfig.from_dict(metadata["model"])
    except (ConfigurationError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / METADATA_FILE} has no valid model: {error}") from error
    check_latent(metadata, config, folder)
    for name in ("env_args", "training"):
        _check_object(metadata, name, folder)
    _check_object(metadata.get("env_args", {}), "env_kwargs", folder)
    for entries, name in (
        (metadata, WRITER),
        (metadata.get("env_args", {}), "env_name"),
    ):
        if not isinstance(entries.get(name, ""), str):
            raise _wrong(name, folder, "a text", entries[name])
    _check_keys(metadata.get("observation_keys", {}), config, folder)
    _check_pictures(metadata, config, folder)
    return config


def check_latent(metadata: Mapping[str, Any], config: VibFlowConfig, folder: Path) -> None:
    """Check the latent's statistics: as many finite numbers as it has dimensions, spreads above 0.

    Raises:
        CheckpointError: It lacks one, or one is of another size, not finite or impossible.
    """
    latent = metadata.get("latent")
    latent = latent if isinstance(latent, Mapping) else {}
    for name in ("mean", "std", "rms", "posterior_std"):
        values = latent.get(name)
        if name == "posterior_std" and name not in latent:
            continue  # not in the first checkpoints
        place = f"latent {name}"
        if not isinstance(values, list) or len(values) != config.latent_dim:
            raise _wrong(place, folder, f"a list of {config.latent_dim} numbers", values)
        if not all(type(value) in (int, float) for value in values):
            raise _wrong(place, folder, f"a list of {config.latent_dim} numbers", values)
        with np.errstate(over="ignore"):
            try:
                numbers = np.array(values, np.float32)
            except OverflowError:
                numbers = np.full(len(values), np.inf, np.float32)
        if not np.isfinite(numbers).all():
            raise _wrong(place, folder, "finite numbers", values)
        if name in _POSITIVE and (numbers <= 0.0).any():
            raise _wrong(place, folder, "above 0, since perturbations are measured by it", values)
        if name == "posterior_std" and (numbers < 0.0).any():
            raise _wrong(place, folder, "at least 0", values)
    _check_covariance(latent.get("covariance"), config.latent_dim, folder)


def check_weights(weights: Mapping[str, np.ndarray], path: Path) -> None:
    """Check that a policy's tensors are finite, and what they divide by is above 0.

    Args:
        weights: Tensors by name, of the sizes that the description says.
        path: The file, for errors.

    Raises:
        CheckpointError: They are not.
    """
    check_finite(weights, path)
    for name, least, must in (
        ("normalizer.observation_std", np.finfo(np.float32).tiny, "above 0"),
        ("normalizer.action_scale", 0.0, "at least 0"),
    ):
        lowest = float(weights[name].min(initial=np.inf))  # of a policy without proprioception
        if lowest < least:
            raise CheckpointError(
                f"{name} in {path} must be {must}. Got: {lowest:g}. The file is damaged; take "
                f"another one."
            )


def _check_pictures(metadata: Mapping[str, Any], config: VibFlowConfig, folder: Path) -> None:
    """Check that what is said of the frames is of the cameras and the size of the model."""
    stated = metadata.get("pictures")
    if stated is None:
        return
    eyes = config.pictures
    try:
        settings = PictureSettings.from_dict(stated)
    except ConfigurationError as error:
        raise CheckpointError(f"pictures of {folder} must be settings: {error}") from error
    if eyes is None or (eyes.cameras, eyes.image_size) != (settings.cameras, settings.image_size):
        must = "none" if eyes is None else f"of {eyes.cameras}, {eyes.image_size}"
        raise _wrong("pictures", folder, f"{must}, as the model is", stated)
    _check_object(metadata, "reference_frames", folder)


def _check_covariance(rows: Any, size: int, folder: Path) -> None:
    """Check the covariance of the latent's means, which older checkpoints do not have."""
    if rows is None:
        return
    must, name = f"{size} lists of {size} finite numbers, symmetric", "latent covariance"
    listed = isinstance(rows, list) and all(
        isinstance(row, list) and len(row) == size and all(type(v) in (int, float) for v in row)
        for row in rows
    )
    if not listed or len(rows) != size:
        raise _wrong(name, folder, must, rows)
    largest = float(np.finfo(np.float32).max)
    if any(
        abs(value) > largest for row in rows for value in row
    ):  # integers of any size among them
        raise _wrong(name, folder, must, rows)
    covariance = np.array(rows, np.float64)
    if not np.allclose(covariance, covariance.T, rtol=1e-4) or (np.diag(covariance) < 0.0).any():
        raise _wrong(name, folder, must, rows)


def _check_object(entries: Mapping[str, Any], name: str, folder: Path) -> None:
    if not isinstance(entries.get(name, {}), Mapping):
        raise _wrong(name, folder, "an object of names and values", entries[name])


def _check_keys(keys: Any, config: VibFlowConfig, folder: Path) -> None:
    must = f"sizes by name, {config.observation_dim} in all"
    if not isinstance(keys, Mapping) or len(keys) > _MOST_KEYS:
        raise _wrong("observation_keys", folder, must, keys)
    sizes = list(keys.values())
    if not all(type(size) is int and size > 0 for size in sizes):
        raise _wrong("observation_keys", folder, must, keys)
    if sizes and sum(sizes) != config.observation_dim:
        raise _wrong("observation_keys", folder, must, keys)


def _wrong(name: str, folder: Path, must: str, got: object) -> CheckpointError:
    return CheckpointError(f"{name} of {folder} must be {must}. Got: {shown(got)}.")

"""The folder of an exported steered policy: safetensors and JSON, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy

from policies.checkpoints import files as checkpoint_files
from policies.checkpoints.files import arrays_hash, read_arrays
from policies.checkpoints.output import WRITER, package_version
from policies.checkpoints.pickled import refuse_pickled
from policies.checkpoints.plain_json import read_json, shown
from policies.checkpoints.tensor_file import check_finite, read_header
from policies.checkpoints.whole import replace_file
from policies.model.config import MOST_SIZE
from zprl_env.errors import CheckpointError, ConfigurationError
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.options.former import with_present_names
from zprl_env.options.noise import FlowNoise

FORMAT = "zprl-steered"
VERSION = 1
STEERED_FILE, ACTOR_FILE = "steered.json", "actor.safetensors"
POLICY_FOLDER = "policy"
"""Subfolder of the base policy's own checkpoint."""
OWN_POLICY = "own_policy"
"""Key of a note for people to read: which code of their own the base policy was."""
SHIPPED_POLICY = "shipped_policy"
"""Key of the name of a base policy that comes with the package, in place of a copy of it."""
FIXED_NOISE = "noise"
"""Array of the vector that the flow starts from, where that is a fixed one: itself and not its seed
alone, for whoever reads the folder without this package."""
RULES = ("auto", "published")
"""Scales of a recipe that are the name of a rule."""
ONNX_FILE, CARD_FILE = "steered.onnx", "README.md"

_MOST_LAYERS, _LARGEST = 1000, 1e30


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _LARGEST


def _option(value: object) -> bool:
    numbers = value if isinstance(value, list) else [value]
    return numbers != [] and all(
        v is None or isinstance(v, str | bool) or _number(v) for v in numbers
    )


def _text(value: object) -> bool:
    return isinstance(value, str)


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _rate(value: object) -> bool:
    return _number(value) and 0.0 <= value <= 1.0  # type: ignore[operator]


def _named(value: object) -> bool:
    return isinstance(value, dict)


def _noise(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        FlowNoise.parse(value).known()
    except ConfigurationError:
        return False
    return True


SHARED: dict[str, Callable[[Any], bool]] = {
    "n_action_steps": _count,
    "sample_latent": lambda value: isinstance(value, bool),
    "noise": _noise,
    "observation": _text,
}
"""Options that every way of steering has, and every description says."""


def _options(value: Any) -> bool:
    if not _named(value) or not all(map(_option, value.values())):
        return False
    return all(fits(value.get(name)) for name, fits in SHARED.items())


FACTS: dict[str, Callable[[Any], bool]] = {
    "success_rate": _rate,
    "episodes": _count,
    "mean_length": lambda value: _number(value) and value >= 0.0,
}
"""Facts of a measured success rate by name, and whether a value is such."""


def is_result(value: object) -> bool:
    """Tell whether a measured success rate has what cards say of it.

    >>> is_result({"success_rate": 0.5})
    False
    """
    if not isinstance(value, dict):
        return False
    rates, seeds = value.get("wilson_95"), value.get("seeds")
    if not isinstance(rates, list) or not isinstance(seeds, list):
        return False
    whole = len(rates) == 2 and len(seeds) > 1 and all(map(_rate, rates))
    return (
        whole
        and all(map(_count, seeds))
        and all(fits(value.get(name)) for name, fits in FACTS.items())
    )


def _is_difference(value: Any) -> bool:
    return (
        _named(value)
        and _number(value.get("difference"))
        and -1.0 <= value["difference"] <= 1.0
        and all(_count(value.get(name)) for name in ("gained", "lost"))
        and _rate(value.get("p_value"))
    )


ENTRIES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("env", "steer", "algo", OWN_POLICY, WRITER), ("a text", _text)),
    "backend": ("'torch' or 'sbx'", lambda v: v in ("torch", "sbx")),
    "seed": ("an integer, at least 0", _count),
    "env_steps": ("null or an integer, at least 0", lambda v: v is None or _count(v)),
    "seconds": ("null or a number, at least 0", lambda v: v is None or (_number(v) and v >= 0)),
    "recipe": ("an object of names and values", _named),
    "env_kwargs": (
        "an object of names and values",
        lambda v: _named(v) and all(map(str.isidentifier, v)),
    ),
    "observation_dim": (
        f"an integer from 0 to {MOST_SIZE}",
        lambda v: type(v) is int and 0 <= v <= MOST_SIZE,
    ),
    "actor": (
        f"a list of at most {_MOST_LAYERS} texts",
        lambda v: isinstance(v, list) and len(v) <= _MOST_LAYERS and all(map(_text, v)),
    ),
    "options": (
        "an object of numbers, texts or lists of numbers, with n_action_steps (an integer), "
        "sample_latent (true or false), noise (such as 'zero') and observation (a text)",
        _options,
    ),
    "results": (
        "an object of success rates with their intervals",
        lambda v: _named(v) and all(map(is_result, v.values())),
    ),
    "paired_difference": (
        "null or an object of numbers: difference, gained, lost, p_value",
        lambda v: v is None or _is_difference(v),
    ),
}
"""Entries of a description, besides its format and hashes: what each must be, and whether it is."""


def check_entries(described: Mapping[str, Any], path: Path) -> None:
    """Check the entries that a description has, as far as they are of `ENTRIES`.

    Raises:
        CheckpointError: One is of another type or size, or two contradict each other.
    """
    for name, (must, fits) in ENTRIES.items():
        if name in described and not fits(described[name]):
            raise CheckpointError(
                f"{name} in {path} must be {must}. Got: {shown(described[name])}."
            )
    options, recipe = described.get("options", {}), described.get("recipe", {})
    for name in ("scale", "noise", "observation"):
        if recipe.get("scale") in RULES and name == "scale":
            continue  # of which the options have the outcome
        if name in options and name in recipe and options[name] != recipe[name]:
            raise CheckpointError(
                f"{name} in {path} must be one thing. Got: {shown(options[name])} among its "
                f"options, {shown(recipe[name])} in its recipe. It is damaged or was changed; copy "
                "it again."
            )


def _present(described: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a description with the present names of options; a former version may have written it.

    Raises:
        CheckpointError: What has a former name is of another type or size.
    """
    named = dict(described)
    for name in ("options", "recipe"):
        if isinstance(named.get(name), dict):
            try:
                named[name] = with_present_names(named[name])
            except ConfigurationError as error:
                raise CheckpointError(f"{name} in {path}: {error}") from error
    return named


class SteeredFiles(NamedTuple):
    """Contents of an exported steered policy's folder besides the base policy.

    Attributes:
        metadata: The description.
        arrays: The actor's, the bounds of the environment's actions, and a fixed noise.
    """

    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]


def base_folder(folder: Path, metadata: Mapping[str, Any]) -> Path:
    """Return the folder of an export's base policy: its own, or that of a shipped one.

    Raises:
        CheckpointError: It names one that does not come with this version.
    """
    name = metadata.get(SHIPPED_POLICY)
    if name is None:
        return folder / POLICY_FOLDER
    shipped = shipped_policies()
    if not isinstance(name, str) or name not in shipped:
        raise CheckpointError(
            f"{SHIPPED_POLICY} of {folder} must be one of {', '.join(shipped)}. Got: {name!r}. "
            "Another version of this package may have it."
        )
    return shipped[name]


def write_steered(
    folder: Path, metadata: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write description and actor into a folder that holds the base policy already.

    Args:
        folder: The folder.
        metadata: Plain JSON values; format, version and hashes are set here. With ``own_policy`` in
            it, the base policy is the user's own code, and with ``shipped_policy`` one that comes
            with the package: the folder then does not hold it.
        arrays: The actor's, the bounds, and a fixed noise if there is one.
    """
    replace_file(folder / ACTOR_FILE, safetensors.numpy.save(dict(arrays)))
    described = {"format": FORMAT, "version": VERSION, "actor_sha256": arrays_hash(arrays)}
    described[WRITER] = package_version()
    if OWN_POLICY not in metadata:
        policy = checkpoint_files.read(base_folder(folder, metadata))
        described["policy_sha256"] = arrays_hash(policy.weights)
    text = json.dumps(described | dict(metadata) | described, indent=1, allow_nan=False)
    replace_file(folder / STEERED_FILE, f"{text}\n".encode())


def read_steered(folder: Path) -> SteeredFiles:
    """Read a folder and check that actor, base policy and description belong together.

    Raises:
        CheckpointError: Something is missing, damaged, foreign or of another export.
    """
    path = folder / STEERED_FILE
    try:
        metadata = read_json(path)
    except CheckpointError as error:
        refuse_pickled(folder, f"a steered policy must be a folder with {STEERED_FILE}.")
        raise CheckpointError(
            f"a steered policy must be a folder with {STEERED_FILE}, as zprl_env.export writes "
            f"it. Got: {folder} ({error})."
        ) from error
    named = metadata if isinstance(metadata, dict) else {}
    said = named.get("format"), named.get("version")
    if said != (FORMAT, VERSION) or type(said[1]) is not int:
        raise CheckpointError(
            f"{path} must be of format {FORMAT!r}, version {VERSION}. "
            f"Got: {shown(said[0])}, {shown(said[1])}. Export it again."
        )
    named = _present(named, path)
    check_entries(named, path)
    read_header(folder / ACTOR_FILE)
    arrays = read_arrays(folder / ACTOR_FILE)
    check_finite(arrays, folder / ACTOR_FILE, infinite=True)  # as bounds of actions
    hashes = {"actor_sha256": arrays_hash(arrays)}
    if OWN_POLICY not in named:
        base = base_folder(folder, named)
        policy = checkpoint_files.read(base)
        checkpoint_files.verify(policy, base)
        hashes["policy_sha256"] = arrays_hash(policy.weights)
    for name, found in hashes.items():
        if named.get(name) != found:
            raise CheckpointError(
                f"{name} in {path} must be {found}, as the files have it. Got: "
                f"{shown(named.get(name))}. They are damaged or not of one export; copy them again."
            )
    return SteeredFiles(named, arrays)

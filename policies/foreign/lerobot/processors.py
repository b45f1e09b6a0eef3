"""Processors of a LeRobot policy: JSON and safetensors beside the weights, read strictly.

Only steps that are known by their registered name are taken; a class that a file names is never
imported. Both sides, of observations and of actions, are read here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from policies.checkpoints.plain_json import read_json, shown
from policies.errors import CheckpointError
from policies.foreign.lerobot.features import ACTION_NAME, Feature, read_features
from policies.foreign.lerobot.normalization import (
    Normalization,
    Statistics,
    as_statistics,
    check_names,
)
from policies.foreign.lerobot.settings import PolicySettings, read_modes
from policies.foreign.lerobot.weights import read_tensors

PREPROCESSOR, POSTPROCESSOR = "policy_preprocessor.json", "policy_postprocessor.json"
RENAME, BATCH, DEVICE = "rename_observations_processor", "to_batch_processor", "device_processor"
NORMALIZER, UNNORMALIZER = "normalizer_processor", "unnormalizer_processor"
LANGUAGE = (
    "smolvla_new_line_processor",
    "pi0_new_line_processor",
    "pi05_prepare_state_tokenizer_processor_step",
    "tokenizer_processor",
)
"""Steps that make tokens of a task's words; LeRobot's own code runs them."""
RELATIVE, ABSOLUTE = "relative_actions_processor", "absolute_actions_processor"
"""Steps that LeRobot 0.6 saves with pi0 and pi0.5, disabled in a policy that can be steered."""
BEFORE = (RENAME, BATCH, DEVICE, NORMALIZER, RELATIVE, *LANGUAGE)
AFTER = (UNNORMALIZER, ABSOLUTE, DEVICE)
TYPES = {"float16": torch.float16, "float32": torch.float32, "bfloat16": torch.bfloat16}
TYPES |= {"half": torch.float16, "float": torch.float32}
"""Types of numbers that the device's step can cast to."""


@dataclass(frozen=True)
class Processors:
    """Steps before a LeRobot policy, on observations, and after it, on actions.

    Attributes:
        renames: The policy's name of an observation by the environment's.
        inputs: Normalisation by the policy's name.
        action: Normalisation of the action.
        dtype: What observations are cast to, if anything.
        cast_first: Whether they are cast before they are normalised.
        language: Configurations of the steps that make tokens, in order.
        files: Where all this is from.
    """

    renames: Mapping[str, str]
    inputs: Mapping[str, Normalization]
    action: Normalization
    dtype: torch.dtype | None = None
    cast_first: bool = True
    language: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    files: tuple[Path, ...] = field(default=())

    def shown(self, feature: Feature) -> Feature:
        """Return an input of the policy under the name that the environment has for it."""
        back = {new: old for old, new in self.renames.items()}
        return feature._replace(name=back.get(feature.name, feature.name))


def read_processors(folder: Path, settings: PolicySettings, buffers: Statistics) -> Processors:
    """Read both processors, or the statistics that a checkpoint of before them holds.

    Args:
        folder: The checkpoint.
        settings: Its configuration.
        buffers: Statistics found among its weights, as LeRobot kept them until 0.3.

    Raises:
        CheckpointError: A file or a feature's statistics are missing, a step is unknown, or the two
            sides do not belong together.
    """
    paths = folder / PREPROCESSOR, folder / POSTPROCESSOR
    present = [path.is_file() for path in paths]
    if not any(present) and buffers:
        return _from_buffers(settings, buffers, folder / "model.safetensors")
    if not all(present):
        lacking = " and ".join(path.name for path in paths if not path.is_file())
        raise CheckpointError(
            f"{folder} must hold {PREPROCESSOR} and {POSTPROCESSOR}, which normalise. Got: no "
            f"{lacking}, and no statistics in its weights. Copy them from where it was trained; "
            "without them a policy moves by a fraction of what it should, or far too much."
        )
    before, after = _steps(paths[0], BEFORE), _steps(paths[1], AFTER)
    normalizer = _single(before, NORMALIZER, paths[0])
    unnormalizer = _single(after, UNNORMALIZER, paths[1])
    features = (*settings.inputs, settings.action)
    inward = _Normalizer.read(normalizer, paths[0], settings, features)
    outward = _Normalizer.read(unnormalizer, paths[1], settings, (settings.action,))
    action = outward.of(settings.action)
    _check_same(settings.action, inward, outward)
    names = [name for name, _ in before]
    dtype, cast_first = _dtype(before, names, paths[0])
    return Processors(
        renames=_renames(before, settings, paths[0]),
        inputs={feature.name: inward.of(feature) for feature in settings.inputs},
        action=action,
        dtype=dtype,
        cast_first=cast_first,
        language=tuple((name, step["config"]) for name, step in before if name in LANGUAGE),
        files=(*paths, *inward.files, *outward.files),
    )


@dataclass(frozen=True)
class _Normalizer:
    """A step that normalises, in either direction."""

    modes: Mapping[str, str]
    statistics: Statistics
    eps: float
    source: str
    chosen: frozenset[str] | None
    files: tuple[Path, ...]

    @classmethod
    def read(
        cls,
        step: Mapping[str, Any],
        path: Path,
        settings: PolicySettings,
        features: tuple[Feature, ...],
    ) -> _Normalizer:
        config = step["config"]
        named = {f.name: f for f in read_features(config.get("features"), f"features in {path}")}
        modes = read_modes(config.get("norm_map"), f"norm_map in {path}")
        for feature in features:
            mode = modes.get(feature.kind, "IDENTITY")
            if mode != settings.mode(feature):
                raise CheckpointError(
                    f"{path} must normalise {feature.name} as {settings.path.name} says, "
                    f"{settings.mode(feature)}. Got: {mode}."
                )
            if mode != "IDENTITY" and named.get(feature.name) != feature:
                raise CheckpointError(
                    f"{path} must normalise {feature} of {settings.path.name}. "
                    f"Got: {', '.join(map(str, named.values()))}. Names are compared exactly; a "
                    "feature under another name is left as it is."
                )
        state = step.get("state_file")
        source, flat = str(path), {}
        files: tuple[Path, ...] = ()
        if state is not None:
            if not isinstance(state, str) or Path(state).name != state:
                raise CheckpointError(
                    f"state_file in {path} must be the name of a file beside it. "
                    f"Got: {shown(state)}."
                )
            files, source = (path.parent / state,), str(path.parent / state)
            flat = read_tensors(path.parent / state)
        statistics = as_statistics(flat)
        check_names(features, modes, statistics, source)
        eps, chosen = config.get("eps", 1e-8), config.get("normalize_observation_keys")
        if not isinstance(eps, float) or not 0.0 < eps < 1.0:
            raise CheckpointError(f"eps in {path} must be a small number. Got: {shown(eps)}.")
        keys = None if chosen is None else frozenset(map(str, chosen))
        if strange := sorted((keys or set()) - {f.name for f in settings.inputs}):
            raise CheckpointError(
                f"normalize_observation_keys in {path} must name inputs of the policy, "
                f"{', '.join(f.name for f in settings.inputs)}. Got: {', '.join(strange)}. Names "
                "are compared exactly; an input that is not named is left as it is."
            )
        return cls(modes, statistics, eps, source, keys, files)

    def of(self, feature: Feature) -> Normalization:
        mode = self.modes.get(feature.kind, "IDENTITY")
        if self.chosen is not None and feature.name not in {*self.chosen, ACTION_NAME}:
            mode = "IDENTITY"
        return Normalization(feature, mode, self.statistics, self.source, self.eps)


def _check_same(action: Feature, inward: _Normalizer, outward: _Normalizer) -> None:
    """Refuse actions that are trained in other units than they come out in."""
    into, out = (n.statistics.get(action.name, {}) for n in (inward, outward))
    for name, value in out.items():
        if name in into and not torch.equal(torch.as_tensor(into[name]), torch.as_tensor(value)):
            raise CheckpointError(
                f"{action.name}.{name} must be the same in {inward.source} and {outward.source}. "
                "Got: different ones. The files are of two trainings."
            )


def _steps(path: Path, known: tuple[str, ...]) -> list[tuple[str, Mapping[str, Any]]]:
    """Read the steps of a pipeline: registered name and entry."""
    values = read_json(path)
    steps = values.get("steps") if isinstance(values, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise CheckpointError(f"{path} must list the steps of a pipeline. Got: {shown(values)}.")
    found: list[tuple[str, Mapping[str, Any]]] = []
    for step in steps:
        name = step.get("registry_name")
        if not isinstance(name, str) or name not in known:
            got = name if name is not None else step.get("class")
            raise CheckpointError(
                f"Every step in {path} must be one of {', '.join(known)}. Got: {shown(got)}. "
                "Other steps are code that would have to be written for steering too."
            )
        config = step.get("config", {})
        if not isinstance(config, dict):
            raise CheckpointError(f"config of {name} in {path} must be an object.")
        if name in (RELATIVE, ABSOLUTE):
            if config.get("enabled", True) is not False:
                raise CheckpointError(
                    f"{name} in {path} must be disabled. Got: enabled = "
                    f"{shown(config.get('enabled'))}. Actions that are relative to a state cannot "
                    "be steered."
                )
            continue
        found.append((name, {**step, "config": config}))
    return found


def _single(steps: list[tuple[str, Mapping[str, Any]]], name: str, path: Path) -> Mapping[str, Any]:
    found = [step for step_name, step in steps if step_name == name]
    if len(found) != 1:
        raise CheckpointError(
            f"{path} must have one {name}. Got: {len(found)}. Normalised never or twice, actions "
            "are in other units than the robot's."
        )
    return found[0]


def _renames(
    steps: list[tuple[str, Mapping[str, Any]]], settings: PolicySettings, path: Path
) -> dict[str, str]:
    """Read how observations are renamed, and refuse two that become one."""
    renames: dict[str, str] = {}
    for name, step in steps:
        if name == RENAME:
            said = step["config"].get("rename_map", {})
            if not isinstance(said, dict) or not all(isinstance(to, str) for to in said.values()):
                raise CheckpointError(f"rename_map in {path} must be names. Got: {shown(said)}.")
            renames |= said
    inputs = {feature.name for feature in settings.inputs}
    kept = inputs - {*renames.values()}
    doubled = len({*renames.values()}) < len(renames) or any(
        old in kept and new != old for old, new in renames.items()
    )
    if doubled or not {*renames.values()} <= inputs:
        raise CheckpointError(
            f"rename_map in {path} must give each input another name, one of "
            f"{', '.join(sorted(inputs))}. Got: {shown(renames)}."
        )
    return renames


def _dtype(
    steps: list[tuple[str, Mapping[str, Any]]], names: list[str], path: Path
) -> tuple[torch.dtype | None, bool]:
    """Read what observations are cast to, and whether before they are normalised."""
    for name, step in steps:
        said = step["config"].get("float_dtype") if name == DEVICE else None
        if said is not None:
            if said not in TYPES:
                raise CheckpointError(
                    f"float_dtype in {path} must be one of {', '.join(TYPES)}. Got: {shown(said)}."
                )
            return TYPES[said], names.index(DEVICE) < names.index(NORMALIZER)
    return None, True


def _from_buffers(settings: PolicySettings, buffers: Statistics, path: Path) -> Processors:
    """Take the statistics that LeRobot kept among the weights until 0.3."""
    features = (*settings.inputs, settings.action)
    flattened = [feature.name.replace(".", "_") for feature in features]
    twice = sorted({name for name in flattened if flattened.count(name) > 1})
    if twice:
        raise CheckpointError(
            f"{path} must hold statistics of one feature under one name. Got: {', '.join(twice)} "
            "for two, since '.' and '_' look alike in it. Migrate it with LeRobot's "
            "migrate_policy_normalization and check the result."
        )
    named = {
        feature.name: buffers[flat]
        for feature, flat in zip(features, flattened, strict=True)
        if flat in buffers
    }
    unused = {name: part for name, part in buffers.items() if name not in flattened}
    check_names(features, settings.normalization, {**named, **unused}, str(path))
    made = {
        feature.name: Normalization(feature, settings.mode(feature), named, str(path))
        for feature in features
    }
    action = made.pop(settings.action.name)
    return Processors(renames={}, inputs=made, action=action, files=(path,))

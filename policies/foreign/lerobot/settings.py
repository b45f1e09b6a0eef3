"""Settings of a LeRobot policy: its ``config.json``, read strictly and by our own reader.

LeRobot fills what a file does not say from the defaults of the version that happens to be
installed, and these have changed (``horizon``, ``use_group_norm`` and three more of Diffusion from
0.4 to 0.6). Here every setting that shapes the network or its use must be in the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.checkpoints.plain_json import read_json, shown
from policies.errors import CheckpointError
from policies.foreign.lerobot.features import ACTION, ACTION_NAME, VISUAL, Feature, read_features

MODES = ("IDENTITY", "MEAN_STD", "MIN_MAX", "QUANTILES", "QUANTILE10")
"""Ways in which LeRobot normalises a feature."""
LENGTHS = {"diffusion": "horizon"}
"""Names of the length of a predicted chunk, where it is not ``chunk_size``."""
INERT: dict[str, Any] = {
    "use_amp": False,
    "use_peft": False,
    "compile_model": False,
    "compile_mode": None,
    "gradient_checkpointing": False,
    "resize_shape": None,
    "crop_ratio": 1.0,
    "rtc_config": None,
    "do_mask_loss_for_padding": False,
    "use_relative_actions": False,
    "temporal_ensemble_coeff": None,
}
"""Settings that came later, and what a file means that lacks them."""
ELSEWHERE = (
    *("push_to_hub", "repo_id", "private", "tags", "license", "pretrained_path", "device"),
    *("pretrained_revision", "drop_n_last_frames", "dropout", "kl_weight", "load_vlm_weights"),
    *("optimizer_", "scheduler_", "training_", "freeze_", "train_", "relative_"),
    "action_feature_names",
)
"""Settings, or beginnings of their names, that concern training and publishing alone."""


@dataclasses.dataclass(frozen=True)
class PolicySettings:
    """Settings of a LeRobot checkpoint, as its ``config.json`` says them.

    Attributes:
        kind: LeRobot's name of the policy, such as ``"diffusion"``.
        inputs: Features of observations, in the file's order, which the policy keeps.
        action: Feature of the action.
        normalization: Mode by kind of feature.
        n_obs_steps: Observations that one decision needs.
        horizon: Actions that the network predicts, the first of them ``n_obs_steps - 1`` steps ago.
        n_action_steps: Actions that are executed.
        values: The file, without its type.
        path: The file.
    """

    kind: str
    inputs: tuple[Feature, ...]
    action: Feature
    normalization: Mapping[str, str]
    n_obs_steps: int
    horizon: int
    n_action_steps: int
    values: Mapping[str, Any]
    path: Path

    @property
    def pictures(self) -> tuple[Feature, ...]:
        """The inputs that are pictures."""
        return tuple(feature for feature in self.inputs if feature.kind == VISUAL)

    @property
    def states(self) -> tuple[Feature, ...]:
        """The inputs that are not pictures."""
        return tuple(feature for feature in self.inputs if feature.kind != VISUAL)

    def mode(self, feature: Feature) -> str:
        """Return how a feature is normalised; LeRobot leaves a kind it does not name as it is."""
        return self.normalization.get(feature.kind, "IDENTITY")


def read_settings(path: Path, kinds: tuple[str, ...]) -> PolicySettings:
    """Read and check ``config.json``.

    Args:
        path: The file.
        kinds: Policies that can be steered.

    Raises:
        CheckpointError: It is no sound configuration of one of these.
    """
    values = read_json(path)
    if not isinstance(values, dict) or values.get("type") not in kinds:
        got = values.get("type") if isinstance(values, dict) else values
        raise CheckpointError(
            f"{path} must be the config.json of a LeRobot policy of type {', '.join(kinds)}. "
            f"Got: {shown(got)}. "
            "A policy of another type can be steered through a ForeignGenerator of your own."
        )
    kind = values.pop("type")
    _refuse_adapters(values, path)
    inputs = read_features(values.get("input_features"), f"input_features in {path}")
    outputs = read_features(values.get("output_features"), f"output_features in {path}", (ACTION,))
    if [feature.name for feature in outputs] != [ACTION_NAME] or any(
        feature.kind == ACTION for feature in inputs
    ):
        raise CheckpointError(
            f"output_features in {path} must be one ACTION, {ACTION_NAME!r}, and input_features "
            f"none. Got: {[str(f) for f in (*outputs, *inputs)]}."
        )
    length = LENGTHS.get(kind, "chunk_size")
    numbers = [_positive(values, name, path) for name in ("n_obs_steps", length, "n_action_steps")]
    n_obs_steps, horizon, n_action_steps = numbers
    if n_action_steps > (most := horizon - n_obs_steps + 1):
        raise CheckpointError(
            f"n_action_steps in {path} must be at most {length} - n_obs_steps + 1 = {most}. "
            f"Got: {n_action_steps}."
        )
    return PolicySettings(
        kind=kind,
        inputs=inputs,
        action=outputs[0],
        normalization=read_modes(
            values.get("normalization_mapping"), f"normalization_mapping in {path}"
        ),
        n_obs_steps=n_obs_steps,
        horizon=horizon,
        n_action_steps=n_action_steps,
        values=values,
        path=path,
    )


def read_modes(said: Any, source: str) -> dict[str, str]:
    """Read how each kind of feature is normalised.

    Raises:
        CheckpointError: A mode is unknown.

    >>> read_modes({"STATE": "MIN_MAX"}, "it")
    {'STATE': 'MIN_MAX'}
    """
    sound = isinstance(said, dict) and all(
        isinstance(mode, str) and mode in MODES for mode in said.values()
    )
    if not sound:
        raise CheckpointError(
            f"{source} must give each kind of feature one of {', '.join(MODES)}. "
            f"Got: {shown(said)}."
        )
    return dict(said)


def fitted_values(settings: PolicySettings, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the installed LeRobot's class of configuration takes.

    Args:
        settings: The checkpoint's.
        known: Fields of the installed class, with their defaults.

    Raises:
        CheckpointError: The file says what the class does not know, or leaves out what changed its
            meaning between versions.
    """
    values = dict(settings.values)
    strange = [n for n in values if n not in known and not _elsewhere(n)]
    strange = [name for name in strange if not (name in INERT and values[name] == INERT[name])]
    missing = [n for n in known if n not in values and n not in INERT and not _elsewhere(n)]
    if strange or missing:
        told = [f"unknown {', '.join(strange)}"] * bool(strange)
        told += [f"without {', '.join(missing)}"] * bool(missing)
        raise CheckpointError(
            f"{settings.path} must say what the installed LeRobot's {settings.kind} takes. "
            f"Got: {'; '.join(told)}. It was written by another version of LeRobot, whose "
            "defaults may differ: load and save it with the one it was trained by, or add what is "
            "missing as it was."
        )
    return {name: value for name, value in values.items() if name in known}


def _elsewhere(name: str) -> bool:
    return any(
        name.startswith(start) if start.endswith("_") else name == start for start in ELSEWHERE
    )


def _positive(values: Mapping[str, Any], name: str, path: Path) -> int:
    value = values.get(name)
    if type(value) is not int or value < 1:
        raise CheckpointError(
            f"{name} in {path} must be a positive integer. Got: {shown(value)}. LeRobot's default "
            "differs by version; add it as it was trained."
        )
    return value


def _refuse_adapters(values: Mapping[str, Any], path: Path) -> None:
    if values.get("use_peft"):
        raise CheckpointError(
            f"{path} must be of a whole policy. Got: an adapter (use_peft). Merge it into its base "
            "policy with PEFT's merge_and_unload and save that."
        )
    if values.get("use_relative_actions"):
        raise CheckpointError(
            f"{path} must be of a policy of absolute or environment actions. "
            "Got: use_relative_actions, relative to a state that steering does not see."
        )
    rtc = values.get("rtc_config")
    if isinstance(rtc, Mapping) and rtc.get("enabled", True):
        raise CheckpointError(
            f"{path} must be without real-time chunking. Got: rtc_config. It changes chunks by "
            "what was executed before; set it to null."
        )

"""Exported agent: the settings that it was trained with, and the agent itself, from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from zprl_env.deploy.steered_policy import SteeredPolicy
from zprl_env.errors import CheckpointError, PolicyMismatchError
from zprl_env.evaluation import Agent
from zprl_env.files import one_line
from zprl_env.loading.named import refuse_code
from zprl_env.loading.steered_files import (
    OWN_POLICY,
    SHIPPED_POLICY,
    STEERED_FILE,
    base_folder,
    read_steered,
)
from zprl_env.steerable import SteerablePolicy
from zprl_env.training.config import Config
from zprl_env.training.run.settings_file import typed
from zprl_env.training.settings.recipe import Recipe


def exported_config(folder: Path, *, trust: bool, policy: str | None = None) -> Config:
    """Return the settings that an export, whoever sent it, was trained with.

    Args:
        folder: The export.
        trust: Whether code that the settings name may be imported.
        policy: Base policy, if it is not the folder's own.

    Raises:
        CheckpointError: It is no export of this version's, or does not hold its base policy.
        ConfigurationError: It names code and is not trusted.
    """
    metadata, _ = read_steered(folder)
    said = {name: metadata.get(name) for name in ("env", "algo", "steer", "recipe")}
    said["env_kwargs"] = env_kwargs = tuple(
        f"{name}={json.dumps(value)}" for name, value in metadata.get("env_kwargs", {}).items()
    )
    said["steer_kwargs"] = dict(said.pop("recipe") or {}).get("steer_kwargs")
    refuse_code(said, folder / STEERED_FILE, trust=trust)
    if policy is None and OWN_POLICY in metadata:
        raise CheckpointError(
            f"{folder} must come with its base policy, which is code or lives elsewhere: "
            f"{str(metadata[OWN_POLICY])[:200]}. If you have it, give it with --policy."
        )
    names = ("env", "algo", "backend", "steer", "seed")
    try:
        recipe = Recipe(**typed(Recipe, metadata["recipe"]))
        content = typed(Config, {name: metadata[name] for name in names})
        base = policy or metadata.get(SHIPPED_POLICY) or str(base_folder(folder, metadata))
        return Config(**content, env_kwargs=env_kwargs, policy=base, recipe=recipe)
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"Expected an export of this version's settings in {folder}. Got: {one_line(error)}. "
            "Export it again."
        ) from error


def exported_agent(folder: Path, policy: SteerablePolicy, name: str) -> Agent:
    """Load an exported agent, which steers the policy that it learned to steer.

    Args:
        folder: The export.
        policy: The base policy.
        name: What it is called.

    Raises:
        CheckpointError: The export is not sound.
        PolicyMismatchError: The policy has other weights.
    """
    metadata, _ = read_steered(folder)
    own = OWN_POLICY in metadata  # of which the export holds no weights to compare
    options: dict[str, Any] = {"policy": policy, "steer": metadata["steer"]} if own else {}
    steered = SteeredPolicy.load(folder, **options)
    expected = metadata.get("policy_sha256")
    if not own and getattr(policy, "weights_hash", None) != expected:
        raise PolicyMismatchError(
            f"Expected the policy that the agent in {folder} steers (sha256 "
            f"{str(expected)[:12]}...). Got {name}, of other weights. Leave --policy out."
        )
    return lambda seen: steered.actor(seen[np.newaxis])[0]

"""Description of a policy for whoever asks a server for it: sizes, statistics, what it can."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from policies.encoding import noise_shape, remembers, takes_context
from policies.imitation.versions import versions
from policies.meaning.ranges import Ranges

SIZES = ("feature_dim", "latent_dim", "action_dim", "horizon", "n_action_steps")
OPTIONAL_SIZES = ("observation_dim", "n_obs_steps")
STATISTICS = (
    "latent_mean",
    "latent_std",
    "latent_rms",
    "latent_posterior_std",
    "latent_covariance",
)
"""Arrays that a policy may carry."""
RANGES = ("observation", "action")
"""Kinds of numbers whose ranges in training a policy may know."""


def describe(policy: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Describe a policy.

    Args:
        policy: A :class:`~zprl_env.steerable.SteerablePolicy`.

    Returns:
        Values of JSON, and arrays.
    """
    pictures = getattr(policy, "picture_settings", None)
    keys = getattr(policy, "observation_keys", None)
    said: dict[str, Any] = {
        **{name: int(getattr(policy, name)) for name in SIZES},
        **{
            name: int(getattr(policy, name))
            for name in OPTIONAL_SIZES
            if getattr(policy, name, None) is not None
        },
        "noise_shape": list(noise_shape(policy)),
        "takes_context": takes_context(policy),
        "remembers": remembers(policy),
        "normalizes": callable(getattr(policy, "normalize", None)),
        "cameras": list(getattr(policy, "cameras", ()) or ()),
        "pictures": None if pictures is None else pictures.to_dict(),
        "observation_keys": None if keys is None else list(keys),
        "observation_names": list(getattr(policy, "observation_names", ())),
        "metadata": _plain(getattr(policy, "metadata", None) or {}),
        "weights_hash": getattr(policy, "weights_hash", None),
        "class": type(policy).__name__,
        "versions": versions(),
    }
    arrays = {
        name: np.asarray(value)
        for name in STATISTICS
        if (value := getattr(policy, name, None)) is not None
    }
    for kind in RANGES:
        if (found := Ranges.of(policy, kind)) is not None:
            arrays |= {f"{kind}_ranges.{end}": part for end, part in found._asdict().items()}
    return said, arrays


def _plain(metadata: Any) -> Any:
    """Return what of a description is JSON."""
    try:
        return json.loads(json.dumps(metadata))
    except (TypeError, ValueError):
        return {}

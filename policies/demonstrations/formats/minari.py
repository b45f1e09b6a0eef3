"""Read Minari's datasets (https://minari.farama.org), which are described by gymnasium's spaces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from policies.demonstrations.formats.hdf5 import parse_json
from policies.demonstrations.formats.source import Entry, Source, StoredEpisode
from policies.errors import DemonstrationError
from policies.success import reported

PREFIX = "minari:"
"""Begins a Minari dataset's name, where a file could be given as well."""
FLAT = "observation"
"""Key of an observation that has no keys of its own."""
_GYM = 2
"""robomimic's number for Gymnasium's environments in ``env_args["type"]``."""
_BOXES = ("Box", "MultiBinary")
"""Spaces whose values gymnasium's FlattenObservation puts into a vector as they are."""


class MinariSource(Source):
    """A local Minari dataset; nothing is downloaded.

    Keys of nested observations are joined by dots, and stand in the order of the space: that in
    which gymnasium's FlattenObservation puts them.

    Args:
        dataset_id: Such as ``"D4RL/door/expert-v2"``.

    Raises:
        DemonstrationError: Minari or the dataset is missing or damaged.
    """

    format = "Minari's dataset"

    def __init__(self, dataset_id: str) -> None:
        super().__init__()
        minari = import_minari()
        try:
            dataset = minari.load_dataset(dataset_id)
        except FileNotFoundError as error:
            raise DemonstrationError(
                f"there must be a local Minari dataset {dataset_id}. Got: none. See what there is "
                f"with `minari list local`, or fetch it: minari download {dataset_id}."
            ) from error
        except ValueError as error:
            raise DemonstrationError(f"Minari cannot read {dataset_id}: {error}") from error
        # As text: gymnasium sorts the keys of the space that Minari makes of it.
        raw = dataset.storage.read_raw_metadata(dataset.storage.data_path)
        self._spaces = _leaf_spaces(parse_json(raw["observation_space"], "its space must be JSON"))
        self._episodes = {f"episode {episode.id}": episode for episode in dataset}
        if not self._episodes:
            raise DemonstrationError(f"{dataset_id} must hold at least one episode. Got: none.")
        self.names = tuple(self._episodes)
        must = "what zprl-env has stored in it must be JSON"
        stored = parse_json(raw.get("zprl_observation_keys", "null"), must)
        self.stored_keys = tuple(stored) if stored else None
        self.env_args = parse_json(raw.get("zprl_env_args", "null"), must) or _env_args(dataset)
        space = dataset.action_space
        if not stored and getattr(space, "low", None) is not None:
            self.action_low, self.action_high = np.ravel(space.low), np.ravel(space.high)

    def _open(self, name: str) -> StoredEpisode:
        episode = self._episodes[name]
        actions, steps = episode.actions, len(episode.rewards)
        if not isinstance(actions, np.ndarray) or actions.dtype.kind != "f":
            raise DemonstrationError(
                f"{name}: actions must be vectors of real numbers (a flat Box)."
            )
        values = _flatten(episode.observations)
        order = [key for key in self._spaces if key in values]
        seen = {
            key: _entry(values[key][:steps], self._reason(key))
            for key in [*order, *sorted(values.keys() - {*order})]
        }
        ends = np.asarray(episode.terminations) | np.asarray(episode.truncations)
        return StoredEpisode(
            name,
            seen,
            {"actions": _entry(actions)},
            _entry(np.asarray(episode.rewards, np.float32)),
            _entry(ends),
            _success(episode.infos or {}),
            ["actions"],
        )

    def arrays(self, name: str) -> Iterator[tuple[str, np.ndarray]]:
        """Read all arrays of an episode; see `Source.arrays`."""
        found = self.episode(name)
        entries = {f"obs/{key}": entry for key, entry in found.observations.items()}
        entries |= {"actions": found.actions["actions"]}
        entries |= {n: e for n, e in (("rewards", found.rewards), ("dones", found.dones)) if e}
        for key, entry in sorted(entries.items()):
            yield key, entry.read()

    def _reason(self, key: str) -> str:
        kind = self._spaces.get(key, "Box")
        return "" if kind in _BOXES else f"{kind}, which is no vector of numbers"


def import_minari() -> Any:
    """Import Minari.

    Raises:
        DemonstrationError: It is not installed.
    """
    try:
        return import_module("minari")
    except ImportError as error:
        raise DemonstrationError(
            'minari is needed and not installed; run: pip install "zprl-env[minari]"'
        ) from error


def _leaf_spaces(space: Any, prefix: str = "") -> dict[str, str]:
    """Return the kinds of the spaces within a space by dotted keys, in the space's order."""
    inner = space["subspaces"] if space["type"] in ("Dict", "Tuple") else None
    if inner is None:
        return {prefix or FLAT: space["type"]}
    parts = inner.items() if isinstance(inner, Mapping) else enumerate(inner)
    found: dict[str, str] = {}
    for key, part in parts:
        found |= _leaf_spaces(part, f"{prefix}.{key}" if prefix else str(key))
    return found


def _flatten(observations: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """Return the arrays of nested dictionaries and tuples by their dotted keys."""
    if isinstance(observations, (Mapping, tuple)):
        parts = (
            observations.items() if isinstance(observations, Mapping) else enumerate(observations)
        )
        flat: dict[str, np.ndarray] = {}
        for key, values in parts:
            flat |= _flatten(values, f"{prefix}.{key}" if prefix else str(key))
        return flat
    return {prefix or FLAT: np.asarray(observations)}


def _entry(values: np.ndarray, unfit: str = "") -> Entry:
    return Entry(values.shape, values.dtype, lambda: values, unfit)


def _success(infos: Mapping[str, Any]) -> bool | None:
    said = reported(infos)
    return None if said is None else bool(np.any(said))


def _env_args(dataset: Any) -> dict[str, Any]:
    spec = dataset.env_spec
    if spec is None:
        return {}
    kwargs = json.loads(json.dumps(spec.kwargs, default=str))
    return {"env_name": spec.id, "type": _GYM, "env_kwargs": kwargs}

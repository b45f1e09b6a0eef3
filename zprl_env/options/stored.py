"""Calibration stored with a checkpoint: the noise and the scale that were found for its policy.

It stands in the checkpoint's description, so that it goes where the checkpoint goes: into a run's
copy, an export, a hub's repository. It counts for the weights that it was measured with alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from policies.checkpoints.contents import (
    CLASS,
    FIRST_CLASS,
    FORMAT,
    METADATA_FILE,
    WRITER,
    check_hash,
    read_contents,
)
from policies.checkpoints.output import package_version
from policies.checkpoints.plain_json import read_json, shown
from policies.checkpoints.whole import replace_file
from zprl_env.errors import CheckpointError, ConfigurationError
from zprl_env.options.noise import FlowNoise
from zprl_env.options.ranges import POSITIVE
from zprl_env.task import UNKNOWN, Facts

ENTRY = "calibration"
"""Key in a checkpoint's description."""
_WEIGHTS = "weights_sha256"


@dataclass(frozen=True)
class Calibrated:
    """Noise and scale that were found for a policy by playing it; None where none was.

    Attributes:
        env: Environment that it was played in.
        scale: lambda that it bears.
        noise: Start of its flow.
        draws: Number of fixed draws that this one was the best of.
    """

    env: str
    scale: float | None = None
    noise: str | None = None
    draws: int | None = None

    def over(self, facts: Facts) -> Facts:
        """Put what was found in place of a task's facts.

        >>> Calibrated("Lift", scale=3.0).over(Facts(scale=2.0, noise="zero"))[:2]
        (3.0, 'zero')
        """
        found: dict[str, Any] = {"scale": self.scale, "noise": self.noise}
        return facts._replace(**{k: v for k, v in found.items() if v is not None})


def calibration_of(policy: object) -> Calibrated | None:
    """Return the calibration that a policy's checkpoint holds; None if it has none.

    Args:
        policy: Any policy; one that keeps its checkpoint's description says it as ``metadata``.

    Raises:
        CheckpointError: It is damaged.
    """
    metadata = getattr(policy, "metadata", None)
    return _read(metadata) if isinstance(metadata, Mapping) else None


def calibrated_facts(facts: Facts, policy: object) -> Facts:
    """Return a task's facts as they hold for a policy: see :func:`facts_with`.

    Args:
        facts: The task's.
        policy: Any policy.

    Raises:
        CheckpointError: The checkpoint's calibration is damaged.
    """
    metadata = getattr(policy, "metadata", None)
    return facts_with(facts, metadata if isinstance(metadata, Mapping) else {})


def facts_with(facts: Facts, metadata: Mapping[str, Any]) -> Facts:
    """Return a task's facts with what a policy's description knows better.

    That a flow may start from zero, a point that none was trained on, and the task's lambda were
    found for this project's own policies. The flow of one from elsewhere starts fresh, and its
    lambda follows from the policy, unless it says otherwise.

    Args:
        facts: The task's.
        metadata: Description in the policy's checkpoint; empty for a policy that has none.

    Raises:
        CheckpointError: Its calibration is damaged.

    >>> facts_with(Facts(scale=2.0, noise="zero"), {})[:2]
    ('auto', 'fresh')
    """
    ours = metadata.get("format") == FORMAT and metadata.get(CLASS, FIRST_CLASS) == FIRST_CLASS
    if not ours:
        noise = "fresh" if facts.noise == "zero" else facts.noise
        facts = facts._replace(scale=UNKNOWN.scale, noise=noise)
    found = _read(metadata)
    return facts if found is None else found.over(facts)


def stored_noise(noise: str | FlowNoise, policy: object) -> str | FlowNoise:
    """Return the draw that a policy's checkpoint stores as the best of K, for ``"best:K"``.

    Args:
        noise: As the option takes it.
        policy: Any policy.

    Returns:
        ``"fixed:SEED"`` if the checkpoint stores the best of as many draws; else what was given.

    Raises:
        ConfigurationError: It is no start of a flow.
        CheckpointError: The checkpoint's calibration is damaged.
    """
    wanted, found = FlowNoise.parse(noise), calibration_of(policy)
    if wanted.kind != "best" or found is None or found.draws != wanted.draws:
        return noise
    return found.noise or noise


def description_in(folder: Path | None) -> Mapping[str, Any] | None:
    """Read the description in a checkpoint's folder, whose weights are not read.

    Args:
        folder: The folder; None has none.

    Returns:
        The description; None if there is none.

    Raises:
        CheckpointError: It is damaged.
    """
    if folder is None or not (folder / METADATA_FILE).is_file():
        return None
    metadata = read_json(folder / METADATA_FILE)
    return metadata if isinstance(metadata, Mapping) else None


def store_calibration(folder: Path, found: Calibrated) -> None:
    """Put a calibration into a checkpoint; what an earlier one found besides stays.

    Args:
        folder: The checkpoint.
        found: What was found.

    Raises:
        CheckpointError: The folder holds no sound checkpoint, or cannot be written to.
    """
    contents = read_contents(folder)
    check_hash(contents)
    before = _read(contents.metadata)
    kept = asdict(before) if before is not None and before.env == found.env else {}
    entry = kept | {k: v for k, v in asdict(found).items() if v is not None}
    if found.noise is not None and found.noise != kept.get("noise"):
        entry["draws"] = found.draws
    entry |= {_WEIGHTS: contents.metadata[_WEIGHTS], WRITER: package_version()}
    text = json.dumps(contents.metadata | {ENTRY: entry}, indent=2, allow_nan=False) + "\n"
    try:
        replace_file(folder / METADATA_FILE, text.encode())
    except OSError as error:
        raise CheckpointError(
            f"a calibration is stored in {folder / METADATA_FILE}, which must be writable. Got: "
            f"{error.strerror}. Copy the checkpoint to a folder of yours and give that as --policy."
        ) from error


def _read(metadata: Mapping[str, Any]) -> Calibrated | None:
    entry = metadata.get(ENTRY)
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise _damaged("an object of names and values", entry)
    if entry.get(_WEIGHTS) != metadata.get(_WEIGHTS):
        return None  # of the weights before these
    env, scale, noise, draws = (entry.get(n) for n in ("env", "scale", "noise", "draws"))
    if not isinstance(env, str):
        raise _damaged("of an environment", env)
    if scale is not None and (isinstance(scale, bool) or scale not in POSITIVE):
        raise _damaged("a scale above 0", scale)
    if draws is not None and type(draws) is not int:
        raise _damaged("a whole number of draws", draws)
    if noise is not None:
        try:
            noise = str(FlowNoise.parse(noise).known())
        except ConfigurationError as error:
            raise _damaged(f"a noise ({error})", noise) from error
    return Calibrated(env, None if scale is None else float(scale), noise, draws)


def _damaged(must: str, got: object) -> CheckpointError:
    return CheckpointError(
        f"{ENTRY} in {METADATA_FILE} must be {must}. Got: {shown(got)}. Calibrate again with "
        f"python -m zprl_env.calibrate --save."
    )

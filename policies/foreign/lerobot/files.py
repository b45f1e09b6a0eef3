"""Files of a LeRobot checkpoint: where they are, fetched by name from the hub, and their hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from policies.checkpoints.pickled import refuse_pickled
from policies.errors import CheckpointError, ConfigurationError, MissingExtraError

PREFIX = "lerobot:"
"""Beginning of the address of a LeRobot policy."""
CONFIG_FILE = "config.json"
FETCHED = (
    *(CONFIG_FILE, "model.safetensors", "policy_*.json", "policy_*.safetensors"),
    "train_config.json",
)
"""Files that are fetched from the hub, and no others."""
INSIDE = ("pretrained_model", "checkpoints/last/pretrained_model")
"""Folders in which LeRobot's trainer puts a checkpoint, inside of the one it is given."""
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
SAMPLERS = ("DDIM", "DDPM")


@dataclass(frozen=True)
class Address:
    """Address of a LeRobot policy: a path or repository, and options.

    ``lerobot:outputs/train/pusht?sampler=DDIM&steps=10``, ``lerobot:user/name@revision?task=...``.

    Attributes:
        place: The path, or ``user/name``, ``user/name@revision``.
        sampler: Of Diffusion: DDIM leaves noise as the only chance. DDPM draws at every step, from
            a generator that the noise seeds.
        steps: Of Diffusion: denoising steps, the checkpoint's own if not given.
        task: What a policy of language is told to do.
        device: Where it computes, ``"cpu"`` or ``"cuda"``.
        ensembling: ``"off"`` for an ACT that was saved with temporal ensembling, which chunks leave
            no room for.
        dataset: Folder of the LeRobotDataset it was trained on, whose rate and names of numbers an
            environment is compared with; what its ``train_config.json`` names if not given.

    Raises:
        ConfigurationError: An option is unknown or impossible.

    >>> Address.parse("lerobot:runs/pusht?steps=10").steps
    10
    """

    place: str
    sampler: str | None = None
    steps: int | None = None
    task: str | None = None
    device: str | None = None
    ensembling: str | None = field(default=None)
    dataset: str | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address, with or without its prefix."""
        place, _, query = text.removeprefix(PREFIX).partition("?")
        known = [entry.name for entry in fields(cls)][1:]
        options: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
        if strange := [name for name in options if name not in known]:
            raise ConfigurationError(
                f"Options of a LeRobot policy must be {', '.join(known)}. Got: "
                f"{', '.join(strange)} in {text}."
            )
        if not place:
            raise ConfigurationError(
                f"{PREFIX} must be followed by a path or user/name. Got: {text!r}."
            )
        if "steps" in options:
            if not options["steps"].isdecimal() or not 1 <= int(options["steps"]) <= 1000:
                raise ConfigurationError(
                    f"steps must be an integer from 1 to 1000. Got: {options['steps']!r}."
                )
            options["steps"] = int(options["steps"])
        for name, among in (("sampler", SAMPLERS), ("ensembling", ("off",))):
            if name in options and options[name] not in among:
                raise ConfigurationError(
                    f"{name} must be {' or '.join(among)}. Got: {options[name]!r}."
                )
        return cls(place, **options)


def find_folder(place: str) -> Path:
    """Return the folder of a checkpoint; one on the hub is fetched, safetensors and JSON alone.

    Args:
        place: A path, or ``user/name``, ``user/name@revision``. What is on the disk comes first.

    Raises:
        CheckpointError: There is none.
        MissingExtraError: The hub's client is needed and not installed.
    """
    path = Path(place).expanduser()
    for folder in (path, *(path / inner for inner in INSIDE)):
        if (folder / CONFIG_FILE).is_file():
            return folder
    if path.exists():
        must = f"{place} must be a folder with {CONFIG_FILE} and model.safetensors."
        refuse_pickled(path, must)
        raise CheckpointError(
            f"{path} must hold {CONFIG_FILE} and model.safetensors, as save_pretrained writes "
            f"them. Got: neither there nor in {' or '.join(INSIDE)}."
        )
    repository, _, revision = place.partition("@")
    if not _REPOSITORY.fullmatch(repository):
        raise CheckpointError(
            f"A LeRobot policy must be a folder or a repository, user/name. Got: {place!r}, which "
            "is neither."
        )
    return _fetched(repository, revision or None)


def _fetched(repository: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "hub") from error
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(FETCHED)))
    except Exception as error:  # its own errors, and those of what it is built on
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"There must be a folder {repository}, or a repository of that name that can be "
            f"reached. Got: {type(error).__name__}: {reason}"
        ) from error


def content_hash(paths: list[Path]) -> str:
    """Compute the SHA-256 over names and contents of files: what a run was steered from.

    Args:
        paths: Files of different names.
    """
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()

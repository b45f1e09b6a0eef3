"""Fetch (download) a policy from the Hugging Face hub: its known files by name, nothing else.

What travels is a checkpoint (``policy.json``) or an exported steered policy (``steered.json``):
safetensors, JSON and the card, by name. Nothing else is fetched or opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.checkpoints import files as checkpoint_files
from policies.checkpoints.classes import CHECKPOINT_CLASSES
from policies.checkpoints.contents import check_hash, read_contents
from zprl_env.errors import CheckpointError, MissingExtraError, ZprlError
from zprl_env.loading.steered_files import (
    ACTOR_FILE,
    CARD_FILE,
    POLICY_FOLDER,
    STEERED_FILE,
    read_steered,
)

EVALUATION_FILE = "evaluation.json"
"""Results that ``python -m zprl_env.make_policy`` measured, episode by episode."""

CHECKPOINT = (checkpoint_files.METADATA_FILE, checkpoint_files.WEIGHTS_FILE)
FILES = (
    *CHECKPOINT,
    EVALUATION_FILE,
    STEERED_FILE,
    ACTOR_FILE,
    *(f"{POLICY_FOLDER}/{name}" for name in CHECKPOINT),
    CARD_FILE,
)
"""Files that a repository of this project can hold, by path."""


class HubError(ZprlError):
    """The hub lacks the repository or file, does not allow it, or cannot be reached."""


def from_hub(repo: str, *, revision: str | None = None) -> Path:
    """Fetch a base policy or an exported steered policy, and verify it.

    Args:
        repo: ``user/name``.
        revision: Branch, tag or commit; only a commit is the same tomorrow.

    Returns:
        A folder of the client's cache, for ``resolve_policy`` or ``SteeredPolicy.load``.

    Raises:
        CheckpointError: The repository holds neither, or its files do not belong together.
        HubError: The hub has no such repository or revision, or refuses.
        MissingExtraError: The hub's client is not installed.
    """
    hub = hub_client()
    try:
        path = hub.snapshot_download(repo, revision=revision, allow_patterns=list(FILES))
    except Exception as error:  # as above
        raise hub_error("fetch", repo, error) from error
    check_folder(Path(path))
    return Path(path)


def check_folder(folder: Path) -> None:
    """Check that a folder holds a policy whose parts belong together, by their hashes.

    Raises:
        CheckpointError: It does not.
    """
    if (folder / STEERED_FILE).exists():
        read_steered(folder)
    elif (folder / checkpoint_files.METADATA_FILE).exists():
        contents = read_contents(folder)
        check_hash(contents)
        if contents.class_name in CHECKPOINT_CLASSES:  # else only its own class knows its sizes
            checkpoint_files.verify(checkpoint_files.of_contents(contents), folder)
    else:
        raise CheckpointError(
            f"a policy's folder must hold {checkpoint_files.METADATA_FILE} or "
            f"{STEERED_FILE}. Got: {folder}. "
            f"Export a run by python -m zprl_env.export."
        )


def hub_client() -> Any:
    """Import the hub's client.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "hub") from error
    return huggingface_hub


def hub_error(what: str, repo: str, error: Exception) -> HubError:
    """Turn a long error of the hub's client into one line with advice."""
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    hint = "Try another name or revision, or log in by `hf auth login`."
    if _unreachable(error):
        hint = (
            "The hub cannot be reached: check the network, unset HF_HUB_OFFLINE if it is set, or "
            "copy the policy's folder from a machine that has it and give its path."
        )
    return HubError(f"cannot {what} {repo}: {reason}. {hint}")


def _unreachable(error: BaseException) -> bool:
    """Tell whether no answer came at all, from the errors that led to one of the client's."""
    names: set[str] = set()
    seen: BaseException | None = error
    while seen is not None and len(names) < 20:
        names |= {kind.__name__ for kind in type(seen).__mro__}
        seen = seen.__cause__ or seen.__context__
    answered = "HfHubHTTPError" in names or "HTTPStatusError" in names
    silent = {"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectionError", "ConnectError"}
    return not answered and bool(names & (silent | {"TransportError", "TimeoutError"}))

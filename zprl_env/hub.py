"""Policies on the Hugging Face hub: ``python -m zprl_env.hub push|pull``.

What travels is a checkpoint (``policy.json``) or an exported steered policy (``steered.json``):
safetensors, JSON and the card, by name. Nothing else is sent, fetched or opened. Who may is the
business of the client's own login, ``hf auth login``.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from policies import checkpoint_files
from zprl_env.cli import run
from zprl_env.errors import CheckpointError, MissingExtraError, ZprlError
from zprl_env.hub_card import EVALUATION_FILE, hub_card
from zprl_env.steered_files import (
    ACTOR_FILE,
    CARD_FILE,
    POLICY_FOLDER,
    STEERED_FILE,
    read_steered,
)

CHECKPOINT = (checkpoint_files.METADATA_FILE, checkpoint_files.WEIGHTS_FILE)
FILES = (
    *CHECKPOINT,
    EVALUATION_FILE,
    STEERED_FILE,
    ACTOR_FILE,
    *(f"{POLICY_FOLDER}/{name}" for name in CHECKPOINT),
    CARD_FILE,
)
"""All that a repository of ours can hold, by path."""


class HubError(ZprlError):
    """The hub has not what was asked for, does not allow it, or cannot be reached."""


def push_to_hub(
    folder: Path, repo: str, *, private: bool = False, revision: str | None = None
) -> str:
    """Publish a base policy or an exported steered policy.

    Args:
        folder: The checkpoint, or what ``python -m zprl_env.export`` wrote.
        repo: ``user/name``; made if it is not there.
        private: Whether nobody else sees a repository that has to be made.
        revision: Branch to commit to, made if it is not there; the main one if not given.

    Returns:
        The commit's address.

    Raises:
        CheckpointError: The folder holds neither, or is damaged.
        HubError: The hub refuses.
        MissingExtraError: The hub's client is not installed.
    """
    check_folder(folder)
    hub = _client()
    card = hub_card(folder, repo).encode()
    operations = [hub.CommitOperationAdd(path_in_repo=CARD_FILE, path_or_fileobj=card)]
    for name in FILES:
        if name != CARD_FILE and (folder / name).is_file():
            operations.append(
                hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name)
            )
    try:
        api = hub.HfApi()
        api.create_repo(repo, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        info = api.create_commit(
            repo, operations, commit_message="Upload by zprl-env", revision=revision
        )
    except Exception as error:  # what the client raises has no common kind
        raise _hub_error("push to", repo, error) from error
    return str(info.commit_url)


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
    hub = _client()
    try:
        path = hub.snapshot_download(repo, revision=revision, allow_patterns=list(FILES))
    except Exception as error:  # as above
        raise _hub_error("fetch", repo, error) from error
    check_folder(Path(path))
    return Path(path)


def check_folder(folder: Path) -> None:
    """See that a folder holds a policy whose parts belong together, by their hashes.

    Raises:
        CheckpointError: It does not.
    """
    if (folder / STEERED_FILE).exists():
        read_steered(folder)
    elif (folder / checkpoint_files.METADATA_FILE).exists():
        checkpoint_files.verify(checkpoint_files.read(folder), folder)
    else:
        raise CheckpointError(
            f"a policy's folder must hold {checkpoint_files.METADATA_FILE} or "
            f"{STEERED_FILE}. Got: {folder}. "
            f"Export a run by python -m zprl_env.export."
        )


def _client() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "hub") from error
    return huggingface_hub


def _hub_error(what: str, repo: str, error: Exception) -> HubError:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return HubError(
        f"cannot {what} {repo}: {reason}. Try another name or revision, or log in by "
        f"`hf auth login`."
    )


@dataclass(frozen=True)
class Push:
    """Publish a base policy or an exported steered policy, with its card."""

    folder: tyro.conf.Positional[Path]
    """A checkpoint's folder, or what python -m zprl_env.export wrote."""
    repo: tyro.conf.Positional[str]
    """user/name."""
    private: bool = False
    """Make a private repository, if it has to be made."""
    revision: str | None = None
    """Branch; the main one if not given."""


@dataclass(frozen=True)
class Pull:
    """Fetch a policy into a folder, and verify it."""

    repo: tyro.conf.Positional[str]
    """user/name."""
    out: tyro.conf.Positional[Path]
    """Folder to make."""
    revision: str | None = None
    """Branch, tag or commit; the main branch if not given."""


def pull(settings: Pull) -> Path:
    """Fetch a policy out of the client's cache, into a folder of its own.

    Raises:
        HubError: There is something at its place already, or the hub refuses.
    """
    if settings.out.exists():
        raise HubError(f"out must not exist yet. Got: {settings.out}. Choose another.")
    cached = from_hub(settings.repo, revision=settings.revision)
    for name in FILES:
        if (cached / name).is_file():
            (settings.out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cached / name, settings.out / name)
    return settings.out


def main() -> None:
    """Push or pull, as the command line says."""
    settings: Push | Pull = tyro.cli(
        Annotated[Push, tyro.conf.subcommand("push")]
        | Annotated[Pull, tyro.conf.subcommand("pull")],
        description=__doc__,
    )
    if isinstance(settings, Pull):
        print(pull(settings))
    else:
        push = settings
        print(push_to_hub(push.folder, push.repo, private=push.private, revision=push.revision))


if __name__ == "__main__":
    run(main)

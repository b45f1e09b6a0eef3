"""Publish (upload) a policy on the Hugging Face hub: ``python -m zprl_env.hub push|pull``.

Who may is the business of the client's own login, ``hf auth login``.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from policies.checkpoints.contents import METADATA_FILE, description_file
from policies.checkpoints.whole import whole_folder
from zprl_env.cli import parse, run
from zprl_env.deploy.hub_card import hub_card
from zprl_env.loading.hub import FILES, check_folder, from_hub, hub_client, hub_error
from zprl_env.loading.steered_files import CARD_FILE


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
    hub = hub_client()
    card = hub_card(folder, repo).encode()
    operations = [hub.CommitOperationAdd(path_in_repo=CARD_FILE, path_or_fileobj=card)]
    for name in FILES:
        if name != CARD_FILE and (folder / name).is_file():
            file = folder / name
            file = description_file(file.parent) if file.name == METADATA_FILE else file
            operations.append(hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=file))
    try:
        api = hub.HfApi()
        api.create_repo(repo, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        info = api.create_commit(
            repo, operations, commit_message="Upload by zprl-env", revision=revision
        )
    except Exception as error:  # what the client raises has no common kind
        raise hub_error("push to", repo, error) from error
    return str(info.commit_url)


@dataclass(frozen=True)
class Push:
    """Publish a base policy or an exported steered policy, with its card."""

    folder: tyro.conf.Positional[Path]
    """A checkpoint's folder, or one that python -m zprl_env.export wrote."""
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
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace OUT if it is there."""


def pull(settings: Pull) -> Path:
    """Fetch a policy out of the client's cache, into a folder of its own that appears when whole.

    Raises:
        HubError: The hub refuses or cannot be reached.
        OverwriteError: There is something at its place already.
    """
    with whole_folder(settings.out, settings.overwrite, by="OUT") as partial:
        cached = from_hub(settings.repo, revision=settings.revision)
        for name in FILES:
            if (cached / name).is_file():
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(cached / name, partial / name)
        check_folder(partial)
    return settings.out


EXAMPLES = (
    "pull user/my-lift my_lift",
    "push my_lift user/my-lift --private",
)


def main() -> None:
    """Run the command line."""
    run(_push_or_pull)


def _push_or_pull() -> None:
    settings: Push | Pull = parse(
        Annotated[Push, tyro.conf.subcommand("push")]
        | Annotated[Pull, tyro.conf.subcommand("pull")],
        EXAMPLES,
        description=__doc__,
    )
    if isinstance(settings, Pull):
        print(pull(settings))
    else:
        push = settings
        print(push_to_hub(push.folder, push.repo, private=push.private, revision=push.revision))

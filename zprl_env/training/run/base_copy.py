"""Base policy's checkpoint in a run's own folder, so that the run outlives the original."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from policies.checkpoints.classes import CHECKPOINT_CLASSES
from policies.checkpoints.contents import (
    METADATA_FILE,
    WEIGHTS_FILE,
    check_hash,
    read_contents,
)
from zprl_env.files import RunFolderError, one_line
from zprl_env.loading.steered_files import CARD_FILE, POLICY_FOLDER

FILES = (WEIGHTS_FILE, METADATA_FILE, "evaluation.json", CARD_FILE)
"""Files of a checkpoint that are copied, as far as it has them."""


def base_copy(run: Path) -> Path | None:
    """Find a run's copy of its base policy's checkpoint; None if it has none.

    It lies in the run's folder, wherever that is moved to.
    """
    folder = run / POLICY_FOLDER
    return folder if (folder / METADATA_FILE).exists() else None


def keep_base(run: Path, source: Path | None, weights_sha256: str | None) -> None:
    """Copy a base policy's checkpoint into a run's folder, whole or not at all.

    The copy is read-only. A file that is read-only itself, such as another run's copy, is linked in
    place of being copied; one that may be written to is not, as a link would be written to with it.

    Args:
        run: The run's folder.
        source: The checkpoint's folder; None for a policy that is code, which no folder holds.
        weights_sha256: Hash of the weights that were loaded from it.

    Raises:
        RunFolderError: It cannot be copied, or has changed since it was loaded.
    """
    target, partial = run / POLICY_FOLDER, run / f".{POLICY_FOLDER}.partial"
    if source is not None and target.exists() and target.samefile(source):
        return
    shutil.rmtree(partial, ignore_errors=True)
    if source is None:
        shutil.rmtree(target, ignore_errors=True)
        return
    try:
        partial.mkdir()
        for name in FILES:
            if (source / name).is_file():
                _link_or_copy(source / name, partial / name)
        contents = read_contents(partial)
        check_hash(contents)
        own = contents.class_name not in CHECKPOINT_CLASSES  # which may hash in its own way
        if not own and weights_sha256 not in (None, contents.metadata["weights_sha256"]):
            raise ValueError("it has changed since it was loaded; begin again")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(partial, target)
    except (OSError, ValueError, RuntimeError) as error:
        raise RunFolderError(
            f"Expected to copy the base policy in {source} to {target}. Got: {one_line(error)}."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _link_or_copy(source: Path, target: Path) -> None:
    real = source.resolve()  # the hub's cache holds links
    with suppress(OSError):  # another disk, or one without links
        if not real.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
            os.link(real, target)
            return
    shutil.copyfile(real, target)
    with suppress(OSError):
        target.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)

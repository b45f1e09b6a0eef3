"""Folder of a run, named before the run begins, and removed again if it cannot begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from policies.checkpoints.output import LOCK_FILE
from zprl_env.files import create_folder
from zprl_env.tasks import folder_name
from zprl_env.training.config import Config
from zprl_env.training.run.folder import refuse_run


@contextmanager
def reserved_folder(config: Config) -> Iterator[Config]:
    """Make the folder of a run at once, so that it can be named before anything slow begins.

    Args:
        config: The run's settings.

    Yields:
        The same settings with that folder as their ``out``; those of a resumed run as they are.

    Raises:
        OverwriteError: There is a run in it already.
        RunFolderError: It cannot be written.
    """
    if config.resume_from is not None:
        yield config
        return
    refuse_run(config.out, config.overwrite)
    name, algo = folder_name(config.env), config.algo.replace(":", ".")
    root = config.out or Path("runs", name, algo)
    made = [path for path in (root, *root.parents) if not path.exists()]
    folder = create_folder(config.out, name, algo)
    if config.out is None:
        made.insert(0, folder)
    try:
        yield replace(config, out=folder)
    except BaseException:
        with suppress(OSError):  # something stands in it by now
            if {path.name for path in folder.iterdir()} <= {LOCK_FILE}:
                (folder / LOCK_FILE).unlink(missing_ok=True)
            for path in made:
                path.rmdir()
        raise

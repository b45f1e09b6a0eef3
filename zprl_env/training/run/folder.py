"""Folder of a run: locked while the run lives, and not overwritten unasked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from policies.checkpoints.output import locked_folder, refuse_overwriting
from zprl_env.files import (
    CALIBRATION_FILE,
    CONFIG_FILE,
    RESULTS_FILE,
    RunFolderError,
    create_folder,
    make_writable,
)
from zprl_env.loading.steered_files import POLICY_FOLDER
from zprl_env.training.agents.names import BEST, MODEL
from zprl_env.training.run.base_results import BASE_FILE
from zprl_env.training.run.golden import GOLDEN_FILE
from zprl_env.training.run.history import HISTORY_FILE

CURVE_FILE, VIDEO_FILE = "curve.png", "video.mp4"
CHECKPOINTS, TENSORBOARD = "checkpoints", "tensorboard"

AGENTS = tuple(f"{name}{suffix}" for name in (MODEL, BEST) for suffix in (".zip", ".safetensors"))
LEARNED = (*AGENTS, RESULTS_FILE, HISTORY_FILE, CURVE_FILE, VIDEO_FILE, CHECKPOINTS, TENSORBOARD)
"""Files and folders that a run learns; its settings and its base policy's are others."""
WRITTEN = (CONFIG_FILE, CALIBRATION_FILE, GOLDEN_FILE, BASE_FILE, POLICY_FOLDER, *LEARNED)
"""Files and folders that a run writes."""


def checkpoint_folders(run: Path) -> list[Path]:
    """List the folders of a run's checkpoints, whole or not, the newest first."""
    found = [path for path in (run / CHECKPOINTS).glob("*") if path.name.rstrip("~").isdecimal()]
    # One that is being replaced by another of the same step ends in ~.
    return sorted(found, key=lambda path: (path.name.rstrip("~"), path.name[-1] != "~"))[::-1]


def refuse_run(out: Path | None, overwrite: bool = False) -> None:
    """Refuse a folder for a new run in which one has been written, or a part of one.

    Args:
        out: The folder, or ``None`` for one of the run's own.
        overwrite: Whether the user asked to write over it.

    Raises:
        OverwriteError: There is one.
    """
    found = [name for name in WRITTEN if out is not None and (out / name).exists()]
    if out is None or not found or overwrite:
        return
    go_on = f"or go on with the run in it: --resume-from {quote(str(out))}"
    refuse_overwriting(
        out, hint=go_on if CONFIG_FILE in found else f"or remove {', '.join(found[:3])} in it"
    )


@contextmanager
def new_run(out: Path | None, env: str, algo: str, *, overwrite: bool = False) -> Iterator[Path]:
    """Make the folder of a new run, and hold it locked.

    Args:
        out: The folder, or ``None`` for ``runs/<env>/<algo>/<date>``.
        env: Name of the task.
        algo: Name of the algorithm.
        overwrite: Whether there may be another run in it, which :func:`clear` then removes.

    Yields:
        The folder.

    Raises:
        FolderInUseError: Another process is writing to it.
        OverwriteError: It holds another run.
        RunFolderError: It cannot be written.
    """
    refuse_run(out, overwrite)
    with locked_folder(create_folder(out, env, algo)) as folder:
        refuse_run(folder, overwrite)  # which may have come and gone in the meantime
        yield folder


@contextmanager
def resumed_run(
    run: Path, say: Callable[[str], object], *, overwrite: bool = False
) -> Iterator[Path]:
    """Hold the folder of a run that is resumed locked.

    Args:
        run: The folder.
        say: Told if it begins again, as it was ended before its first checkpoint.
        overwrite: Let a run that has ended, but has no checkpoints any more, begin again.

    Yields:
        The folder.

    Raises:
        FolderInUseError: Another process is writing to it.
        RunFolderError: It cannot be written, or would replace results by beginning again.
    """
    make_writable(run)
    with locked_folder(run) as folder:
        if not checkpoint_folders(folder):
            _check_beginning(folder, overwrite)
            say(f"{run} has no checkpoint yet: it begins again, at 0 environment steps.")
        yield folder


def clear(run: Path, *, resumed: bool) -> None:
    """Remove what was learned in a folder, in which a run is about to begin.

    Args:
        run: The folder, locked.
        resumed: Whether it is the same run, whose base policy's results stay.
    """
    for name in LEARNED if resumed else (BASE_FILE, CALIBRATION_FILE, GOLDEN_FILE, *LEARNED):
        path = run / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _check_beginning(run: Path, overwrite: bool) -> None:
    """Raise if a run that is to begin again has ended before."""
    finished = [name for name in (RESULTS_FILE, *AGENTS[:2]) if (run / name).exists()]
    if finished and not overwrite:
        raise RunFolderError(
            f"Expected checkpoints to go on from in {run / CHECKPOINTS}. Got: none, but "
            f"{' and '.join(finished)} of the run, which would be lost by beginning again. Bring "
            "the checkpoints back, start a new run with another --out, or give --overwrite."
        )

"""Output folders: one owner at a time, and nothing finished is overwritten unasked."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from policies.checkpoints.output import (
    FolderInUseError,
    OverwriteError,
    locked_folder,
    package_version,
    refuse_overwriting,
)
from tests.helpers.holding import holding


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that holds the folder's lock."""
    with holding(tmp_path) as process:
        yield process


def test_a_second_process_is_refused_and_told_who_holds_the_folder(
    tmp_path: Path, holder: subprocess.Popen
) -> None:
    with (
        pytest.raises(FolderInUseError, match=f"process {holder.pid} on {socket.gethostname()}"),
        locked_folder(tmp_path),
    ):
        pass


def test_a_killed_process_blocks_nobody(tmp_path: Path, holder: subprocess.Popen) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locked_folder(tmp_path):
        pass


def test_a_folder_is_locked_once_within_a_process_too(tmp_path: Path) -> None:
    with (
        locked_folder(tmp_path),
        pytest.raises(FolderInUseError, match=str(os.getpid())),
        locked_folder(tmp_path),
    ):
        pass
    with locked_folder(tmp_path):
        pass


def test_something_finished_is_overwritten_only_when_asked(tmp_path: Path) -> None:
    finished = tmp_path / "policy.json"
    refuse_overwriting(finished)
    finished.write_text("{}")
    with pytest.raises(OverwriteError, match=r"policy\.json.*--overwrite"):
        refuse_overwriting(finished)
    refuse_overwriting(finished, overwrite=True)
    with pytest.raises(OverwriteError, match=r"Choose another OUT, or give --overwrite, or a\.$"):
        refuse_overwriting(finished, by="OUT", hint="or a")


def test_the_version_is_the_installed_packages_own() -> None:
    assert package_version()[0].isdigit()

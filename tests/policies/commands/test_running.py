"""Commands end as shells expect, and a reader that goes away does not end their work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import sys
from pathlib import Path
from policies.commands.running import run

def main():
    for line in range(20_000):
        print("line", line)
    print("to stderr", file=sys.stderr)
    Path("done").write_text("all of it")

run(main)
"""


def shell(folder: Path, redirection: str) -> subprocess.CompletedProcess[str]:
    (folder / "work.py").write_text(WORK)
    command = f"set -o pipefail; '{sys.executable}' work.py {redirection}"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        ("| head -1", "line 0\n"),
        ("2>&1 | head -1", "line 0\n"),
        (">&-", ""),
        (">&- 2>&-", ""),
        ("<&- >/dev/null", ""),
    ],
)
def test_a_closed_stream_or_a_reader_that_left_is_quiet_and_the_work_is_done(
    redirection, said, tmp_path
):
    done = shell(tmp_path, redirection)
    assert (done.returncode, done.stdout) == (0, said)
    assert done.stderr in ("", "to stderr\n")
    assert (tmp_path / "done").read_text() == "all of it"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_is_told_and_the_work_is_done(tmp_path):
    done = shell(tmp_path, "> /dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write to stdout: No space left on device; ")
    assert (tmp_path / "done").exists()


def test_files_that_are_opened_do_not_take_the_place_of_a_closed_stdout(tmp_path):
    code = """
import os
from policies.commands.running import run
def main():
    with open("file", "w") as file:
        assert file.fileno() > 2, file.fileno()
        os.write(1, b"what a library in C would print")
run(main)
"""
    (tmp_path / "closed.py").write_text(code)
    command = f"'{sys.executable}' closed.py >&-"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "file").read_bytes() == b""

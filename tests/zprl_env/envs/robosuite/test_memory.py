"""What compiling a scene took and freed does not stay with the process."""

from __future__ import annotations

import platform

import pytest

pytest.importorskip("robosuite", reason="needs the robosuite extra")

from tests.helpers.interpreter import run_python

SCRIPT = """
from pathlib import Path
from zprl_env import make_env
envs = [make_env("Lift") for _ in range(2)]
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(*(int(lines[name].split()[0]) // 1024 for name in ("VmHWM", "VmRSS")))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no other library can give it back")
def test_a_process_with_scenes_is_smaller_than_while_they_were_compiled():
    largest, now = map(int, run_python(SCRIPT).split())
    assert largest - now > 60

"""A fresh interpreter, as a user's script starts in."""

from __future__ import annotations

import os
import subprocess
import sys

CHOSEN_BY_ROBOSUITE = ("MUJOCO_GL", "PYOPENGL_PLATFORM")


def run_python(code: str) -> str:
    """Run code in a fresh interpreter, warnings being errors; nothing may reach its stderr."""
    # Importing robosuite chose a backend for this process and its children.
    environment = {k: v for k, v in os.environ.items() if k not in CHOSEN_BY_ROBOSUITE}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout

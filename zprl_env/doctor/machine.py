"""Check the machine: cores, memory, disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zprl_env.doctor import spacemouse
from zprl_env.doctor.finding import Finding
from zprl_env.loading.shadowing import beside

VARIABLES = ("MUJOCO_GL", "OMP_NUM_THREADS", "PYOPENGL_PLATFORM")
"""The only environment variables that are shown."""
LITTLE_DISK = 1.0
"""A run with its video and agent takes some 10 MB, demonstrations up to some 100 [GiB]."""
LITTLE_MEMORY = 2.0
"""A training run takes about one [GiB]."""
CGROUP = Path("/sys/fs/cgroup")


def findings() -> Iterator[Finding]:
    """Look at the cores, the memory, the disk and the variables that matter."""
    yield _cores()
    yield _memory()
    for folder in ("runs", "demos"):
        yield _disk(folder)
    yield _names()
    values = [f"{name}={os.environ.get(name, '(unset)')}" for name in VARIABLES]
    yield Finding("variables", "ok", ", ".join(values))
    yield from spacemouse.findings()


def cores() -> float:
    """Return how many cores this process may use, by its affinity and its container's quota."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(affinity or 1, _quota(CGROUP))


def _quota(cgroup: Path) -> float:
    """Return the cores a container was given (either cgroup version), infinitely many if unsaid."""
    quota, period = [*_read(cgroup / "cpu.max").split(), "", ""][:2]
    if not quota:
        quota = _read(cgroup / "cpu/cpu.cfs_quota_us")
        period = _read(cgroup / "cpu/cpu.cfs_period_us")
    if not quota.isdigit() or not period.isdigit():  # "max", or -1
        return float("inf")
    return int(quota) / int(period)


def _cores() -> Finding:
    models = [line for line in _read(Path("/proc/cpuinfo")).splitlines() if "model name" in line]
    model = "".join(f", {line.partition(':')[2].strip()}" for line in models[:1])
    text = f"{cores():g} for this process of {os.cpu_count()}{model}"
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads == "1":
        return Finding("cores", "ok", text)
    advice = "export OMP_NUM_THREADS=1: networks this small are slower on several threads"
    return Finding("cores", "ok", text, advice)


def _memory() -> Finding:
    lines = [line.split() for line in _read(Path("/proc/meminfo")).splitlines()]
    sizes = {line[0].rstrip(":"): int(line[1]) / 2**20 for line in lines if len(line) > 1}
    if "MemTotal" not in sizes:
        return Finding("memory", "ok", "unknown")
    limit = _read(CGROUP / "memory.max") or _read(CGROUP / "memory/memory.limit_in_bytes")
    most = min(sizes["MemTotal"], int(limit) / 2**30 if limit.isdigit() else float("inf"))
    free = min(most, sizes.get("MemAvailable", most))
    text = f"{free:.1f} of {most:.1f} GiB available"
    if free < LITTLE_MEMORY:
        return Finding("memory", "warning", text, "a training run takes about 1 GiB")
    return Finding("memory", "ok", text)


def _disk(folder: str) -> Finding:
    path = Path.cwd() / folder
    while not path.is_dir():
        path = path.parent
    text = f"{shutil.disk_usage(path).free / 2**30:.1f} GiB free"
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"x")
    except OSError as error:
        advice = "run in a folder of your own, or give --out one"
        return Finding(f"{folder}/", "warning", f"not writable: {error.strerror}; {text}", advice)
    if shutil.disk_usage(path).free / 2**30 < LITTLE_DISK:
        return Finding(f"{folder}/", "warning", text, f"make room for {LITTLE_DISK:g} GiB")
    return Finding(f"{folder}/", "ok", f"writable, {text}")


def _names() -> Finding:
    """Look for files of the user's that hide this project's packages from scripts beside them."""
    hiding = ", ".join(f"./{path.name}" for path in beside(Path.cwd()))
    if not hiding:
        return Finding("names", "ok", "nothing in this folder hides a package of zprl-env")
    text = f"{hiding}: hides the package of that name from scripts in this folder"
    return Finding("names", "warning", text, "rename it, or keep scripts in another folder")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

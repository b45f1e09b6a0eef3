"""Checks of learning, rendering, suites and policies, each run in a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

from zprl_env.doctor import versions
from zprl_env.doctor.child import Answer, ask
from zprl_env.doctor.finding import Finding, State
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.tasks import TASKS

BACKENDS = {"egl": "libegl1 libegl-mesa0", "osmesa": "libosmesa6"}
"""Ways to draw without a display, in the order they are tried, and their Debian packages."""
SWITCHED_OFF = ("disable", "disabled", "off", "false", "0")
"""Values of ``MUJOCO_GL`` with which MuJoCo draws nothing."""


def learning(timeout: float) -> Iterator[Finding]:
    """Import PyTorch and Stable-Baselines3 and look for a GPU."""
    answer = ask("learning", timeout=timeout)
    if answer.error:
        yield _broken("libraries", answer)
        return
    values = answer.values
    yield Finding("libraries", "ok", ", ".join(values["libraries"]))
    threads = f"{values['threads']} (the commands of this package use 1)"
    yield Finding("threads", "ok", threads)
    if values["gpus"]:
        yield Finding("gpu", "ok", f"{'; '.join(values['gpus'])} (CUDA {values['build']})")
    elif shutil.which("nvidia-smi"):
        why = values["reason"] or f"PyTorch is built for {values['build'] or 'the CPU alone'}"
        yield Finding("gpu", "warning", f"there is one that PyTorch cannot use: {why}")
    else:
        yield Finding("gpu", "ok", "none found, none needed")


def rendering(timeout: float) -> Iterator[Finding]:
    """Draw with the backend that ``MUJOCO_GL`` asks for and with those that need no display."""
    wish = os.environ.get("MUJOCO_GL", "").lower().strip()
    backends = list(BACKENDS) if sys.platform == "linux" else ["glfw"]
    names = list(dict.fromkeys([wish, *backends] if wish else backends))
    answers = {name: _draw(name, timeout) for name in names}
    works = [name for name in names if not answers[name].error]
    for name, answer in answers.items():
        if name in works:
            speed = "{frames_per_second:.0f} frames/s at 84 x 84, {renderer}".format(
                **answer.values
            )
            yield Finding(name, "ok", speed)
            continue
        # Nobody needs all of them, but who asks for one, or gets one by default, needs that.
        asked = name == wish and wish not in SWITCHED_OFF
        state: State = "broken" if asked or answer.died else "missing"
        advice = f"apt-get install {BACKENDS[name]}" if name in BACKENDS else ""
        if os.environ.get("PYOPENGL_PLATFORM", name) != name:
            advice = "unset PYOPENGL_PLATFORM"  # MuJoCo sets it itself
        elif works and name == (wish or names[0]):
            advice = " or ".join(filter(None, [advice, f"export MUJOCO_GL={works[0]}"]))
        elif asked and not advice:
            advice = f"set MUJOCO_GL to {' or '.join(backends)}"
        yield Finding(name, state, answer.error, advice, answer.trace)


def _draw(backend: str, timeout: float) -> Answer:
    return ask("rendering", timeout=timeout, env={"MUJOCO_GL": backend})


def suites(timeout: float) -> Iterator[Finding]:
    """Take some steps in one task of every suite."""
    shipped = shipped_policies()
    for suite in dict.fromkeys(task.suite for task in TASKS.values()):
        names = [name for name, task in TASKS.items() if task.suite == suite]
        name = min(names, key=lambda name: TASKS[name].slug not in shipped)
        answer = ask("suite", name, timeout=timeout)
        if answer.missing:
            yield _absent(suite, answer)
        elif answer.error:
            yield _broken(suite, answer)
        else:
            speed = "{steps_per_second:.0f} steps/s, {observation} observed".format(**answer.values)
            yield Finding(suite, "ok", f"{name}: {speed}, {answer.values['action']} actions")


def _absent(suite: str, answer: Answer) -> Finding:
    """A simulator that cannot be imported is broken if all that its extra brings is there."""
    needed = versions.required(suite)
    if needed and all(map(versions.installed, needed)):
        text = f"installed, and importing it fails: {_last_line(answer.trace)}"
        return Finding(suite, "broken", text, _reinstall(suite), answer.trace)
    advice = f'pip install "{versions.PACKAGE}[{suite}]"'
    return Finding(suite, "missing", "not installed", advice)


def policies(timeout: float) -> Iterator[Finding]:
    """Load every policy that comes with the package."""
    shipped = shipped_policies()
    if not shipped:
        yield Finding("policies", "broken", "none came with the package", _reinstall())
        return
    answer = ask("policies", timeout=timeout)
    if answer.error:
        yield _broken("policies", answer)
        return
    for name in shipped:
        loaded = Answer(**answer.values[name])
        if loaded.error:
            yield _broken(name, loaded, _reinstall())
        else:
            digest = loaded.values["sha256"][:12]
            yield Finding(name, "ok", f"loads and predicts, weights verified ({digest})")


def _broken(name: str, answer: Answer, advice: str = "") -> Finding:
    return Finding(name, "broken", answer.error, advice, answer.trace)


def _reinstall(extra: str = "") -> str:
    name = f"{versions.PACKAGE}[{extra}]" if extra else versions.PACKAGE
    return f'pip install --force-reinstall "{name}"'


def _last_line(trace: str) -> str:
    r"""Return the line that names the first cause: tracebacks tell the causes first.

    >>> _last_line("Traceback ...\nOSError: no libx\n\nThe above ...\n\nMissingExtraError: y")
    'OSError: no libx'
    """
    first, _, _ = trace.partition("\n\n")
    return first.strip().rpartition("\n")[2]

"""Pictures per second: by backend, size and settings, and what a decision with pictures takes.

    python -m benchmarks.rendering run --seconds 2     measure, a process per backend
    python -m benchmarks.rendering summary             the table

Frames are of one camera of the task's scene, after a reset. A decision is a chunk of 8 random
actions; with pictures, one of each camera is taken at its end. The backends are those that need no
display and work here. CPU time is of all threads of the process, since Mesa draws with several.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from os import environ
from pathlib import Path
from typing import Any

from benchmarks.tools.command import CommandLine, Tasks, check_turns
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import keep, keep_table, measured
from benchmarks.tools.machine import machine
from policies.pictures.quality import QUALITIES, RenderQuality
from zprl_env.errors import RenderingError
from zprl_env.tasks import task_name

BACKENDS = ("egl", "osmesa")
SIZES = (64, 84, 128, 256)
CHUNK = 8
RESULTS = ALL_RESULTS / "rendering.json"
TASKS_SHOWN = ("Lift", "box-close", "door", "Real")
SETTINGS = {
    "full": QUALITIES["full"],
    "no multisamples": RenderQuality("", 0, True, True),
    "no shadows, no reflections": RenderQuality("", 4, False, False),
    "fast": QUALITIES["fast"],
}
"""Settings by what they leave out; fast is all of it."""


def rate(seconds: float, task: Any) -> dict[str, float]:
    """Repeat a task for a while.

    Returns:
        Times per second, and CPU milliseconds per time.
    """
    task()
    count, began, busy = 0, time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - began) < seconds or not count:
        task()
        count += 1
    cpu = 1000 * (time.process_time() - busy) / count
    return {"per_second": count / elapsed, "cpu_ms": cpu}


def frames(name: str, size: int, settings: str, seconds: float) -> dict[str, float]:
    """Measure pictures of one camera of a task."""
    from zprl_env.envs import make_env
    from zprl_env.envs.cameras.renderer import SceneRenderer

    with closing(make_env(name)) as env:
        env.reset(seed=0)
        own: Any = env.unwrapped
        if hasattr(own, "robot"):
            from real.sim.arms import SOLID_GROUP

            world, hidden, camera = own.robot._world, (SOLID_GROUP,), "front"
            model, data = world.model, world.data
        else:
            (model, data), hidden, camera = own._simulation(), own.hidden_geom_groups, own.camera
        renderer = SceneRenderer(model, (size, size), SETTINGS[settings], hidden)
        with closing(renderer):
            return rate(seconds, lambda: renderer.render(data, (camera,)))


def decisions(name: str, observation: str, seconds: float) -> dict[str, Any]:
    """Measure chunks of random actions, resets included."""
    from zprl_env import ActionChunkWrapper, make_env

    made = make_env(name) if observation == "state" else make_env(name, observation=observation)
    with closing(ActionChunkWrapper(made, CHUNK)) as env:
        env.action_space.seed(0)
        env.reset(seed=0)

        def decide() -> None:
            *_, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                env.reset()

        found: dict[str, Any] = rate(seconds, decide)
        seen = getattr(env.unwrapped, "picture_settings", None)
        return {**found, "cameras": list(seen.cameras) if seen else []}


def measure(backend: str, tasks: Sequence[str], seconds: float) -> dict[str, Any] | None:
    """Measure one backend, in a process that has drawn nothing before; None if it gives nothing."""
    environ["MUJOCO_GL"] = backend
    from zprl_env.envs.cameras.opengl import render_thread

    try:
        renderer = render_thread().renderer
    except RenderingError:
        return None
    first = tasks[0]
    return {
        "renderer": renderer,
        "sizes": {str(s): frames(first, s, "fast", seconds) for s in SIZES},
        "settings": {name: frames(first, 84, name, seconds) for name in SETTINGS},
        "tasks": {name: frames(name, 84, "fast", seconds) for name in tasks},
        "decisions": {
            name: {seen: decisions(name, seen, seconds) for seen in ("state", "pixels")}
            for name in tasks
        },
    }


def summary(result: dict[str, Any]) -> str:
    """Draw up the table."""
    lines = []
    first = result["tasks"][0]
    for backend, found in result["backends"].items():
        if found is None:
            lines += [f"`MUJOCO_GL={backend}` gives no picture on this machine.", ""]
            continue
        lines += [f"`MUJOCO_GL={backend}`: {found['renderer']}", ""]
        lines += ["| pictures | frames/s | CPU per frame [ms] |", "|---|---|---|"]
        rows = [(f"{first}, 84 x 84, {name}", row) for name, row in found["settings"].items()]
        rows += [(f"{first}, {s} x {s}, fast", row) for s, row in found["sizes"].items()]
        rows += [(f"{name}, 84 x 84, fast", row) for name, row in found["tasks"].items()]
        for label, row in rows:
            lines.append(f"| {label} | {row['per_second']:.0f} | {row['cpu_ms']:.1f} |")
        lines += ["", f"| decisions of {CHUNK} actions | cameras | state /s | pixels /s |"]
        lines += ["|---|---|---|---|"]
        for name, row in found["decisions"].items():
            state, pixels = row["state"]["per_second"], row["pixels"]["per_second"]
            cameras = ", ".join(row["pixels"]["cameras"])
            lines.append(f"| {name} | {cameras} | {state:.1f} | {pixels:.1f} |")
        lines.append("")
    return "\n".join(lines)


@dataclass(frozen=True)
class Run:
    """Measure, and keep the rates and their table."""

    tasks: Tasks = TASKS_SHOWN
    """Tasks; the first one's pictures are measured in all sizes and settings."""
    seconds: float = 2.0
    """Time for each rate."""
    out: Path = RESULTS
    """File of the results; the table is beside it."""

    def __post_init__(self) -> None:
        check_turns(self.tasks, self.seconds)

    def __call__(self) -> None:
        """Measure backend by backend."""
        where, tasks = machine(), [task_name(task) for task in self.tasks]
        found = {}
        for backend in BACKENDS:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                found[backend] = pool.submit(measure, backend, tasks, self.seconds).result()
        keep(self.out, {"tasks": tasks, "backends": found, "machine": where})
        Summary(self.out)()


@dataclass(frozen=True)
class Summary:
    """Print and write the table of the measurements."""

    out: Path = RESULTS
    """File of the results."""

    def __call__(self) -> None:
        """Make the table."""
        result = measured(self.out, "python -m benchmarks.rendering run")
        keep_table(self.out.with_suffix(".md"), summary(result))


COMMAND = CommandLine("rendering", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()

"""Show a recorded episode as table, plot and film: ``python -m real.replay FILE``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from policies.errors import DemonstrationError
from real.cameras.fitting import side_by_side
from real.drivers import driver_settings, make_robot
from real.recording.reader import RecordedEpisode, read_recorded
from real.robot import Cameras, RobotError, SceneRobot
from real.tasks.files import load_preset
from real.tasks.preset import Preset
from zprl_env import cli
from zprl_env.errors import ConfigurationError, RenderingError, ZprlError
from zprl_env.files import write_picture, write_whole

ROWS = 20
"""Steps that the table shows, besides those at which something happened."""


@dataclass(frozen=True)
class Replay:
    """Show an episode of a robot: a table, a plot of motion, safety and reward, and a film."""

    file: tyro.conf.Positional[Path]
    """Recording, such as runs/real.hdf5."""
    episode: int = -1
    """Number of the episode; -1 is the last."""
    out: Path | None = None
    """Folder for plot and film; beside the recording if not given."""
    video: bool = True
    """Make a film: of the pictures that were recorded or, if there are none, of the simulated
    robot being sent where this one was."""
    task: str | None = None
    """Task to simulate that with, a preset's name or a YAML file; the recorded one if not given."""
    driver_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of that simulated robot, such as scene=my_lab.scenes:MyScene; values are JSON or
    words."""

    def __post_init__(self) -> None:
        driver_settings(self.driver_kwargs)


def print_episode(episode: RecordedEpisode, title: str, console: Console | None = None) -> None:
    """Print an episode's facts and its steps, those with events among them.

    Args:
        episode: What to print.
        title: What to call it.
        console: Where to print.
    """
    console = console or Console()
    safety = [info.get("safety", {}) for info in episode.infos]
    facts = Table("", title)
    moved, _, unit, ending = _shown(episode.preset)
    clipped = f"clipped{ending}"
    rows = {
        "task": episode.preset.name,
        "date": episode.date,
        "outcome": episode.outcome,
        "stop": next((s["stop"] for s in safety if s.get("stop")), "none"),
        "steps": f"{len(episode.rewards)} in {episode.time[-1] if len(episode.time) else 0:.1f} s",
        "return": f"{episode.rewards.sum():g}",
        "scene's seed": str(episode.seed),
        "overruns": str(episode.infos[-1].get("time", {}).get("overruns", 0)),
        "outside the box": f"{sum(s.get(clipped, 0.0) > 0.0 for s in safety)} steps, at most "
        f"{max((s.get(clipped, 0.0) for s in safety), default=0.0):.3f} {unit}",
        "provenance": json.dumps(dict(episode.provenance)),
    }
    for name, value in rows.items():
        facts.add_row(name, value)
    console.print(facts, markup=False)

    table = Table()
    for column in (
        "step",
        "time [s]",
        "arm",
        f"sent to [{unit}]",
        f"measured [{unit}]",
        "reward",
        "events",
    ):
        table.add_column(column, no_wrap=column != "events")
    total = len(episode.rewards)
    shown = {*np.linspace(0, total - 1, min(total, ROWS)).astype(int).tolist()}
    shown |= {step for step in range(total) if _events(episode, step)}
    for step in sorted(shown):
        ticks = np.flatnonzero(episode.step == step)
        if not len(ticks):
            continue
        for arm in range(len(episode.preset.arms)):
            first = arm == 0
            table.add_row(
                str(step) if first else "",
                f"{episode.time[ticks[-1]]:.2f}" if first else "",
                str(arm),
                _place(episode.commanded[moved][ticks[-1], arm]),
                _place(episode.measured[moved][ticks[-1], arm]),
                f"{episode.rewards[step]:g}" if first else "",
                _events(episode, step) if first else "",
            )
    console.print(table, markup=False)


def draw_episode(episode: RecordedEpisode, path: Path) -> None:
    """Draw the arms' commands and positions, the safety filter's changes, and the reward.

    Args:
        episode: What to draw.
        path: PNG to write.
    """
    from matplotlib.figure import Figure

    arms = len(episode.preset.arms)
    moved, axes_of_it, unit, ending = _shown(episode.preset)
    figure = Figure(figsize=(10.0, 2.4 * arms * 2 + 3.6), layout="constrained")
    axes = figure.subplots(2 * arms + 2, 1, sharex=True)
    for arm in range(arms):
        for row, name, labels in ((0, moved, axes_of_it), (1, "gripper", [""])):
            panel = axes[2 * arm + row]
            for source, style in ((episode.commanded, "--"), (episode.measured, "-")):
                values = source[name][:, arm].reshape(len(episode.time), -1)
                kind = "sent" if style == "--" else "measured"
                for i, label in enumerate(labels):
                    panel.plot(
                        episode.time,
                        values[:, i],
                        style,
                        color=f"C{i}",
                        linewidth=1.0,
                        label=f"{label} {kind}".strip(),
                    )
            panel.set_ylabel(f"arm {arm}: {name}{'' if name == 'gripper' else f' [{unit}]'}")
            panel.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ends = [
        episode.time[episode.step <= step].max(initial=0.0) for step in range(len(episode.rewards))
    ]
    for name, colour in (("clipped", "tab:red"), ("limited", "tab:gray")):
        changes = [info.get("safety", {}).get(f"{name}{ending}", 0.0) for info in episode.infos]
        axes[-2].step(ends, changes, where="pre", color=colour, label=f"{name} [{unit}]")
    axes[-2].set_ylabel("safety")
    axes[-2].legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    axes[-1].step(ends, episode.rewards, where="pre", color="tab:blue")
    axes[-1].set(xlabel="time [s]", ylabel="reward")
    for step, end in enumerate(ends):
        if told := _events(episode, step):
            for panel in axes:
                panel.axvline(end, color="tab:purple", linewidth=0.6)
            axes[-1].annotate(told[:40], (end, 0.0), fontsize="x-small", rotation=90, va="bottom")
    write_picture(path, figure, dpi=110)


def pictures(
    episode: RecordedEpisode, task: Preset | str | None = None, **settings: Any
) -> Iterator[np.ndarray]:
    """Yield one picture per step, all cameras side by side; simulated if none were recorded.

    Args:
        episode: What to show.
        task: Task to simulate it with; the recorded one if None.
        **settings: Of the simulated robot, as :func:`real.drivers.make_robot` takes them.

    Raises:
        ZprlError: There is nothing to see, or no simulation of it.
    """
    if episode.frames:
        yield from (side_by_side(views) for views in zip(*episode.frames.values(), strict=True))
        return
    preset = episode.preset if task is None else load_preset(task)
    if len(preset.arms) != len(episode.preset.arms):
        raise ConfigurationError(
            f"The task to simulate with must have the {len(episode.preset.arms)} arms of "
            f"{episode.preset.name}. Got: {len(preset.arms)} of {preset.name}."
        )
    robot = make_robot("sim", preset, **settings)
    try:
        if not (preset.cameras and isinstance(robot, SceneRobot) and isinstance(robot, Cameras)):
            raise RenderingError(f"{preset.name} has no camera in the simulation.")
        robot.connect()
        robot.reset_scene(episode.seed)
        begin = robot.clock.now()
        for tick, step in enumerate(episode.step):
            command = episode.command(tick)
            if command is not None:
                robot.command(command)
            begin += 1.0 / preset.control_rate
            robot.clock.sleep_until(begin)
            if tick + 1 == len(episode.step) or episode.step[tick + 1] != step:
                yield side_by_side([*robot.images(preset.cameras).values()])
    finally:
        robot.close()


def replay(settings: Replay, console: Console | None = None) -> list[Path]:
    """Show an episode as a table, a plot and a film.

    Args:
        settings: Which one.
        console: Where to print.

    Returns:
        The files that were made.

    Raises:
        DemonstrationError: There is no such episode, or a file cannot be written.
    """
    import imageio

    console = console or Console()
    episode, number, total = read_recorded(settings.file, settings.episode)
    print_episode(episode, f"{settings.file.name}: episode {number} of {total}", console)
    folder = settings.out or settings.file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemonstrationError(f"cannot write to {folder}: {error}.") from error
    made = [folder / f"{settings.file.stem}_{number}.png"]
    draw_episode(episode, made[0])
    if settings.video:
        film = folder / f"{settings.file.stem}_{number}.mp4"
        try:
            simulated = driver_settings(settings.driver_kwargs)
            frames = [*pictures(episode, settings.task, **simulated)]
            rate = episode.preset.rate
            encoded: Any = imageio.mimwrite(
                "<bytes>", frames, format="mp4", fps=rate, macro_block_size=2
            )
            write_whole(film, lambda partial: partial.write_bytes(encoded))
            made.append(film)
        except (ZprlError, RobotError) as error:  # table and plot are worth having alone
            console.print(f"No film: {error}", markup=False)
    for path in made:
        console.print(f"made {path}", markup=False)
    return made


def _shown(preset: Preset) -> tuple[str, list[str], str, str]:
    """Return what is shown of a motion: its name, its axes, their unit, and the word in info."""
    if preset.space == "joints":
        return "joints", [str(n + 1) for n in range(preset.arms[0].joints)], "rad", "_joints"
    return "position", [*"xyz"], "m", ""


def _place(position: np.ndarray) -> str:
    return "-" if np.isnan(position).any() else " ".join(f"{x:6.3f}" for x in position)


def _events(episode: RecordedEpisode, step: int) -> str:
    """Return the operator's words in a step, whose hands the arms came into, and why of a stop."""
    info = episode.infos[step]
    stop = info.get("safety", {}).get("stop", "")
    hands = [
        told.get("takeover", {}).get("by") for told in episode.infos[max(step - 1, 0) : step + 1]
    ]
    taken = [f"the {hands[-1]}'s"] if hands[0] != hands[-1] else []
    return ", ".join([*info.get("operator", ()), *taken, *([f"stop: {stop}"] if stop else [])])


EXAMPLES = ("episodes.hdf5", "episodes.hdf5 --episode 3 --out films")


def main() -> None:
    """Run the command line."""
    cli.run(lambda: replay(cli.parse(Replay, EXAMPLES)))


if __name__ == "__main__":
    main()

"""Tasks in figures: success of experts and base policies, demonstrations, simulation speed.

    python -m benchmarks.tasks run             measure experts and speed; minutes per task
    python -m benchmarks.tasks summary         the table of what was measured

The experts are measured here, at full skill, on 50 episodes of a recording that no policy was
trained on. The base policies' success is what ``make_policy`` measured on the
200 test episodes when it made them. Speed is that of the environment alone on one core, with
random actions and the usual reset after every episode.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables import markdown
from benchmarks.tools.command import CommandLine, Tasks, check_seconds
from benchmarks.tools.kept import RESULTS as ALL_RESULTS
from benchmarks.tools.kept import TABLE, keep, keep_table
from policies.progress import progress_bar
from zprl_env.base_policies.recipes import RECIPES, imitation_recipe
from zprl_env.envs import make_env
from zprl_env.errors import UnknownNameError
from zprl_env.experts.performance import Stage, demonstration_seed, operator_for
from zprl_env.files import read_json
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.tasks import TASKS

RESULTS = ALL_RESULTS / "tasks"
RECORDING_SEED, EPISODES = 50, 50


def shown(task: str) -> dict[str, Any]:
    """Let the task's expert perform."""
    with closing(Stage(task, 1.0, operator_for(imitation_recipe(task).operator_seed))) as stage:
        seeds = [demonstration_seed(RECORDING_SEED, index) for index in range(EPISODES)]
        bar = progress_bar(seeds, desc=f"{task}, expert", unit="episode", leave=False)
        episodes = [stage.perform(seed) for seed in bar]
    return {
        "seeds": seeds,
        "successes": [int(episode.success) for episode in episodes],
        "lengths": [len(episode.trajectory) for episode in episodes],
    }


def steps_per_second(task: str, seconds: float) -> float:
    """Step a task's environment with random actions; per second of this process's time."""
    with closing(make_env(task)) as env:
        env.reset(seed=0)
        env.action_space.seed(0)
        steps, began = 0, time.process_time()
        while not steps or time.process_time() - began < seconds:
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            steps += 1
            if terminated or truncated:
                env.reset()
        return steps / (time.process_time() - began)


def measure(task: str, seconds: float) -> dict[str, Any]:
    """Measure a task's expert and environment.

    Args:
        task: A task with a recipe.
        seconds: Process time that the environment is stepped for.
    """
    return {
        "task": task,
        "expert": shown(task),
        "steps_per_second": steps_per_second(task, seconds),
    }


def table(out: Path = RESULTS) -> str:
    """Draw up the tasks that were measured as a Markdown table."""
    head = ["task", "suite", "expert", "demonstrations", "base policy", "without flow noise"]
    rows = []
    for task in RECIPES:
        row, policy = TASKS[task], shipped_policies().get(TASKS[task].slug)
        measured = out / f"{row.slug}.json"
        if not measured.exists():
            continue
        content = read_json(measured)
        imitated = ["none yet", "", ""]
        if policy is not None:
            played = read_json(policy / "evaluation.json")
            demos = played["demonstrations"]
            imitated = [
                f"{demos['episodes']}, {demos['successful']} successful",
                markdown.rate(played["successes"]),
                markdown.rate(played["without_flow_noise"]["successes"]),
            ]
        expert = markdown.rate(content["expert"]["successes"])
        speed = f"{content['steps_per_second']:,.0f}"
        rows.append([task, row.suite, expert, *imitated, speed])
    return markdown.table([*head, "env steps/s"], rows)


@dataclass(frozen=True)
class Run:
    """Measure experts and environments and keep the raw data."""

    tasks: Tasks = ()
    """Tasks with a recipe; all of them if none is given."""
    seconds: float = 5.0
    """Process time that each environment is stepped for."""
    out: Path = RESULTS
    """Folder for the results, with a file per task."""

    def __post_init__(self) -> None:
        for task in self.tasks:
            if task not in RECIPES:
                raise UnknownNameError("task with a shipped policy", task, RECIPES)
        check_seconds(self.seconds)

    def __call__(self) -> None:
        """Measure task by task."""
        for task in self.tasks or RECIPES:
            keep(self.out / f"{TASKS[task].slug}.json", measure(task, self.seconds))


@dataclass(frozen=True)
class Summary:
    """Print and write table.md of the measurements."""

    out: Path = RESULTS
    """Folder of the results."""

    def __call__(self) -> None:
        """Make the table."""
        keep_table(self.out / TABLE, table(self.out))


COMMAND = CommandLine("tasks", __doc__, (Run, Summary))

if __name__ == "__main__":
    COMMAND.main()

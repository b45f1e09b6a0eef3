"""What there is for the paper's tasks: experts, demonstrations, base policies, speed.

usage: python -m benchmarks.tasks run [TASK ...]   measure experts and speed; minutes per task
       python -m benchmarks.tasks summary          the README's table

The experts are measured here, at full skill, on 50 episodes of a recording that no policy was
trained on. The base policies' success is what ``make_policy`` measured on the
200 test episodes when it made them. Speed is that of the environment alone on one core, with
random actions and the usual reset after every episode.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from policies.progress import progress_bar
from zprl_env import cli
from zprl_env.base_policies.recipes import RECIPES, imitation_recipe
from zprl_env.envs import make_env
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.experts.performance import Stage, demonstration_seed, operator_for
from zprl_env.files import write_json
from zprl_env.loading.resolve import shipped_policies
from zprl_env.success_rates import wilson_interval
from zprl_env.tasks import TASKS

RESULTS = Path(__file__).parent / "results" / "tasks"
RECORDING_SEED, EPISODES = 50, 50
SECONDS = 5.0
"""Process time that the environment is stepped for."""


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


def steps_per_second(task: str) -> float:
    """Step a task's environment with random actions; per second of this process's time."""
    with closing(make_env(task)) as env:
        env.reset(seed=0)
        env.action_space.seed(0)
        steps, began = 0, time.process_time()
        while time.process_time() - began < SECONDS:
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            steps += 1
            if terminated or truncated:
                env.reset()
        return steps / (time.process_time() - began)


def measure(task: str) -> None:
    """Measure a task's expert and environment and keep the raw data."""
    if task not in RECIPES:
        raise UnknownNameError("task with a shipped policy", task, RECIPES)
    content = {
        "task": task,
        "expert": shown(task),
        "steps_per_second": steps_per_second(task),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / f"{TASKS[task].slug}.json", content)


def table() -> str:
    """Draw up the tasks as a Markdown table."""
    lines = [
        "| task | suite | expert | demonstrations | base policy | without flow noise "
        "| env steps/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for task in RECIPES:
        row, policy = TASKS[task], shipped_policies().get(TASKS[task].slug)
        measured = RESULTS / f"{row.slug}.json"
        if not measured.exists():
            continue
        content = json.loads(measured.read_text(encoding="utf-8"))
        expert = _rate(content["expert"]["successes"])
        imitated = "none yet | | "
        if policy is not None:
            played = json.loads((policy / "evaluation.json").read_text(encoding="utf-8"))
            demos = played["demonstrations"]
            imitated = (
                f"{demos['episodes']}, {demos['successful']} successful "
                f"| {_rate(played['successes'])} "
                f"| {_rate(played['without_flow_noise']['successes'])}"
            )
        lines.append(
            f"| {task} | {row.suite} | {expert} | {imitated} | {content['steps_per_second']:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def _rate(successes: list[int]) -> str:
    low, high = wilson_interval(sum(successes), len(successes))
    return f"{sum(successes) / len(successes):.2f} ({low:.2f}-{high:.2f})"


def main(arguments: list[str]) -> None:
    """Run what was asked for."""
    match arguments:
        case ["run", *tasks]:
            for task in tasks or RECIPES:
                measure(task)
        case ["summary"]:
            RESULTS.mkdir(parents=True, exist_ok=True)
            (RESULTS / "table.md").write_text(table(), encoding="utf-8")
            print(table())
        case ["-h" | "--help"]:
            print(__doc__)
        case _:
            raise ZprlError(
                f"Expected 'run [TASK ...]' or 'summary'. Got: {arguments}. See --help."
            )


if __name__ == "__main__":
    cli.run(lambda: main(sys.argv[1:]))

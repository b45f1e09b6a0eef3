"""Play a policy, steered or not, on seeded episodes: ``python -m zprl_env.evaluate``."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.checkpoints.output import refuse_overwriting
from zprl_env import cli
from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, success_note
from zprl_env.files import check_file, write_json
from zprl_env.tasks import find_task
from zprl_env.training.config import Config, check_policy, load_config
from zprl_env.training.run.find import find_run
from zprl_env.training.settings import limits
from zprl_env.training.settings.recipe import Recipe

if TYPE_CHECKING:
    from zprl_env.training.comparison import Comparison


@dataclass(frozen=True)
class Evaluation:
    """Play a frozen policy, alone or steered by a trained agent, on seeded episodes.

    An agent is compared with its base policy on the same episodes. The same arguments play the same
    episodes, and nothing that training looks at is among the default ones.
    """

    env: str | None = None
    """Environment to play: a task, any gymnasium id (package:Id-v0 imports the package), or
    module:callable; the run's own, and else Lift."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment, besides the run's own; values are JSON or words."""
    policy: str | None = None
    """Frozen policy: a checkpoint folder, a shipped name, hf://user/name, or module:callable; the
    run's own, and else the task's."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    run: Path | None = None
    """Folder of a run of train_sb3.py whose agent steers the policy, or a folder of runs, of which
    it is the newest; of an interrupted one it is the best agent so far."""
    episodes: int = 100
    """Episodes to play."""
    seed: int = TEST_SEED
    """Seed of the first episode; the others follow."""
    noise_scale: float | None = None
    """Temperature of the flow's initial noise; the run's own, and else imitation's 1. With another
    one the base policy is played at both."""
    n_action_steps: int | None = None
    """Environment steps per decision; the run's own, and else the policy's."""
    out: Path | None = None
    """File for the results, episode by episode, as JSON."""
    video: Path | None = None
    """MP4 for a film of the first episode."""
    overwrite: bool = False
    """Replace --out and --video if they exist."""
    trust: bool = False
    """Follow the settings of --run where they name code of your own (module:callable,
    package:Id-v0) or an address. Not for a folder that somebody sent you."""
    threads: int = 1
    """Threads of torch; more are slower for networks this small."""

    def __post_init__(self) -> None:
        if self.env is not None:
            find_task(self.env)
        cli.settings(self.env_kwargs)
        limits.check(self, limits.EVALUATION)
        if self.video is not None and self.video.suffix != ".mp4":
            raise ZprlError(f"video must be a file that ends in .mp4. Got: {self.video}.")


def evaluate_policy(evaluation: Evaluation) -> Comparison:
    """Play a policy on seeded episodes and report its success rate.

    Args:
        evaluation: What to play.

    Returns:
        The results, the base policy's first and, with a run, the steered policy's last.

    Raises:
        CheckpointError: The policy cannot be loaded.
        ConfigurationError: The run names code to import and is not trusted.
        MissingExtraError: The run's backend is not installed.
        PolicyMismatchError: It does not fit the environment.
        RunFolderError: The run's agent cannot be loaded, or steers another policy; or a file
            cannot be written where it was asked for.
    """
    for file in (evaluation.out, evaluation.video):
        if file is not None:
            check_file(file)
            refuse_overwriting(file, evaluation.overwrite)
    if evaluation.run is not None:
        run = find_run(evaluation.run, print, with_agent=True)
        evaluation = replace(evaluation, run=run)
    config = _config(evaluation)
    # Here and not above, so that --help and a mistyped flag answer at once.
    import torch
    from rich.console import Console

    from zprl_env.base_policies.find import base_policy
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.training.agents.weights import load_agent
    from zprl_env.training.comparison import Comparison
    from zprl_env.training.run.agent import find_agent
    from zprl_env.training.watch import report

    torch.set_num_threads(evaluation.threads)
    env_kwargs = cli.settings(config.env_kwargs)
    policy_name = config.policy or str(base_policy(config.env, make=False, env_kwargs=env_kwargs))
    policy = resolve_policy(policy_name, config.policy_class)
    if evaluation.run is not None:
        check_policy(evaluation.run, policy)
    seeds = range(evaluation.seed, evaluation.seed + evaluation.episodes)
    comparison = Comparison(config.env, policy, config.steer, config.recipe, env_kwargs)
    agent = None
    with closing(comparison):
        if evaluation.run is not None:
            file = find_agent(evaluation.run, config.backend, print).file
            agent = load_agent(file, config.algo, config.recipe, comparison.env, config.backend)
        comparison.play_bases(seeds)
        if agent is not None:
            comparison.play_steered(f"steered ({config.steer}, {config.algo})", agent, seeds)
    if evaluation.out is not None:  # before a word is said: whoever listens may be gone
        settings: dict[str, Any] = dataclasses.asdict(evaluation)
        settings |= {"env": config.env, "env_kwargs": config.env_kwargs, "policy": policy_name}
        settings |= {"policy_sha256": getattr(policy, "weights_hash", None)}
        write_json(evaluation.out, settings | comparison.to_dict())
    console = Console(soft_wrap=True)
    report.print_table(comparison.results, comparison.difference, console)
    if note := success_note(comparison.env, config.env):
        console.print(note)
    if evaluation.video is not None:
        pictures = report.film(
            config.env,
            policy,
            config.steer,
            config.recipe,
            agent,
            evaluation.seed,
            env_kwargs,
        )
        report.write_video(evaluation.video, pictures)
    return comparison


def _config(evaluation: Evaluation) -> Config:
    """Return the run's settings, or the base policy's, under those of the command line."""
    if evaluation.run is None:
        recipe = Recipe(scale=0.0, noise_scale=1.0, observation="features")
        config = Config(algo="sac", recipe=recipe)  # of an agent that there is none of
    else:
        words = [evaluation.env, evaluation.policy, evaluation.policy_class, *evaluation.env_kwargs]
        said = [word for word in words if word is not None]
        config = load_config(evaluation.run, trust=evaluation.trust, given=said)
    given = {name: value for name, value in vars(evaluation).items() if value not in (None, ())}
    steering = {name: given[name] for name in ("noise_scale", "n_action_steps") if name in given}
    others: dict[str, Any] = {
        name: given[name] for name in ("env", "policy", "policy_class") if name in given
    }
    others["env_kwargs"] = (*config.env_kwargs, *evaluation.env_kwargs)  # the last one counts
    return replace(config, recipe=replace(config.recipe, **steering), **others)


EXAMPLES = (
    "--env Lift --episodes 20  # the policy that is shipped, alone",
    "--run runs/Lift/sac/0  # a trained agent against its base policy",
    "--env my_lab:make_env --policy my_lab:make_policy --video film.mp4",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: evaluate_policy(cli.parse(Evaluation, EXAMPLES)))


if __name__ == "__main__":
    main()

"""Play a policy, steered or not, on seeded episodes: ``python -m zprl_env.evaluate``."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from policies.checkpoints.output import refuse_overwriting
from policies.foreign.addresses import in_interpreter
from zprl_env import cli
from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, Agent, success_note
from zprl_env.files import check_file, write_json
from zprl_env.options.noise import check_noise
from zprl_env.steerable import SteerablePolicy
from zprl_env.tasks import find_task
from zprl_env.training.config import Config, check_policy, load_config
from zprl_env.training.run.find import find_run
from zprl_env.training.settings import limits
from zprl_env.training.settings.recipe import Recipe
from zprl_env.training.watch.outlook import announce_evaluation
from zprl_env.writing import Writing

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
    policy_python: str | None = None
    """Interpreter that --policy is loaded in, such as ~/lerobot/bin/python, where what it needs
    does not live beside the simulators; it is started by itself and ends with this command."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    run: Path | None = None
    """Folder of a run of train_sb3.py whose agent steers the policy, or a folder of runs, of which
    it is the newest; of an interrupted one it is the best agent so far."""
    agent: str | None = None
    """Exported agent that steers it: 'shipped' for the one that comes with the package for the
    task, a folder that zprl_env.export wrote, or hf://user/name."""
    episodes: int = 100
    """Episodes to play."""
    seed: int = TEST_SEED
    """Seed of the first episode; the others follow."""
    noise: str | None = None
    """Start of the policy's flow: fresh (fresh:TEMPERATURE), zero or fixed:SEED; the run's own, and
    else fresh, imitation's. With another one the base policy is played from both."""
    n_action_steps: int | None = None
    """Environment steps per decision; the run's own, and else the policy's."""
    out: Path | None = None
    """File for the results, episode by episode, as JSON."""
    film: Annotated[Path | None, tyro.conf.arg(aliases=["--video"])] = None
    """MP4 or GIF for a film of an episode, base policy and agent side by side: of the first that
    the agent alone solves, or else of the first."""
    overwrite: bool = False
    """Replace --out and --film if they exist."""
    trust: bool = False
    """Follow the settings of --run where they name code of your own (module:callable,
    package:Id-v0) or an address. Not for a folder that somebody sent you."""
    threads: int = 1
    """Threads of torch; more are slower for networks this small."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", in_interpreter(self.policy, self.policy_python))
        object.__setattr__(self, "policy_python", None)
        if self.env is not None:
            find_task(self.env)
        cli.settings(self.env_kwargs)
        limits.check(self, limits.EVALUATION)
        check_noise(self.noise)
        if self.film is not None and self.film.suffix not in (".mp4", ".gif"):
            raise ZprlError(f"film must be a file that ends in .mp4 or .gif. Got: {self.film}.")
        if self.agent is not None and self.run is not None:
            raise ZprlError("One agent must steer. Got both --run and --agent; leave one out.")


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
    for file in (evaluation.out, evaluation.film):
        if file is not None:
            check_file(file)
            refuse_overwriting(file, evaluation.overwrite)
    if evaluation.run is not None:
        run = find_run(evaluation.run, print, with_agent=True)
        evaluation = replace(evaluation, run=run)
    steered = _exported(evaluation)
    config = _config(evaluation, steered)
    announce_evaluation(config, evaluation.episodes, evaluation.run or steered)
    # Here and not above, so that --help, a mistyped flag and the first line come at once.
    import torch
    from rich.console import Console

    from zprl_env.base_policies.find import base_policy
    from zprl_env.deploy.exported import exported_agent
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
        print(f"chunks     {report.chunks_told(comparison.env.steering)}", flush=True)
        if evaluation.run is not None:
            file = find_agent(evaluation.run, config.backend, print).file
            agent = load_agent(file, config.algo, config.recipe, comparison.env, config.backend)
        elif steered is not None:
            agent = exported_agent(steered, policy, policy_name)
        comparison.play_bases(seeds)
        if agent is not None:
            comparison.play_steered(f"steered ({config.steer}, {config.algo})", agent, seeds)
    writing = Writing(print)
    if evaluation.out is not None:  # before a word is said: whoever listens may be gone
        settings: dict[str, Any] = dataclasses.asdict(evaluation)
        settings |= {"env": config.env, "env_kwargs": config.env_kwargs, "policy": policy_name}
        settings |= {"policy_sha256": getattr(policy, "weights_hash", None)}
        out, content = evaluation.out, settings | comparison.to_dict()
        writing(out.name, lambda: write_json(out, content))
    console = Console(soft_wrap=True)
    report.print_table(comparison.results, comparison.difference, console)
    if note := success_note(comparison.env, config.env):
        console.print(note)
    writing.check()
    if evaluation.film is not None:
        _film(evaluation.film, config, policy, agent, comparison)
    return comparison


def _film(
    file: Path,
    config: Config,
    policy: SteerablePolicy,
    agent: Agent | None,
    comparison: Comparison,
) -> None:
    """Film the episode that tells most, by base policy and agent."""
    from zprl_env.training.watch import film

    seed = film.telling_seed(comparison.results)
    print(f"Filming episode {seed}", flush=True)
    kwargs, name = cli.settings(config.env_kwargs), [*comparison.results][-1]
    takes = film.film_pair(
        config.env, policy, config.steer, config.recipe, agent, seed, kwargs, name
    )
    film.write_film(file, takes)
    print(f"Film: {file}")


def _exported(evaluation: Evaluation) -> Path | None:
    """Find the export that is to steer, if one is."""
    if evaluation.agent is None:
        return None
    from zprl_env.loading.shipped import steered_folder

    return steered_folder(evaluation.agent, evaluation.env or Config.env)


def _config(evaluation: Evaluation, steered: Path | None) -> Config:
    """Return the settings of the run, the export or the base policy, under the command line's."""
    if evaluation.run is not None:
        words = [evaluation.env, evaluation.policy, evaluation.policy_class, *evaluation.env_kwargs]
        said = [word for word in words if word is not None]
        config = load_config(evaluation.run, trust=evaluation.trust, given=said)
    elif steered is not None:
        from zprl_env.deploy.exported import exported_config

        config = exported_config(steered, trust=evaluation.trust, policy=evaluation.policy)
    else:
        recipe = Recipe(scale=0.0, noise="fresh", observation="features")
        config = Config(algo="sac", recipe=recipe)  # of an agent that there is none of
    given = {name: value for name, value in vars(evaluation).items() if value not in (None, ())}
    steering = {name: given[name] for name in ("noise", "n_action_steps") if name in given}
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

"""Command line of a finetuning run: flags, their defaults, and what may change when it goes on."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from zprl_env.cli import check_words
from zprl_env.cli import parse as parse_line
from zprl_env.cli import prog as program
from zprl_env.errors import ConfigurationError
from zprl_env.files import RunFolderError
from zprl_env.tasks import seen_name
from zprl_env.training.config import Config, load_config
from zprl_env.training.found import with_found
from zprl_env.training.run.find import find_run
from zprl_env.training.run.settings_file import note_version
from zprl_env.training.settings.quick import quick_recipe, quick_settings

EXAMPLES = (
    "--env Lift --algo sac",
    "--env box-close --total-env-steps 40k --num-envs 2  # a shorter run",
    "--resume-from runs/Lift/sac/0  # go on after Ctrl-C",
    "--env my_lab:make_env --policy my_lab:make_policy --scale 0.5  # your own",
)
_MAY_CHANGE = {
    "policy_class",
    "policy",  # its weights may not: check_policy
    "make_policy",
    "total_env_steps",
    "eval_episodes",
    "evaluate",
    "stop_at",
    "checkpoint_every",
    "keep",
    "record",
    "teleoperator",
    "teleoperator_kwargs",
    "judge",
    "console",
    "rerun",
    "threads",
    "video",
    "vec",
    "workers",
    "ray_address",
    "wandb",
    "out",
    "overwrite",
    "resume_from",
    "trust",
    "max_age",
}


def parse(arguments: list[str], description: str | None = None) -> Config:
    """Read the command line; the recipe's defaults follow --algo, --preset, --steer and --env.

    Args:
        arguments: The command line without the program's name.
        description: What ``--help`` says first.

    Returns:
        The configuration.

    Raises:
        RunFolderError: ``--resume-from`` names no run, or one of other settings.
        UnknownNameError: There is no such environment, or the algorithm has no such preset.
        ZprlError: A number is out of its range.
    """
    check_words(arguments, Config, program())
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("env", "algo", "preset", "steer", "policy"):
        first.add_argument(f"--{name}", nargs="?")  # what is missing is told by the parser below
    first.add_argument("--hyperparams", type=Path, nargs="?")
    first.add_argument("--observation", nargs="?")
    first.add_argument("--env-kwargs", "--env_kwargs", nargs="*")
    first.add_argument("--resume-from", "--resume_from", type=Path, nargs="?")
    first.add_argument("--trust", action="store_true")
    first.add_argument("--quick", action="store_true")
    chosen, _ = first.parse_known_args(arguments)
    stored: Config | None = None
    if chosen.resume_from is not None:
        run = find_run(chosen.resume_from, print)
        given_words = [word.partition("=")[2] if word[:2] == "--" else word for word in arguments]
        stored = default = load_config(run, trust=chosen.trust, given=given_words)
        _refuse_to_record(stored, arguments)
        note_version(run, print)
    else:
        given = {name: value for name, value in vars(chosen).items() if value}
        if given.pop("observation", None) == "pixels":  # the recipe is that of what is seen
            given["env"] = seen_name(given.get("env", Config.env))
        if "env_kwargs" in given:
            given["env_kwargs"] = tuple(given["env_kwargs"])
        default = Config(**given)
        if default.quick:
            default = quick_config(default)
    config = parse_line(
        Config, EXAMPLES, arguments=arguments, default=default, description=description
    )
    if stored is not None:
        known = with_found(config.recipe, stored.recipe, run)
        config = dataclasses.replace(config, resume_from=stored.resume_from, recipe=known)
        _refuse_other_settings(stored, config)
    return config


def quick_config(config: Config) -> Config:
    """Return the settings of a smoke run, ``--quick``, in place of the usual ones."""
    chosen = quick_settings(config.env, config.algo, config.recipe)
    recipe = quick_recipe(config.algo, config.recipe, chosen["total_env_steps"])
    return dataclasses.replace(config, **chosen, quick=True, recipe=recipe)


def _refuse_to_record(stored: Config, arguments: Sequence[str]) -> None:
    """Raise if a run's settings alone name a file to write episodes to."""
    said = any(word.partition("=")[0] == "--record" for word in arguments)
    if stored.record is not None and not said and not stored.trust:
        raise ConfigurationError(
            f"{stored.resume_from} names a file to record to, which its settings alone do not "
            f"decide on: {stored.record}. Give it again with --record {quote(str(stored.record))}, "
            "record nothing with --record None, or add --trust."
        )


def _refuse_other_settings(stored: Config, config: Config) -> None:
    """Raise if a run is to be resumed with settings that are not its own."""
    old = dataclasses.asdict(stored) | dataclasses.asdict(stored.recipe)
    new = dataclasses.asdict(config) | dataclasses.asdict(config.recipe)
    changed = [
        f"{key} (was {old[key]}, got {new[key]})"
        for key in old
        if key not in _MAY_CHANGE | {"recipe"} and old[key] != new[key]
    ]
    if changed:
        raise RunFolderError(
            f"A run is resumed with its own settings. Got others for: {', '.join(changed)}. "
            f"Leave them out or start a new run."
        )

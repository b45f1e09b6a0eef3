"""Calibrate lambda: perturb a frozen policy at random. ``python -m zprl_env.calibrate``."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from policies.checkpoints.contents import WRITER
from policies.checkpoints.output import package_version, refuse_overwriting
from policies.progress import progress_bar
from zprl_env import cli
from zprl_env.calibrate.recommendation import Recommendation, recommend
from zprl_env.calibrate.trial import Hold, Trial, play
from zprl_env.errors import ZprlError
from zprl_env.evaluation import VALIDATION_SEED
from zprl_env.files import make_writable, write_json
from zprl_env.tasks import find_task, folder_name
from zprl_env.training.run.writing import Writing
from zprl_env.training.settings import limits
from zprl_env.training.settings.recipe import recipe_for

DATA, PICTURE = "calibration.json", "calibration.png"


@dataclass(frozen=True)
class Calibration:
    """Find the size of perturbation to train with, lambda, before training with any.

    The policy plays the validation episodes alone and then perturbed at random by each lambda,
    which is how an agent begins. A table, a picture and every episode's outcome are left.
    """

    env: str = "Lift"
    """Environment to play: a task, any gymnasium id (package:Id-v0 imports the package), or
    module:callable."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment; values are JSON or words."""
    policy: str | None = None
    """Frozen policy: a checkpoint folder, a shipped name, hf://user/name, or module:callable; the
    task's own if not given."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    scales: tuple[float, ...] = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
    """Sizes to try."""
    hold: Hold = "decision"
    """Draw a perturbation for every 'decision', as SAC and PPO explore, or keep one for a whole
    'episode', which is harder to bear."""
    episodes: int = 60
    """Episodes for each of them; few notice only large losses."""
    noise_scale: float | None = None
    """Temperature of the flow's initial noise; training's for the task if not given."""
    n_action_steps: int | None = None
    """Environment steps per decision; those of the task's preset, and else the policy's own."""
    out: Path | None = None
    """Folder for the results; runs/ENV/calibration if not given."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace a calibration that is there."""
    threads: int = 1
    """Threads of torch; more are slower for networks this small."""

    def __post_init__(self) -> None:
        find_task(self.env)
        cli.settings(self.env_kwargs)
        limits.check(self, limits.CALIBRATION)
        if not self.scales or not all(scale in limits.POSITIVE for scale in self.scales):
            raise ZprlError(f"scales must be numbers above 0. Got: {self.scales}.")


def calibrate(calibration: Calibration) -> Recommendation:
    """Play the trials, report them, and recommend a size of perturbation.

    Args:
        calibration: What to play.

    Returns:
        The recommended size.

    Raises:
        CheckpointError: The policy cannot be loaded.
        OverwriteError: There is a calibration in its folder already.
        PolicyMismatchError: It does not fit the environment.
        RunFolderError: The results cannot be written.
    """
    env_name = folder_name(calibration.env)
    out = calibration.out or Path("runs", env_name, "calibration")
    refuse_overwriting(out / DATA, calibration.overwrite)
    # Here and not above, so that --help and a mistyped flag answer at once.
    import torch
    from rich.console import Console

    from zprl_env.base_policies.find import base_policy
    from zprl_env.calibrate import report
    from zprl_env.envs import make_env
    from zprl_env.loading.resolve import resolve_policy

    torch.set_num_threads(calibration.threads)
    env_kwargs = cli.settings(calibration.env_kwargs)
    policy_name = calibration.policy or str(
        base_policy(calibration.env, make=False, env_kwargs=env_kwargs)
    )
    policy = resolve_policy(policy_name, calibration.policy_class)
    make_writable(out)
    usual = recipe_for("sac", "default", "latent", calibration.env, None, env_kwargs)
    noise_scale, n_action_steps = calibration.noise_scale, calibration.n_action_steps
    noise_scale = usual.noise_scale if noise_scale is None else noise_scale
    n_action_steps = usual.n_action_steps if n_action_steps is None else n_action_steps
    seeds = range(VALIDATION_SEED, VALIDATION_SEED + calibration.episodes)
    scales = (0.0, *sorted(set(calibration.scales)))
    trials: list[Trial] = []
    bar = progress_bar(total=len(scales) * len(seeds), unit="episode", leave=False)
    with bar, closing(make_env(calibration.env, **env_kwargs)) as env:
        for scale in scales:
            bar.set_description(f"lambda {scale:g}", refresh=False)
            trials.append(
                play(
                    env,
                    policy,
                    scale,
                    seeds,
                    hold=calibration.hold,
                    on_episode=lambda success: bar.update(),
                    noise_scale=noise_scale,
                    n_action_steps=n_action_steps,
                )
            )
    base, *perturbed = trials
    recommendation = recommend(base, perturbed)
    settings = dataclasses.asdict(calibration) | {"policy": policy_name, "noise_scale": noise_scale}
    settings |= {
        "policy_sha256": getattr(policy, "weights_hash", None),
        WRITER: package_version(),
    }
    content = settings | {
        "trials": [trial.to_dict() for trial in trials],
        "recommendation": dataclasses.asdict(recommendation),
    }
    writing = Writing(print)
    writing(DATA, lambda: write_json(out / DATA, content))
    title = f"{env_name}, a new perturbation every {calibration.hold}"
    writing(PICTURE, lambda: report.draw(out / PICTURE, title, base, perturbed, recommendation))
    report.print_table(base, perturbed, recommendation, Console(soft_wrap=True))
    writing.check()
    print(f"Results: {out}")
    return recommendation


EXAMPLES = ("--env Lift", "--env box-close --scales 1 2 3 --episodes 100")


def main() -> None:
    """Run the command line."""
    cli.run(lambda: calibrate(cli.parse(Calibration, EXAMPLES)))


if __name__ == "__main__":
    main()

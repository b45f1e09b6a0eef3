"""Calibrate noise and lambda: play a frozen policy. ``python -m zprl_env.calibrate``."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import tyro

from policies.checkpoints.output import WRITER, package_version, refuse_overwriting
from policies.foreign.addresses import in_interpreter
from zprl_env import cli
from zprl_env.calibrate import noise_search, scale_search
from zprl_env.calibrate.noise_search import NoiseSearch, search_noise
from zprl_env.calibrate.scale_search import ScaleSearch, search_scale
from zprl_env.calibrate.trial import Hold
from zprl_env.errors import ZprlError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED
from zprl_env.files import CALIBRATION_FILE, make_writable, write_json
from zprl_env.loading.named import names_folder
from zprl_env.options.noise import FlowNoise, check_noise
from zprl_env.options.ranges import COUNT, POSITIVE, Range, check
from zprl_env.options.stored import Calibrated, calibrated_facts, store_calibration
from zprl_env.tasks import find_task, folder_name
from zprl_env.writing import Writing

PICTURE = "calibration.png"
RANGES = {
    # Settings are chosen by it, so it never plays what results are reported on.
    "episodes": Range(1, TEST_SEED - VALIDATION_SEED),
    "n_action_steps": COUNT,
    "threads": COUNT,
}


@dataclass(frozen=True)
class Calibration:
    """Find the size of perturbation to train with, lambda, or the noise, before training with any.

    The policy plays the validation episodes alone and then perturbed at random by each lambda,
    which is how an agent begins. With --noise best:8 it plays them from fresh noise, from zero and
    from 8 fixed draws instead. A table, a picture and every episode's outcome are left.
    """

    env: str = "Lift"
    """Environment to play: a task, any gymnasium id (package:Id-v0 imports the package), or
    module:callable."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment; values are JSON or words."""
    policy: str | None = None
    """Frozen policy: a checkpoint folder, a shipped name, hf://user/name, or module:callable; the
    task's own if not given."""
    policy_python: str | None = None
    """Interpreter that --policy is loaded in, such as ~/lerobot/bin/python, where what it needs
    does not live beside the simulators; it is started by itself and ends with this command."""
    policy_class: str | None = None
    """module:Class of a checkpoint whose class is your own."""
    noise: str | None = None
    """Start of the policy's flow: fresh (fresh:TEMPERATURE), zero or fixed:SEED; training's if not
    given. best:8 searches: it plays 8 fixed draws and says which is best, a minute on Lift."""
    scales: tuple[float, ...] = ()
    """Sizes to try: 0.25, 0.5, 1, 1.5, 2, 3 and 4 if not given; none after a search for the
    noise if not given."""
    hold: Hold = "decision"
    """Draw a perturbation for every 'decision', as SAC and PPO explore, or keep one for a whole
    'episode', which is harder to bear."""
    episodes: int | None = None
    """Episodes for each lambda, 60 if not given, or for each noise, 50; few notice only large
    differences."""
    n_action_steps: int | None = None
    """Environment steps per decision; those of the task's preset, and else the policy's own."""
    save: bool = False
    """Store what was found in the policy's checkpoint, from which wrappers and runs take it where
    they are not told otherwise."""
    out: Path | None = None
    """Folder for the results; runs/ENV/calibration if not given."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace a calibration that is there."""
    threads: int = 1
    """Threads of torch; more are slower for networks this small."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", in_interpreter(self.policy, self.policy_python))
        object.__setattr__(self, "policy_python", None)
        find_task(self.env)
        cli.settings(self.env_kwargs)
        check(self, RANGES)
        check_noise(self.noise, best=True)
        if not all(scale in POSITIVE for scale in self.scales):
            raise ZprlError(f"scales must be numbers above 0. Got: {self.scales}.")

    @property
    def draws(self) -> int:
        """Fixed draws to search the best noise among; 0 is no search."""
        return 0 if self.noise is None else FlowNoise.parse(self.noise).draws


class Calibrations(NamedTuple):
    """Outcome of a calibration: of the noise, of lambda, or of both.

    Attributes:
        noise: The search for a noise, if there was one.
        scale: The search for lambda, if there was one.
    """

    noise: NoiseSearch | None
    scale: ScaleSearch | None

    def flags(self) -> str:
        """Return the flags of ``train_sb3.py`` that follow; empty if nothing was found."""
        found = [] if self.noise is None else [f"--noise {self.noise.noise}"]
        if self.scale is not None and self.scale.recommendation.scale is not None:
            found.insert(0, f"--scale {self.scale.recommendation.scale:g}")
        return " ".join(found)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        content = {} if self.noise is None else {"noise_search": self.noise.to_dict()}
        return content | ({} if self.scale is None else self.scale.to_dict())


def calibrate(calibration: Calibration) -> Calibrations:
    """Play what was asked for, report it, and recommend a noise or a size of perturbation.

    Args:
        calibration: What to play.

    Returns:
        What was found.

    Raises:
        CheckpointError: The policy cannot be loaded, or what was found not stored in it.
        OverwriteError: There is a calibration in its folder already.
        PolicyMismatchError: It does not fit the environment.
        RunFolderError: The results cannot be written.
        ZprlError: What was found is to be stored in a policy that is no folder.
    """
    env_name = folder_name(calibration.env)
    out = calibration.out or Path("runs", env_name, "calibration")
    refuse_overwriting(out / CALIBRATION_FILE, calibration.overwrite)
    # Here and not above, so that --help and a mistyped flag answer at once.
    import torch
    from rich.console import Console

    from zprl_env.base_policies.find import base_policy
    from zprl_env.calibrate import report
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.seeing.environment import make_env_for

    torch.set_num_threads(calibration.threads)
    env_kwargs = cli.settings(calibration.env_kwargs)
    policy_name = calibration.policy or base_policy(
        calibration.env, make=False, env_kwargs=env_kwargs
    )
    checkpoint = _checkpoint(policy_name) if calibration.save else None
    policy = resolve_policy(policy_name, calibration.policy_class)
    make_writable(out)
    console = Console(soft_wrap=True)
    usual = calibrated_facts(find_task(calibration.env).read_facts(env_kwargs), policy)
    found, noise = None, calibration.noise or usual.noise
    steps = calibration.n_action_steps or usual.n_action_steps
    with closing(make_env_for(policy, calibration.env, **env_kwargs)) as env:
        if calibration.draws:
            episodes = calibration.episodes or noise_search.EPISODES
            found = search_noise(
                env, policy, calibration.draws, episodes=episodes, n_action_steps=steps
            )
            report.print_noise(found, console)
            noise = found.noise
        tried = None
        if calibration.scales or not calibration.draws:
            tried = search_scale(
                env,
                policy,
                calibration.scales or scale_search.SCALES,
                episodes=calibration.episodes or scale_search.EPISODES,
                hold=calibration.hold,
                noise=noise,
                n_action_steps=steps,
            )
    result, writing = Calibrations(found, tried), Writing(print)
    settings = dataclasses.asdict(calibration) | {"policy": str(policy_name), "noise": noise}
    if tried is not None:
        title = f"{env_name}, a new perturbation every {calibration.hold}"
        report.print_table(*tried[:3], console)
        writing(PICTURE, lambda: report.draw(out / PICTURE, title, *tried[:3]))
    settings |= {"policy_sha256": getattr(policy, "weights_hash", None), WRITER: package_version()}
    content = settings | result.to_dict()
    writing(CALIBRATION_FILE, lambda: write_json(out / CALIBRATION_FILE, content))
    if checkpoint is not None and result.flags():
        scale = tried and tried.recommendation.scale
        store_calibration(
            checkpoint,
            Calibrated(env_name, scale, noise, calibration.draws or None),
        )
        print(
            f"Stored in {checkpoint}; runs and wrappers take it where they are not told otherwise."
        )
    if found is not None and tried is None:
        print(f"Lambda from there: {cli.prog()} --env {calibration.env} --noise {noise}")
    writing.check()
    print(f"Results: {out}")
    return result


def _checkpoint(policy: str | PathLike[str]) -> Path:
    """Find the folder of a checkpoint that something can be stored in."""
    from zprl_env.loading.resolve import checkpoint_folder

    if not names_folder(policy):
        raise ZprlError(
            f"--save must have a policy in a folder of this machine. Got: {policy}. Leave --save "
            f"out and give the flags that are recommended, or download it: python -m zprl_env.hub."
        )
    return checkpoint_folder(policy)


EXAMPLES = (
    "--env Lift",
    "--env box-close --scales 1 2 3 --episodes 100",
    "--env hammer --noise best:8  # the best of eight fixed draws of the flow's noise",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: calibrate(cli.parse(Calibration, EXAMPLES)))


if __name__ == "__main__":
    main()

"""Play a policy on a robot, alone or steered: ``python -m real.play``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from policies.foreign.addresses import in_interpreter
from policies.pictures.settings import PictureSettings
from real.console.opened import opened_console
from real.drivers import driver_settings
from real.env import RealRobotEnv
from real.recording import EpisodeRecorder
from real.recording.rerun_log import open_rerun
from real.recording.several import together
from real.sight import check_seen
from zprl_env import cli
from zprl_env.ahead.delay import Inference, stated_delay
from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.evaluation import EvaluationResult, evaluate
from zprl_env.options.noise import check_noise


@dataclass(frozen=True)
class Play:
    """Let a frozen policy act on a robot, and write every episode down.

    Without --run nothing steers it: the perturbation is zero, which is the policy itself, and a
    robot's first run should look like that. With --run the agent of a training run steers it.
    """

    policy: str
    """Frozen policy: a checkpoint folder or a shipped name."""
    policy_python: str | None = None
    """Interpreter that --policy is loaded in, such as ~/lerobot/bin/python, where what it needs
    does not live beside the simulators; it is started by itself and ends with this command."""
    task: str = "place-orange"
    """A preset's name, or a YAML file."""
    run: Path | None = None
    """Folder of a run of train_sb3.py whose agent steers the policy."""
    driver: str = "sim"
    """Driver of the robot: sim, ideal (moves at once, for a dry run), remote (behind real.server),
    serl, franka, ur, xarm, lerobot:TYPE, or a class of yours as module:Class."""
    driver_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the driver, such as latency=0.02 of sim or host=172.16.0.2 of franka; values
    are JSON or words, and an unknown name is answered with those that there are."""
    url: str | None = None
    """Address of its server, for serl and remote, several separated by commas: short for
    --driver-kwargs url=URL.
    """
    realtime: bool = False
    """Let the simulated robot take its time: short for --driver-kwargs realtime=true."""
    operator: Literal["auto", "keyboard", "console", "judge", "judge+keyboard", "judge+console"] = (
        "auto"
    )
    """Judge of the episodes: the simulated scene, or you at the keyboard, whose SPACE stops the
    arms, and whose other keys are told when it begins, or at the console's page. Or a classifier of
    success (--judge), alone on a simulated robot, or with you beside it, whose word is the last."""
    judge: Path | None = None
    """Folder of the classifier that judges, by python -m real.judge train."""
    dwell: float = 0.0
    """Time that the simulated scene's criterion has to hold until auto says success [s], so that a
    recording for a judge shows what success looks like."""
    episodes: int = 10
    """Episodes to play."""
    seed: int = 0
    """Seed of the first episode's scene; the others follow."""
    noise: str | None = None
    """Start of the flow of a policy that is not steered: fresh noise for each chunk (also
    fresh:TEMPERATURE), zero, or the same fixed:SEED; as the task says if not given."""
    out: Path | None = None
    """Recording to add the episodes to, an .hdf5 file."""
    images: bool = False
    """Record the pictures of all cameras as they are, besides those that the policy sees."""
    inference: Inference | None = None
    """Inference: sync, the arms wait for each decision, or ahead, the next chunk is decided while
    the last one is executed; the run's, or the preset's, if not given."""
    delay: int | None = None
    """Actions that a decision takes with --inference ahead."""
    devices: Path | None = None
    """YAML file of the laboratory's cameras by name; the driver's own if not given."""
    teleoperator: str | None = None
    """Device of a person who can take the arms from the policy and give them back: keyboard,
    console (its on-screen stick), gamepad, spacemouse, lerobot:TYPE, or a class of yours as
    module:Class; expert is a scripted one. Episodes with a person's help are counted apart."""
    teleoperator_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of it, such as speed=0.3; values are JSON or words."""
    console: bool = False
    """Show a page beside the arm, at http://127.0.0.1:8400 or the next free port: cameras, what the
    policy is about to do, verdicts and STOP. python -m real.console shows it to other machines."""
    rerun: str | None = None
    """Stream pictures, poses, chunks and safety to Rerun: an .rrd file, or connect for its viewer;
    also connect:HOST:PORT."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", in_interpreter(self.policy, self.policy_python))
        object.__setattr__(self, "policy_python", None)
        if self.episodes < 1:
            raise ZprlError(f"episodes must be at least 1. Got: {self.episodes}.")
        check_noise(self.noise)
        if self.inference is not None or self.delay is not None:
            stated_delay(self.inference, self.delay, rate=1.0)  # refused before a robot is reached
        cli.settings(self.teleoperator_kwargs)
        self.settings()

    def settings(self) -> dict[str, Any]:
        """Return the driver's settings, wherever they were given."""
        return driver_settings(self.driver_kwargs, url=self.url, realtime=self.realtime)


def play(settings: Play) -> EvaluationResult:
    """Play episodes of a policy on a robot, steered or alone, and record them.

    Args:
        settings: What, and where.

    Returns:
        How the episodes ended.

    Raises:
        RobotError: The robot is not there.
        TeleoperatorError: The person's device is not there.
        CheckpointError: The policy cannot be loaded.
        PolicyMismatchError: It does not fit the task, or the run steers another one.
        ConfigurationError: It sees, and the robot's pictures are not those that it has learned
            from; or the run's agent has learned with another inference or delay.
        RunFolderError: The run's agent cannot be loaded.
    """
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.training.agents.weights import load_agent
    from zprl_env.training.config import check_policy, load_config
    from zprl_env.training.environment import evaluation_env
    from zprl_env.training.run.agent import find_agent
    from zprl_env.training.run.find import find_run
    from zprl_env.training.settings.recipe import Recipe

    policy = resolve_policy(settings.policy)
    run = settings.run and find_run(settings.run, print, with_agent=True)
    if run is not None:
        check_policy(run, policy)
    facts = {"policy_sha256": getattr(policy, "weights_hash", None), "run": str(run)}
    recorder = EpisodeRecorder(settings.out, provenance=facts) if settings.out else None
    told = {"task": Path(settings.task).stem, "driver": settings.driver, "policy": settings.policy}
    seen: PictureSettings | None = getattr(policy, "picture_settings", None)
    sight: dict[str, Any] = {}
    if seen is not None:
        quality = seen.quality.name or None
        sight = {"cameras": seen.cameras, "image_size": seen.image_size, "render_quality": quality}
    timing: dict[str, Any] = {"inference": settings.inference, "delay": settings.delay}
    if run is not None:
        said = [settings.policy, f"driver={settings.driver}", *settings.driver_kwargs]
        said += [f"url={settings.url}"] if settings.url else []
        config = load_config(run, given=said)
        timing = _timing(timing, cli.settings(config.env_kwargs))
    with opened_console(settings.console, told) as console:
        recorded = together(recorder, open_rerun(settings.rerun))
        robot = _robot(settings, recorder=recorded, console=console, **timing, **sight)
        with closing(robot):
            for told_of in check_seen(seen, robot.picture_settings):
                print(f"The robot's pictures are not quite the policy's: {told_of}.")
            if run is None:
                noise = settings.noise or robot.preset.noise or "fresh"
                recipe = replace(Recipe(), noise=noise)
                env, agent = evaluation_env(robot, policy, "latent", recipe), None
            else:
                env = evaluation_env(robot, policy, config.steer, config.recipe)
                file = find_agent(run, config.backend, print).file
                agent = load_agent(file, config.algo, config.recipe, env, config.backend)
            seeds = range(settings.seed, settings.seed + settings.episodes)
            return evaluate(
                env, agent, seeds, lambda success: print("success" if success else "no")
            )


def _robot(settings: Play, **others: Any) -> RealRobotEnv:
    """Make the robot of these settings."""
    return RealRobotEnv(
        settings.task,
        driver=settings.driver,
        operator=settings.operator,
        images=settings.images,
        devices=settings.devices,
        judge=settings.judge,
        dwell=settings.dwell,
        teleoperator=settings.teleoperator,
        teleoperator_kwargs=cli.settings(settings.teleoperator_kwargs),
        **others,
        **settings.settings(),
    )


def _timing(asked: dict[str, Any], learned: dict[str, Any]) -> dict[str, Any]:
    """Return inference and delay of a run, which are part of what its agent observes.

    Raises:
        ConfigurationError: Others were asked for.
    """
    own = {name: learned.get(name) for name in asked}
    if any(value is not None and value != own[name] for name, value in asked.items()):
        raise ConfigurationError(
            f"inference and delay must be those that the run's agent has learned with, "
            f"{own['inference'] or 'the preset'}, {own['delay'] or 'the usual delay'}. Got: "
            f"{asked['inference']}, {asked['delay']}. Leave them out, or train anew."
        )
    return own


EXAMPLES = (
    "--policy real --episodes 3  # on the simulated robot",
    "--policy real --driver remote --url http://10.0.0.2:5000 --operator keyboard",
    "--policy real --realtime --teleoperator keyboard --out runs/corrected.hdf5  # t takes the arm",
    "--policy real --realtime --console --operator console --teleoperator console  # from a page",
    "--policy my_eyes --task place-orange-pixels --devices cameras.yaml --driver serl "
    "--operator keyboard  # a policy that sees",
)


def main() -> None:
    """Run the command line."""
    cli.run(lambda: print(play(cli.parse(Play, EXAMPLES))))


if __name__ == "__main__":
    main()

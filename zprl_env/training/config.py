"""Settings of a finetuning run, and the file that they are kept in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from policies.checkpoints.output import WRITER
from policies.foreign.addresses import in_interpreter, is_address
from zprl_env.base_policies.find import find_policy
from zprl_env.cli import settings
from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.files import CONFIG_FILE, RunFolderError, write_json
from zprl_env.loading.named import names_code, refuse_code
from zprl_env.loading.resolve import local_folder, present_folder
from zprl_env.options.former import with_present_names, with_present_settings
from zprl_env.options.stored import description_in
from zprl_env.steerable import SteerablePolicy
from zprl_env.steering.table import check_options, check_scale
from zprl_env.tasks import find_task, seen_name
from zprl_env.training.run.base_copy import base_copy
from zprl_env.training.run.golden import check_golden
from zprl_env.training.run.settings_file import (
    code_names,
    read_settings,
    typed,
    wrong_settings,
)
from zprl_env.training.settings import limits
from zprl_env.training.settings.algorithms import BackendName
from zprl_env.training.settings.compatibility import (
    check_algorithm,
    check_async,
    check_inputs,
    check_overlap,
)
from zprl_env.training.settings.recipe import Recipe, recipe_for
from zprl_env.training.settings.takeover import UNEXPLAINED, Takeover, check_takeover
from zprl_env.vectorised.cluster.connection import check_address

PresetName = Literal["default", "paper", "dsrl", "dsrl-na", "decorator"]


@dataclass(frozen=True)
class Config:
    """Finetune a frozen policy: settings of the task, the algorithm, the length and the results."""

    env: str = "Lift"
    """Task to finetune on: a name (python -m zprl_env.envs), any gymnasium id, or a callable of
    your own that makes an environment, as module:callable."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment, such as driver=serl of Real; values are JSON or words."""
    algo: str = "sac"
    """Algorithm of Stable-Baselines3 (sac, td3, ppo) or of sb3-contrib (tqc, crossq, trpo, and
    RecurrentPPO as ppo_lstm), or one of your own as module:Class."""
    backend: BackendName = "torch"
    """'sbx' is sac, tqc, crossq and ppo in JAX, which the extra of that name brings."""
    preset: PresetName = "default"
    """Settings: 'default' is what we measured to work best, 'paper' the published ones. Rivals as
    their authors run them: 'dsrl' and 'dsrl-na' (with --steer noise), 'decorator' (Policy
    Decorator, with --steer action)."""
    hyperparams: Path | None = None
    """File of RL Zoo's to take the recipe's defaults from, instead of the one that comes with the
    package: python -m zprl_env.hyperparams sac."""
    steer: str = "latent"
    """Entry point of the agent into the policy: its latent (ZPRL), its noise (the flow's; DSRL),
    both (joint), or its action (residual RL), or a way of your own as module:Class.
    """
    policy: str | None = None
    """Base policy: a checkpoint folder, a shipped name, hf://user/name, or a callable of your own
    that makes one, as module:callable; the task's own if not given."""
    policy_python: str | None = None
    """Interpreter that --policy is loaded in, such as ~/lerobot/bin/python, where what it needs
    does not live beside the simulators; it is started by itself and ends with this command."""
    policy_class: str | None = None
    """Class of a checkpoint of your own kind, as module:Class."""
    make_policy: bool = False
    """Make the task's base policy first, if none is shipped; says how long it takes."""
    quick: bool = False
    """Smoke run of at most a minute and a half: few steps, few episodes, a short warm-up and no
    film. What else is given stands."""
    total_env_steps: int = 80_000
    """Environment steps to learn from, warm-up included."""
    seed: int = 0
    """Seed of training; evaluation seeds never change."""
    num_envs: int = 1
    """Environments to collect from, each in a process of its own if more than one."""
    vec: Literal["processes", "ray"] = "processes"
    """Kind of workers they run in: processes of this machine, or actors of Ray's on this machine or
    on many, which the extra of that name brings and of which one that dies is replaced."""
    workers: int | None = None
    """Number of Ray's workers, over which the environments are spread; implies --vec ray and at
    least as many environments. One per core of this machine if not given, or per environment on a
    cluster."""
    ray_address: str | None = None
    """Ray cluster to join: HOST:PORT, or auto for the one that this machine belongs to; implies
    --vec ray, which starts one on this machine if not given."""
    collect: Literal["sync", "async"] = "sync"
    """Way of collecting: 'sync', the learner decides step by step; or 'async', each of Ray's
    workers by itself, with the newest agent it has, while the agent learns: sac, td3, tqc or crossq
    with --vec ray."""
    max_age: int | None = None
    """Updates by which the agent that chose a decision may be behind the learner's when it arrives,
    with --collect async; older decisions are dropped and counted. If not given, twice as many as
    can pass meanwhile, and at least 1000."""
    overlap: bool = False
    """Let half of the environments simulate while the agent learns: sac, td3, tqc or crossq with an
    even --num-envs."""
    evaluate: bool | None = None
    """Play the base policy before, the validation seeds meanwhile and both policies at the end. On
    a robot, whose episodes cost its minutes, that is not done unless it is asked for."""
    eval_every: int = 20_000
    """Environment steps between evaluations on the validation seeds."""
    validation_episodes: int = 50
    """Episodes of each of them."""
    stop_at: float | None = None
    """Success rate, such as 0.95, at which training ends early: as soon as the lower bound of an
    evaluation's 95 % interval is at least that. 0.95 takes --validation-episodes 73 or more."""
    keep: Literal["best", "last"] = "best"
    """Agent that is handed over: the best on the validation episodes, or the last."""
    eval_episodes: int = 100
    """Held-out episodes that base and steered policy are compared on, before and after."""
    record: Path | None = None
    """Real: an .hdf5 file that every training episode is written to while it happens."""
    teleoperator: str | None = None
    """Real: device of a person who can take the arm while the agent learns: keyboard, console (its
    on-screen stick), gamepad, spacemouse, lerobot:TYPE, or a class of your own as module:Class;
    expert is a scripted one."""
    teleoperator_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of it, such as speed=0.3; values are JSON or words."""
    judge: Path | None = None
    """Real: folder of a classifier (python -m real.judge) that ends the training episodes of a
    simulated robot in place of the scene's criterion, by which evaluations go on being judged. On
    hardware it is --env-kwargs operator=judge+keyboard judge=FOLDER."""
    console: bool = False
    """Real: show a page beside the arm while the agent learns, at http://127.0.0.1:8400 or the next
    free port: cameras, what the policy is about to do, the curve, verdicts and STOP."""
    rerun: str | None = None
    """Real: stream pictures, poses, chunks and safety of training to Rerun: an .rrd file, or
    connect for a viewer that listens; also connect:HOST:PORT."""
    takeover: Takeover = "demo"
    """Use of what a person does: demo, it is recorded (--record) and not learned from; prior, it
    enters the replay buffer where a perturbation expresses it; both."""
    takeover_bootstrap: bool = True
    """Look on from where a person took the arm, as at a time limit; False takes it for a failure,
    after which nothing follows."""
    takeover_unexplained: float = UNEXPLAINED
    """Share of what a person's chunk differs by from the base policy's (RMS) that a perturbation
    may leave over, from 0 to 1."""
    out: Path | None = None
    """Folder for the results."""
    overwrite: bool = False
    """Write over the run that is in --out already, or let one that has lost its checkpoints begin
    again."""
    checkpoint_every: int = 10_000
    """Environment steps between checkpoints, from which a run that was killed goes on."""
    resume_from: Path | None = None
    """Folder of an interrupted run to continue, or one of several runs, of which it is the newest;
    its settings become the defaults."""
    trust: bool = False
    """Follow the settings of --resume-from where they name code of your own (module:Class,
    package:Id-v0), an address or a file to write. Not for a folder that somebody sent you."""
    threads: int = 1
    """Threads of torch; more are slower for networks this small."""
    video: bool = True
    """Film a steered episode at the end."""
    wandb: str | None = None
    """Project of Weights & Biases to send the curves to as well; the extra 'wandb' brings it."""
    recipe: Annotated[Recipe, tyro.conf.arg(name="")] = None  # type: ignore[assignment]
    """Recipe: how the policy is steered and the agent learns; what `recipe_for` says of the fields
    above if not given.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", in_interpreter(self.policy, self.policy_python))
        object.__setattr__(self, "policy_python", None)
        find_task(self.env)
        if self.recipe is None:
            object.__setattr__(self, "recipe", self._usual_recipe())
        if self.recipe.observation == "pixels":
            self._see()
        check_options(self.steer, settings(self.recipe.steer_kwargs))
        limits.check(self, limits.CONFIG)
        self._spread()
        limits.check_recipe(self.recipe)
        check_scale(self.steer, self.recipe.scale)
        limits.check_stop(self.stop_at, self.validation_episodes)
        settings(self.env_kwargs)
        if self.recipe.updates_per_episode and self.num_envs > 1:
            raise ZprlError(
                f"updates_per_episode must be 0 with several environments, whose episodes end at "
                f"different times. Got: {self.recipe.updates_per_episode} with --num-envs "
                f"{self.num_envs}. Try --updates-per-episode 0."
            )
        if self.teleoperator is not None:
            self._check_people()
        if self.console and self.num_envs > 1:
            raise ZprlError(
                f"console must come with one environment, that of the arm. Got: --num-envs "
                f"{self.num_envs}. Try --num-envs 1."
            )
        if self.collect == "async":
            check_async(self.algo, self.backend, self.vec, self.recipe, overlap=self.overlap)
        if self.overlap:
            check_overlap(self.algo, self.num_envs)
        check_algorithm(self.algo, self.backend, self.recipe)
        check_inputs(self.steer, self.recipe)

    def _spread(self) -> None:
        """Spread environments over Ray's workers, if that is asked for in any way."""
        if self.workers is not None or self.ray_address is not None:
            object.__setattr__(self, "vec", "ray")
        object.__setattr__(self, "num_envs", max(self.num_envs, self.workers or 1))
        if self.ray_address is not None:
            check_address(self.ray_address)
        if self.vec == "ray" and (self.record or self.teleoperator):
            raise ZprlError(
                "--record and --teleoperator must come with a robot in this process. Got: --vec "
                "ray. Leave --vec, --workers and --ray-address out."
            )

    def _check_people(self) -> None:
        """Refuse a person beside an agent that could not learn from it, or what is not recorded."""
        settings(self.teleoperator_kwargs)
        check_takeover(
            self.algo,
            self.takeover,
            recorded=self.record is not None,
            num_envs=self.num_envs,
            bootstrap=self.takeover_bootstrap,
            reward=self.recipe.reward,
        )

    def _see(self) -> None:
        """Name the task that is seen, and what the agent sees of it, once each."""
        try:
            object.__setattr__(self, "env", seen_name(self.env))
        except ConfigurationError as error:  # a ValueError, of which tyro would draw a box
            raise ZprlError(str(error)) from error
        object.__setattr__(self, "recipe", replace(self.recipe, observation="features"))

    def _usual_recipe(self) -> Recipe:
        choice = (self.algo, self.preset, self.steer, self.env, self.hyperparams)
        return recipe_for(*choice, settings(self.env_kwargs), self._description())

    def _description(self) -> Mapping[str, Any] | None:
        """Read the policy's description, in which its calibration stands; empty of what is code."""
        policy = self.policy or find_policy(self.env, settings(self.env_kwargs))
        if policy is None:
            return None
        if isinstance(policy, str) and (names_code(policy) or is_address(policy)):
            return {}
        with suppress(ZprlError):  # what cannot be fetched or read is told when it is loaded
            return description_in(local_folder(policy) or present_folder(policy))
        return None


_WEIGHTS = "policy_sha256"


def save_config(folder: Path, config: Config, policy: SteerablePolicy) -> None:
    """Write a run's settings, and which weights it steers.

    A run that is resumed keeps the name that its policy was first given by.
    """
    content = dataclasses.asdict(config) | {_WEIGHTS: getattr(policy, "weights_hash", None)}
    if config.resume_from is not None:
        content["policy"] = read_settings(folder)["policy"]
    write_json(folder / CONFIG_FILE, content)


def check_policy(folder: Path, policy: SteerablePolicy) -> None:
    """Check that a policy is the one that a run's agent learned to steer.

    Raises:
        RunFolderError: It has other weights, or acts otherwise with the same.
    """
    expected = read_settings(folder).get(_WEIGHTS)
    got = getattr(policy, "weights_hash", None)
    if expected is not None and got != expected:
        raise RunFolderError(
            f"Expected the policy that the agent in {folder} steers (sha256 {expected!s:.12}...). "
            f"Got one of other weights ({got!s:.12}...). Give its checkpoint with --policy."
        )
    check_golden(folder, policy)


def load_config(folder: Path, *, trust: bool = False, given: Sequence[str] = ()) -> Config:
    """Load the settings of a run.

    Its base policy is the run's own copy, wherever the run's folder is; where it has none, it is
    the one that the run was started with.

    Args:
        folder: The run's folder.
        trust: Whether code and addresses that the settings name may be followed: a run's folder may
            come from somebody else.
        given: Words of the command line, which may be followed in any case.

    Raises:
        ConfigurationError: They name code or an address and are not trusted.
        RunFolderError: There are none, or they are not this version's.
    """
    content = read_settings(folder)
    written = content.pop(WRITER, None)
    content.pop(_WEIGHTS, None)
    try:
        stored = content.pop("recipe")
        named = with_present_names(stored) if isinstance(stored, Mapping) else stored
        recipe = Recipe(**typed(Recipe, named))
        content = typed(Config, with_present_settings(content))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise wrong_settings(folder, error, written) from error
    copy = base_copy(folder)
    if copy is not None:
        content["policy"] = str(copy)
    refuse_code(code_names(folder), folder / CONFIG_FILE, trust=trust, given=given)
    content |= {"resume_from": folder, "trust": trust, "overwrite": False}
    return Config(**content, recipe=recipe)

"""Make a task's base policy from nothing: ``python -m zprl_env.make_policy --env Lift --out lift``.

Demonstrations are recorded, a policy is trained on them and played on held-out seeds, and a card
beside the checkpoint says how it was made and how well it does. The policies that are shipped were
made by this command and nothing else.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from policies.checkpoints.contents import METADATA_FILE
from policies.checkpoints.output import WRITER, package_version, refuse_overwriting
from policies.checkpoints.whole import replace_file
from policies.imitation.config import PretrainConfig
from zprl_env import cli
from zprl_env.base_policies.card import Made, card
from zprl_env.base_policies.recipes import ImitationRecipe, imitation_recipe, made_name
from zprl_env.errors import CheckpointError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, play
from zprl_env.experts.record import Recording, record
from zprl_env.files import write_json
from zprl_env.loading.hub import EVALUATION_FILE
from zprl_env.loading.steered_files import CARD_FILE
from zprl_env.seeing.environment import make_env_for
from zprl_env.steering.wrapper import LatentSteeringWrapper
from zprl_env.tasks import find_task

if TYPE_CHECKING:
    from policies.frozen import FrozenPolicy
    from policies.imitation.unfinished import UnfinishedFit

VALIDATION_EPISODES = 20
"""Episodes that the policy plays while it is trained."""
BESIDE = 50
"""Episodes from zero noise of a task that is steered from fresh noise, where they are to compare
with."""


@dataclass(frozen=True)
class Making:
    """Make a task's base policy: record demonstrations, train on them, measure its success rate."""

    out: Path
    """Folder for the checkpoint and its card."""
    env: str = "Lift"
    """Task to make a policy for."""
    env_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of its environment, such as robots=UR5e; values are JSON or words."""
    seed: int = 0
    """Seed of the demonstrations and of the network."""
    demonstrations: Path | None = None
    """File to keep the recording in; demos/<task>.hdf5 if not given."""
    eval_episodes: int = 200
    """Held-out episodes the card's success rates are measured on; 50 without the flow's noise, of a
    task that is steered from fresh noise."""
    workers: int = 1
    """Processes to record with."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Replace a finished policy in OUT, and a recording of other settings."""
    recipe: Annotated[ImitationRecipe, tyro.conf.arg(name="")] = field(
        default_factory=ImitationRecipe
    )
    """The demonstrations and how they are imitated; the defaults are the task's own."""

    @property
    def recording(self) -> Recording:
        """Settings of the demonstrations to record."""
        name = made_name(self.env, cli.settings(self.env_kwargs))
        path = self.demonstrations or Path("demos", f"{name}.hdf5")
        return Recording(
            out=path,
            env=self.env,
            env_kwargs=self.env_kwargs,
            episodes=self.recipe.episodes,
            seed=self.seed,
            skill=self.recipe.skill,
            operator_seed=self.recipe.operator_seed,
            disturbance=self.recipe.disturbance,
            cameras=self.recipe.cameras,
            image_size=self.recipe.image_size,
            workers=self.workers,
            overwrite=self.overwrite,
        )

    @property
    def imitation(self) -> PretrainConfig:
        """The settings of imitation."""
        return replace(self.recipe.pretrain, seed=self.seed)

    @property
    def evaluations(self) -> dict[str, int]:
        """Held-out episodes of the policy by what its flow starts from."""
        facts = find_task(self.env).read_facts(cli.settings(self.env_kwargs))
        beside = BESIDE if facts.noise == "fresh" else self.eval_episodes
        return {"fresh": self.eval_episodes, "zero": min(beside, self.eval_episodes)}

    @property
    def command(self) -> str:
        """The command that makes the same again."""
        words = ["python", "-m", "zprl_env.make_policy", "--env", self.env]
        words += ["--env-kwargs", *self.env_kwargs] if self.env_kwargs else []
        words += ["--seed", str(self.seed), "--out", str(self.out)]
        usual = imitation_recipe(self.env, cli.settings(self.env_kwargs))
        for prefix, ours, theirs in (
            ("", self.recipe, usual),
            ("pretrain.", self.recipe.pretrain, usual.pretrain),
        ):
            for name, value in vars(ours).items():
                if value != vars(theirs)[name] and name != "pretrain":
                    flag = f"--{prefix}{name}".replace("_", "-")
                    words += [flag, *map(str, value if isinstance(value, tuple) else (value,))]
        return shlex.join(words)


def played(
    policy: FrozenPolicy, making: Making, noise: str, first_seed: int, episodes: int
) -> EvaluationResult:
    """Play the policy unsteered, from its latent's mean."""
    env = make_env_for(policy, making.env, **cli.settings(making.env_kwargs))
    steered = LatentSteeringWrapper(env, policy, scale=0.0, sample_latent=False, noise=noise)
    name = f"{making.env}, flow noise {noise}"
    try:
        return play(name, steered, None, range(first_seed, first_seed + episodes))
    finally:
        steered.close()


def make_policy(making: Making, say: Callable[[str], None] = print) -> Made:
    """Make a base policy, or go on with the making that was cut off.

    A recording of these very settings is not made again, nor is a policy trained again that was
    trained on it with these settings: it is measured only.

    Args:
        making: What to make, and where to put it.
        say: Told of every stage's outcome.

    Returns:
        The policy, and its success on held-out seeds.

    Raises:
        NoExpertError: Nobody here can show the task.
        OverwriteError: A finished policy, or a recording of other settings, stands there.
        UnknownNameError: There is no such task.
        ZprlError: A stage failed.
    """
    import torch

    from policies.demonstrations import content_hash
    from policies.imitation.unfinished import unfinished_fit

    out, recording = making.out, making.recording
    refuse_overwriting(out / CARD_FILE, making.overwrite)  # which is written last
    torch.set_num_threads(1)
    with unfinished_fit(out, making.overwrite) as unfinished:
        shown, succeeded = recorded(recording)
        say(f"{recording.out}: {shown} demonstrations, {succeeded} of them successful")
        provenance = {
            "demonstrations_sha256": content_hash(recording.out),
            "command": making.command,
        }
        policy = _trained(making, provenance["demonstrations_sha256"])
        if policy is None:
            refuse_overwriting(out / METADATA_FILE, making.overwrite)
            policy = _train(making, provenance, unfinished)
        else:
            say(f"{out}: trained before on these demonstrations with these settings")
            policy.metadata["training"] |= provenance
        unfinished.finish(lambda: policy.save(out))
        noisy, noiseless = (
            played(policy, making, noise, TEST_SEED, episodes)
            for noise, episodes in making.evaluations.items()
        )
    made = Made(policy, shown, succeeded, noisy, noiseless)
    say(f"{out}: success {noisy}; {noiseless} without flow noise")
    content = noisy.to_dict() | {
        "without_flow_noise": noiseless.to_dict(),
        "demonstrations": {"episodes": shown, "successful": succeeded},
        "weights_sha256": policy.weights_hash,
        WRITER: package_version(),
    }
    text = card(made, making.recipe, env=making.env, seed=making.seed, command=making.command)
    (out / CARD_FILE).unlink(missing_ok=True)  # until all that it says has been written
    write_json(out / EVALUATION_FILE, content)
    replace_file(out / CARD_FILE, text.encode())
    return made


def recorded(recording: Recording) -> tuple[int, int]:
    """Record demonstrations, unless the file holds a recording of these very settings.

    Args:
        recording: What to record, and where to.

    Returns:
        Episodes, and how many of them succeeded.

    Raises:
        OverwriteError: The file holds something else, which may not be replaced.
        ZprlError: It cannot be recorded.
    """
    if recording.out.is_file() and _settings(recording.out) == recording.settings:
        from policies.demonstrations import Demonstrations

        successes = [t.success for t in Demonstrations.load(recording.out).trajectories]
    else:
        refuse_overwriting(
            recording.out,
            recording.overwrite,
            by="--demonstrations of zprl_env.make_policy",
            hint="which records anew what was recorded with other settings",
        )
        recording.out.parent.mkdir(parents=True, exist_ok=True)
        successes = [episode.success for episode in record(recording)]
    return len(successes), sum(map(bool, successes))


def _settings(path: Path) -> dict[str, Any] | None:
    """Read the settings that a recording was made with; None if it says none."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            said: dict[str, Any] = json.loads(file["data"].attrs["recording"])
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return said


def _train(making: Making, provenance: dict[str, str], unfinished: UnfinishedFit) -> FrozenPolicy:
    from policies.demonstrations import Demonstrations
    from policies.pretrain import pretrain

    def validate(trained: FrozenPolicy) -> float | None:
        try:
            validated = played(trained, making, "fresh", VALIDATION_SEED, VALIDATION_EPISODES)
        except Exception as error:  # nothing depends on it
            said = f"{type(error).__name__}: {error}"
            print(f"validation could not be played, training goes on: {said}", file=sys.stderr)
            return None
        return validated.success_rate

    return pretrain(
        Demonstrations.load(making.recording.out, cameras=() if making.imitation.sees else None),
        making.imitation,
        evaluate=validate,
        provenance=provenance,
        unfinished=unfinished,
    )


def _trained(making: Making, demonstrations_sha256: str) -> FrozenPolicy | None:
    """Load the policy that an interrupted making has trained already with the same settings."""
    from policies.frozen import FrozenPolicy
    from policies.pretrain import resolved

    if not (making.out / METADATA_FILE).exists():
        return None
    try:
        policy = FrozenPolicy.load(making.out)
    except CheckpointError:
        if making.overwrite:
            return None
        raise
    before = policy.metadata.get("training", {})
    # Device and threads are this machine's, and change nothing that could be told apart.
    now = asdict(resolved(making.imitation)) | {"demonstrations_sha256": demonstrations_sha256}
    for name in ("device", "threads", "memory"):
        now.pop(name)
    same = all(_plain(before.get(name)) == _plain(value) for name, value in now.items())
    return policy if same else None


def _plain(value: object) -> object:
    """Return a value as it is after a journey through JSON."""
    return list(value) if isinstance(value, tuple) else value


EXAMPLES = (
    "--env Lift --out my_lift",
    "--env assembly --out my_assembly --episodes 100 --workers 2",
    "--env Lift-Pixels --out my_lift_eyes",
)


def parse(arguments: list[str]) -> Making:
    """Read the command line; the recipe's defaults follow --env."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--env", nargs="?", const="Lift", default="Lift")
    first.add_argument("--env-kwargs", "--env_kwargs", nargs="*", default=[])
    chosen, _ = first.parse_known_args(arguments)
    recipe = imitation_recipe(chosen.env, cli.settings(chosen.env_kwargs))
    default = Making(out=tyro.MISSING, env=chosen.env, recipe=recipe)
    return cli.parse(Making, EXAMPLES, arguments=arguments, default=default)


def main() -> None:
    """Run the command line."""
    cli.run(_make)


def _make() -> None:
    making = parse(sys.argv[1:])
    try:
        make_policy(making)
    except KeyboardInterrupt:
        print("what is finished is kept; the same command goes on", file=sys.stderr)
        raise

"""Make a task's base policy from nothing: ``python -m zprl_env.make_policy --env Lift``.

Demonstrations are recorded, a policy is trained on them and played on held-out seeds, and a card
beside the checkpoint says how it was made and how well it does. The policies that are shipped were
made by this command and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from policies.pretrain_config import PretrainConfig
from zprl_env import cli
from zprl_env.envs import make_env
from zprl_env.errors import UnknownNameError
from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, evaluate
from zprl_env.experts.record import Recording, record
from zprl_env.wrapper import LatentSteeringWrapper

if TYPE_CHECKING:
    from policies.frozen import FrozenPolicy


@dataclass(frozen=True)
class ImitationRecipe:
    """Whose demonstrations a base policy learns from, and how.

    Attributes:
        episodes: Demonstrations.
        skill: How well they are performed; see :func:`zprl_env.experts.sample_quality`.
        operator_seed: Who performs them.
        pretrain: Settings of imitation.
    """

    episodes: int
    skill: float
    operator_seed: int
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)


RECIPES = {
    "Lift": ImitationRecipe(
        episodes=50,
        skill=0.25,
        operator_seed=0,
        pretrain=PretrainConfig(
            steps=12_000, hidden_dim=256, n_blocks=3, bottleneck_hidden_dims=(128, 128, 128)
        ),
    ),
}


@dataclass(frozen=True)
class Making:
    """Record demonstrations, imitate them, measure the policy and write its card."""

    out: Path
    """Folder for the checkpoint and its card."""
    env: str = "Lift"
    """Task."""
    seed: int = 0
    """Seed of the demonstrations and of the network."""
    demonstrations: Path | None = None
    """Where to keep the recording; demos/<env>.hdf5 if not given."""
    eval_episodes: int = 200
    """Held-out episodes the card's success rate is measured on."""
    workers: int = 1
    """Processes to record with."""


def play(policy: FrozenPolicy, env: str, first_seed: int, episodes: int) -> EvaluationResult:
    """Play the policy as imitation left it: latent at its mean, fresh noise at every decision."""
    steered = LatentSteeringWrapper(make_env(env), policy, scale=0.0, sample_latent=False)
    result = evaluate(steered, None, range(first_seed, first_seed + episodes))
    steered.close()
    return result


def make_policy(making: Making, say: Callable[[str], None] = print) -> EvaluationResult:
    """Make a base policy.

    Args:
        making: What to make, and where to put it.
        say: Told of every stage's outcome.

    Returns:
        The policy's success on held-out seeds.

    Raises:
        UnknownNameError: There is no recipe for the task.
        ZprlError: A stage failed.
    """
    import torch

    from policies.demonstrations import Demonstrations
    from policies.pretrain import pretrain

    if making.env not in RECIPES:
        raise UnknownNameError("imitation recipe", making.env, RECIPES)
    recipe = RECIPES[making.env]
    torch.set_num_threads(1)
    path = making.demonstrations or Path("demos", f"{making.env.lower()}.hdf5")
    path.parent.mkdir(parents=True, exist_ok=True)
    recording = Recording(
        out=path,
        env=making.env,
        episodes=recipe.episodes,
        seed=making.seed,
        skill=recipe.skill,
        operator_seed=recipe.operator_seed,
        workers=making.workers,
        overwrite=True,
    )
    shown = record(recording)
    successes = sum(episode.success for episode in shown)
    say(f"{path}: {len(shown)} demonstrations, {successes} of them successful")

    command = f"python -m zprl_env.make_policy --env {making.env} --seed {making.seed}"
    policy = pretrain(
        Demonstrations.load(path),
        PretrainConfig(**{**asdict(recipe.pretrain), "seed": making.seed}),
        evaluate=lambda trained: play(trained, making.env, VALIDATION_SEED, 50).success_rate,
        provenance={
            "demonstrations_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "command": command,
        },
    )
    policy.save(making.out)
    result = play(policy, making.env, TEST_SEED, making.eval_episodes)
    say(f"{making.out}: success {result}")
    (making.out / "evaluation.json").write_text(json.dumps(result.to_dict()) + "\n")
    (making.out / "README.md").write_text(
        _card(making, recipe, command, len(shown), successes, policy, result)
    )
    return result


def _card(
    making: Making,
    recipe: ImitationRecipe,
    command: str,
    episodes: int,
    successes: int,
    policy: FrozenPolicy,
    result: EvaluationResult,
) -> str:
    low, high = result.interval
    failed = int((~result.successes).sum())
    late = int((result.lengths[~result.successes] >= result.lengths.max()).sum())
    return f"""# Base policy for {making.env}

A flow-matching policy with a variational-information-bottleneck latent, trained by imitation and
frozen. It is meant to be steered, so it is meant to fail now and then.

| | |
|---|---|
| made by | `{command} --out {making.out}` |
| demonstrations | {episodes} scripted, {successes} successful; skill {recipe.skill}, operator \
{recipe.operator_seed}, recording seed {making.seed} |
| success | {result.success_rate:.1%} (Wilson 95 %: {low:.1%} to {high:.1%}) over \
{result.episodes} episodes, seeds {TEST_SEED} to {TEST_SEED + result.episodes - 1} |
| failures | {failed} episodes, {late} of them by running out of time |
| mean length | {result.mean_length:.1f} environment steps |
| latent | {policy.latent_dim} dimensions, RMS {[round(float(v), 2) for v in policy.latent_rms]} |
| chunk | horizon {policy.horizon}, n_action_steps {policy.n_action_steps} |
| weights | sha256 `{policy.weights_hash}` |

Observations, sizes, training losses and versions are in `policy.json`; every episode's outcome is
in `evaluation.json`.
"""


if __name__ == "__main__":
    cli.run(lambda: make_policy(tyro.cli(Making, description=__doc__)))

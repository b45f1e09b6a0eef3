"""Model card of a base policy: how it was made, and its success rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.checkpoints.output import package_version
from zprl_env.base_policies.recipes import ImitationRecipe
from zprl_env.envs.outcomes import told
from zprl_env.evaluation import TEST_SEED, EvaluationResult

if TYPE_CHECKING:
    from policies.frozen import FrozenPolicy


@dataclass(frozen=True)
class Made:
    """A base policy and its measured success rates.

    Attributes:
        policy: The policy.
        shown: Demonstrations it was trained on.
        succeeded: How many of them succeeded.
        noisy: Its success as imitation left it, with fresh flow noise at every decision.
        noiseless: Its success without the flow's noise, as steering meets it by default.
    """

    policy: FrozenPolicy
    shown: int
    succeeded: int
    noisy: EvaluationResult
    noiseless: EvaluationResult


def card(made: Made, recipe: ImitationRecipe, *, env: str, seed: int, command: str) -> str:
    """Write the card that goes beside a checkpoint, in Markdown.

    Args:
        made: The policy, and what was measured.
        recipe: How it was made.
        env: Its task.
        seed: Seed of its demonstrations and of its network.
        command: What makes the same again.
    """
    low, high = made.noisy.interval
    lost = made.noisy.not_counted
    played = made.noisy.episodes + sum(lost.values())
    besides = f"; {told(lost)} not counted" if lost else ""
    policy = made.policy
    pushed = f", disturbance {recipe.disturbance}" if recipe.disturbance else ""
    rms = ", ".join(f"{value:.2f}" for value in policy.latent_rms)
    return f"""# Base policy for {env}

A flow-matching policy with a variational-information-bottleneck latent, trained by imitation and
frozen. It is meant to be steered, so it is meant to fail now and then.

| | |
|---|---|
| made by | `{command}` |
| demonstrations | {made.shown} scripted, {made.succeeded} successful; skill {recipe.skill}, \
operator {recipe.operator_seed}{pushed}, recording seed {seed} |
| success | {made.noisy.success_rate:.1%} (Wilson 95 %: {low:.1%} to {high:.1%}) over \
{made.noisy.episodes} episodes, seeds {TEST_SEED} to {TEST_SEED + played - 1}{besides} |
| without flow noise | {made.noiseless} |
| mean length | {made.noisy.mean_length:.1f} environment steps |
| latent | {policy.latent_dim} dimensions, RMS {rms} |
| chunk | horizon {policy.horizon}, n_action_steps {policy.n_action_steps} |
| weights | sha256 `{policy.weights_hash}` |
| written by | zprl-env {package_version()} |

Observations, sizes, training losses and versions are in `policy.json`; every episode's outcome is
in `evaluation.json`.
"""

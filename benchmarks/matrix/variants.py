"""Table of variants: an idea each, as flags of ``train_sb3.py`` and a sentence."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.matrix.ablated import AS_IT_COMES, NO_BOTTLENECK
from benchmarks.mismatch.conditions import NOMINAL
from zprl_env.errors import UnknownNameError


class Variant(NamedTuple):
    """One idea to be compared with the control.

    Attributes:
        arguments: Flags of ``train_sb3.py`` that it adds to the study's; ``{demonstrations}``
            stands for the file of the task's, ``{policy}`` for its name in Python, a condition of
            deployment such as ``{heavy}`` for its settings of the environment.
        idea: Reason to expect something of it.
        imitation: Base policy in place of the shipped one, of `benchmarks.matrix.ablated`.
    """

    arguments: str
    idea: str
    imitation: str = ""


CONTROL = "default"
"""Variant that all others are compared with, seed by seed."""

NARROW = "--algo sac --hidden 128 128"
"""Flags of SAC's recipe as it was before this study; the wide networks that won are its own now."""

IDEAS: dict[str, Variant] = {
    CONTROL: Variant(NARROW, "the recipe as it was when this study began"),
    # Settings.
    "crossq": Variant("--algo crossq", "no target networks, normalised critics"),
    "tqc": Variant("--algo tqc", "quantiles of the return, the highest dropped"),
    "penalty": Variant(
        f"{NARROW} --reward penalty --reward-scale 0.02", "lateness costs, at every step"
    ),
    "wide": Variant("--algo sac --hidden 256 256", "twice as wide networks"),
    "batch-256": Variant(f"{NARROW} --batch-size 256", "less noise in the gradients"),
    "critics-5": Variant(f"{NARROW} --n-critics 5", "the minimum of five is more cautious"),
    # Options of our own.
    "average": Variant(
        f"{NARROW} --actor-average 0.999",
        "snapshots swing where their average does not",
    ),
    "best-of-8": Variant(f"{NARROW} --best-of 8", "the critic knows better before the actor does"),
    "pull-0.01": Variant(f"{NARROW} --pull 0.01", "no farther from the base than it pays"),
    "pull-0.1": Variant(f"{NARROW} --pull 0.1", "the same, ten times as strong"),
    "warmup-noise-0.3": Variant(
        f"{NARROW} --warmup-noise 0.3", "critics have seen perturbations when learning starts"
    ),
    "redq": Variant(
        f"{NARROW} --n-critics 10 --target-critics 2", "a random pair's minimum, as on real robots"
    ),
    "hold-4": Variant(f"{NARROW} --hold 4", "a perturbation that lasts gets somewhere"),
    "success-half": Variant(
        f"{NARROW} --success-share 0.5", "half of a batch from episodes that succeeded"
    ),
    "time-out-ends": Variant(
        f"{NARROW} --no-bootstrap-timeouts", "lateness is a failure, as published"
    ),
    # Prior data: the demonstrations that the base policy was imitated from.
    "demos": Variant(
        f"{NARROW} --demonstrations {{demonstrations}}",
        "critics know a way before learning starts",
    ),
    "demos-success-half": Variant(
        f"{NARROW} --demonstrations {{demonstrations}} --success-share 0.5",
        "the same, and half of a batch from successes",
    ),
    # Together with the wider networks, which won the first three seeds on three tasks.
    "wide-penalty": Variant(
        "--algo sac --hidden 256 256 --reward penalty --reward-scale 0.02", "both that helped"
    ),
    "wide-batch-256": Variant(
        "--algo sac --hidden 256 256 --batch-size 256", "wide networks with steadier gradients"
    ),
    "wide-demos": Variant(
        "--algo sac --hidden 256 256 --demonstrations {demonstrations}", "both, if both help"
    ),
    "wide-best-of-8": Variant("--algo sac --hidden 256 256 --best-of 8", "both, if both help"),
    "wide-redq": Variant(
        "--algo sac --hidden 256 256 --n-critics 10 --target-critics 2", "both, if both help"
    ),
    "wide-redq-16": Variant(
        "--algo sac --hidden 256 256 --n-critics 10 --target-critics 2 --updates-per-decision 16",
        "an ensemble bears four times the updates, as in RLPD",
    ),
    "wide-updates-16": Variant(
        "--algo sac --hidden 256 256 --updates-per-decision 16", "the updates without the ensemble"
    ),
    "wide-average": Variant(
        "--algo sac --hidden 256 256 --actor-average 0.999", "what is handed over swings less"
    ),
    "wide-success-half": Variant(
        "--algo sac --hidden 256 256 --success-share 0.5", "both, if both help"
    ),
    "wide-updates-8": Variant(
        "--algo sac --hidden 256 256 --updates-per-decision 8", "wide networks bear more updates"
    ),
    "wide-time-left-penalty": Variant(
        "--algo sac --hidden 256 256 --time-left --reward penalty --reward-scale 0.02 "
        "--no-bootstrap-timeouts",
        "wide networks that know how late it is, and pay for it",
    ),
    "wide-scale-1": Variant(
        "--algo sac --hidden 256 256 --scale 1", "less harm while exploring, if width reaches it"
    ),
    "wide-best-noise": Variant(
        "--algo sac --hidden 256 256 --noise best:8", "the best fixed draw first, then learning"
    ),
    "wide-crossq": Variant("--algo crossq --hidden 256 256", "both, if both help"),
    "wide-tqc": Variant("--algo tqc --hidden 256 256", "both, if both help"),
    "wider": Variant("--algo sac --hidden 512 512", "four times as wide networks"),
    # What is left of the learner.
    "reset-10k": Variant(
        f"{NARROW} --reset-every 10000", "what critics fit to the first decisions goes"
    ),
    "time-left": Variant(
        f"{NARROW} --time-left", "a time limit that is seen is no disturbance of the value"
    ),
    "time-left-penalty": Variant(
        f"{NARROW} --time-left --reward penalty --reward-scale 0.02 --no-bootstrap-timeouts",
        "lateness costs, at every step and at the end, and the agent sees it come",
    ),
    "sbx": Variant("--algo sac --backend sbx", "the same in JAX: to be shown equal first"),
    "sbx-8": Variant(
        "--algo sac --backend sbx --updates-per-decision 8", "what its faster updates allow"
    ),
}
"""Ideas for the learner, by name. A new one is a row here."""

RIVALS: dict[str, Variant] = {
    "latent": Variant("--algo sac", "steering of the latent, as it comes"),
    "residual": Variant("--algo sac --steer action", "a residual on the actions, as it comes"),
    # As their authors run them (docs/results/rivals.md).
    "dsrl": Variant("--algo sac --preset dsrl --steer noise", "DSRL, the SAC variant"),
    "dsrl-na": Variant("--algo sac --preset dsrl-na --steer noise", "DSRL with noise aliasing"),
    "decorator": Variant("--algo sac --preset decorator --steer action", "Policy Decorator"),
    "plain": Variant(
        "--algo sac --policy benchmarks.matrix.nothing:{policy} --steer action --scale 1",
        "no base policy at all",
    ),
    "plain-demos": Variant(
        "--algo sac --policy benchmarks.matrix.nothing:{policy} --steer action --scale 1 "
        "--demonstrations {demonstrations} --success-share 0.5",
        "no base policy, but what it was imitated from as prior data",
    ),
    "base-samples-8": Variant(
        "--algo sac --steer noise --scale 3 --base-samples 8 --critic-input chunk --ent-coef 0 "
        "--warmup-noise 0.3333",
        "the best of eight samples of the base policy, by a critic of chunks",
    ),
    # The same with networks that a CPU can train: ours, not theirs.
    "dsrl-256": Variant(
        "--algo sac --preset dsrl --steer noise --hidden 256 256 256", "an eighth as wide"
    ),
    "dsrl-na-256": Variant(
        "--algo sac --preset dsrl-na --steer noise --hidden 256 256 256", "an eighth as wide"
    ),
    # Tuning: four settings of each interface, its own ones above being the first.
    "latent-1": Variant("--algo sac --scale 1", "half of lambda"),
    "latent-3": Variant("--algo sac --scale 3", "lambda and a half"),
    "latent-0.5": Variant("--algo sac --scale 0.5", "a quarter of lambda"),
    "dsrl-256-1": Variant(
        "--algo sac --preset dsrl --steer noise --hidden 256 256 256 --scale 1", "a tighter bound"
    ),
    "dsrl-256-2": Variant(
        "--algo sac --preset dsrl --steer noise --hidden 256 256 256 --scale 2", "a wider bound"
    ),
    "dsrl-256-short": Variant(
        "--algo sac --preset dsrl --steer noise --hidden 256 256 256 --warmup-decisions 1500",
        "a warm-up that leaves more of a small budget",
    ),
    "decorator-0.03": Variant(
        "--algo sac --preset decorator --steer action --scale 0.03", "their smallest scale"
    ),
    "decorator-0.3": Variant(
        "--algo sac --preset decorator --steer action --scale 0.3", "their largest scale"
    ),
    "decorator-10k": Variant(
        "--algo sac --preset decorator --steer action --progressive-exploration 10000",
        "the residual is on sooner, as a small budget needs",
    ),
}
"""Rivals and the settings that are tried of them, by name."""

SIGHT: dict[str, Variant] = {
    "random-crop": Variant("--algo sac --random-crop", "random crops are seen while collecting"),
}
"""Settings of policies that see, by name."""

DEPLOYMENT: dict[str, Variant] = {
    NOMINAL: Variant("--algo sac", "the task as it was shown"),
    "heavy": Variant("--algo sac {heavy}", "heavier objects"),
    "slippery": Variant("--algo sac {slippery}", "less friction"),
    "late": Variant("--algo sac {late}", "a gripper that obeys later"),
    "biased": Variant("--algo sac {biased}", "objects are seen beside where they are"),
    "far": Variant("--algo sac {far}", "starts that nobody showed"),
}
"""Conditions of deployment, steered from the beginning; benchmarks/mismatch has their amounts."""

ABLATIONS: dict[str, Variant] = {
    "recipe": Variant("--algo sac", "latent as it comes: dim z 8, lambda 2", AS_IT_COMES),
    # A policy that is code has fresh noise unless told otherwise.
    "no-bottleneck": Variant(
        "--algo sac --noise zero --scale 2", "steered at the embedding", NO_BOTTLENECK
    ),
    "dim-4": Variant("--algo sac", "half of the dimensions", "dim-4"),
    "dim-16": Variant("--algo sac", "twice the dimensions", "dim-16"),
    "scale-0.5": Variant("--algo sac --scale 0.5", "a quarter of lambda", AS_IT_COMES),
    "scale-1": Variant("--algo sac --scale 1", "half of lambda", AS_IT_COMES),
    "scale-4": Variant("--algo sac --scale 4", "twice lambda", AS_IT_COMES),
    "shown-25": Variant("--algo sac", "half of the demonstrations", "shown-25"),
    "shown-100": Variant("--algo sac", "twice the demonstrations", "shown-100"),
    "beta-2e-5": Variant("--algo sac", "a looser bottleneck", "beta-2e-5"),
    "beta-2e-3": Variant("--algo sac", "a tighter bottleneck", "beta-2e-3"),
}
"""Ablations of base policy and lambda, under reinforcement learning; lambda as shipped, else."""

VARIANTS = IDEAS | RIVALS | SIGHT | DEPLOYMENT | ABLATIONS
"""All variants by name."""


def find_variant(name: str) -> Variant:
    """Find a variant.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in VARIANTS:
        raise UnknownNameError("variant", name, VARIANTS)
    return VARIANTS[name]

"""Recipe: the settings of a finetuning run, how the policy is steered and the agent learns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from zprl_env.errors import ConfigurationError, ZprlError
from zprl_env.hyperparams import hyperparameter_file
from zprl_env.options.noise import FlowNoise
from zprl_env.options.stored import facts_with
from zprl_env.steering import ObservationKind
from zprl_env.steering.table import find_steering
from zprl_env.tasks import find_task, state_id
from zprl_env.training.settings.algorithms import find_algorithm
from zprl_env.training.settings.hyperparameters import OWN, read_hyperparameters


@dataclass(frozen=True)
class Recipe:
    """Recipe of steering and learning; the defaults are SAC's on Lift."""

    scale: float | Literal["auto", "published", "calibrate"] = 2.0
    """Size of the perturbation at the agent's full deflection. Latent: lambda; 'auto' makes it as
    large as the demonstrations' latents spread, and halves that until the base policy, perturbed at
    random, keeps half of its successes; 'calibrate' plays the base policy perturbed at
    random first, a minute or two, and takes the largest lambda that it bears; 'published' is
    RMS(lambda dz) = 0.1 RMS(z). Noise: bound in standard deviations. Action: largest residual in
    action units."""
    n_action_steps: int | None = None
    """Environment steps per decision; the policy's own if not given."""
    noise: str = "zero"
    """Start of the policy's flow: 'fresh' (or fresh:TEMPERATURE) draws it for every decision, as
    imitation did; 'zero' and fixed:SEED, one vector drawn once, leave nothing to chance. 'best:8'
    plays the base policy from 8 fixed ones first and keeps the best, a minute on Lift."""
    steer_kwargs: tuple[str, ...] = ()
    """NAME=VALUE of the options that a way of steering has of its own, such as noise_bound=1.0 of
    joint."""
    sample_latent: bool = True
    """Draw z from its posterior while collecting; evaluation always takes the mean."""
    observation: ObservationKind | Literal["pixels"] = "features"
    """The agent's observation besides z: the policy's embedding ('features'), the normalised state,
    or both. 'pixels' is the embedding of a policy that sees: --env Lift --observation pixels is
    --env Lift-Pixels."""
    random_crop: bool = False
    """Show a policy that sees a random crop of every picture while collecting, as the published
    agent has it; evaluation takes the centre."""
    time_left: bool = False
    """Show the agent, and not the policy, the share of the episode's time that is left. Such an
    agent cannot be exported yet."""
    reward: Literal["sparse", "penalty"] = "sparse"
    """'sparse' is 1 on success; 'penalty' is -1 for every environment step without it."""
    reward_scale: float = 1.0
    """Factor on the reward the agent learns from."""
    gamma: float = 0.99
    """Discount per environment step; the agent's is gamma ** n_action_steps."""
    warmup_decisions: int = 500
    """Decisions of the base policy (zero perturbation) put into the replay buffer first."""
    demonstrations: str | None = None
    """Off-policy methods that steer the latent or the actions: an HDF5 file whose episodes are put
    into the replay buffer first, as the perturbations that come nearest to them. They take no
    environment steps."""
    warmup_noise: float = 0.0
    """Off-policy methods: standard deviation of Gaussian actions in place of the zeros of the
    warm-up, so that the critics have seen perturbations when learning starts."""
    updates_per_decision: float = 4
    """Gradient steps per decision; a fraction such as 7.5 or 0.25 comes every few decisions."""
    updates_per_episode: int = 0
    """Off-policy methods with one environment: gradient steps between two episodes, in place of
    those after every decision, so that a robot never waits in mid-air for them. 0 is none."""
    batch_size: int = 128
    """Transitions per gradient step."""
    learning_rate: float = 3e-4
    """Adam's step size, for actor, critics and temperature; TRPO: the critic's."""
    max_grad_norm: float | None = None
    """Largest norm of the actor's and of the critics' gradient. Off-policy methods clip none if not
    given, PPO and RecurrentPPO at 0.5. Its effect is not measured."""
    tau: float = 0.005
    """Polyak factor of the target critics; CrossQ has none."""
    hidden: tuple[int, ...] = (256, 256)
    """Layers of actor and critics."""
    activation: Literal["relu", "tanh"] = "relu"
    """Off-policy methods: activation function of actor and critics."""
    actor_layer_norm: bool = False
    """SAC and TQC: layer normalisation in the actor as well."""
    lstm_hidden: int = 64
    """RecurrentPPO: size of the LSTMs before them."""
    actor_init: float = 0.01
    """Factor on the first weights of the actor's output, which starts it at the base policy; 1 is
    the library's own start. Its effect on what is learned is not measured."""
    n_critics: int = 2
    """Critics whose minimum is the target; more of them make it more cautious."""
    target_critics: int = 0
    """SAC and TD3 with layer_norm: critics drawn at random whose minimum is the target, as in REDQ;
    the actor then goes by the mean of all. 0 takes the minimum of all for both."""
    layer_norm: bool = True
    """Layer normalisation in the critics: of SAC and TD3, and of all off-policy agents in JAX. One
    run on Lift without it climbed to 0.76 and fell back to 0.50."""
    squash_q: bool = False
    """SAC and TD3: keep Q between 0 and 1 by a sigmoid, as the published agent does, whose target
    has no entropy term; needs the sparse reward. Its effect is not measured."""
    critic_input: Literal["action", "sum", "chunk"] = "action"
    """Action that the critics judge: the agent's; its 'sum' with the base policy's (SAC, TQC and
    CrossQ steering the action with base_action=true, as Policy Decorator does); or the executed
    'chunk', from which critics of the action are distilled (SAC without chance in the flow's noise,
    as DSRL-NA does)."""
    actor_sees_base: bool = True
    """SAC, TQC and CrossQ: show the actor the base action, where base_action=true has put it into
    the observation."""
    pull: float = 0.0
    """SAC and TD3 with layer_norm: weight of the mean squared action in the actor's loss, a pull
    towards the base policy."""
    actor_average: float = 0.0
    """SAC, TQC and CrossQ: share of a moving average of the actor's weights that each of its
    gradient steps leaves, such as 0.999. The agent acts by the average in evaluations and when it
    is handed over; while exploring it acts by the actor itself. 0 is no average."""
    best_of: int = 1
    """SAC, TQC and CrossQ: actions drawn for each decision, of which the one with the highest Q is
    taken, in evaluations too. Such an agent cannot be exported yet."""
    hold: int = 1
    """SAC, TQC and CrossQ: decisions for which exploration keeps its draw, so that a perturbation
    lasts. It runs on over the end of an episode."""
    progressive_exploration: int = 0
    """SAC, TQC and CrossQ: decisions over which the share of those that exploration perturbs rises
    from none to all; the others are the base policy's. Evaluation always steers. As Policy
    Decorator does, and in the warm-up, whose actions are then uniform. 0 is no such thing."""
    base_samples: int = 0
    """SAC with --steer noise and --ent-coef 0: draws of the flow's noise among which the critics
    choose, in place of an actor that learns. Such an agent is the base policy, at its best. With
    --critic-input chunk the critics judge what is executed. 0 has an actor."""
    reset_every: int = 0
    """Off-policy methods: environment steps after which all networks begin anew, with the replay
    kept, and after as many again. 0 is never."""
    ent_coef: str = "auto_0.01"
    """Entropy coefficient as Stable-Baselines3 writes it."""
    target_entropy: float | None = None
    """Entropy of the whole action that the temperature aims for; minus its size if not given."""
    log_std_init: float = 0.0
    """Log standard deviation the actor starts with, before the tanh."""
    log_std_min: float = -20.0
    """SAC, TQC and CrossQ: its lower bound; the default is the library's own. A higher one goes on
    exploring, which is not measured."""
    log_std_max: float = 2.0
    """SAC, TQC and CrossQ: its upper bound; the default is the library's own."""
    n_steps: int = 3
    """Decisions of the n-step return."""
    bootstrap_timeouts: bool = True
    """Off-policy methods: a time limit is no end, so the value of what would have followed counts.
    The published agent has none at a time-out, which makes lateness a failure."""
    success_share: float = 0.0
    """Off-policy methods: share of each batch that is drawn from episodes that succeeded; 0 draws
    from all alike."""
    use_sde: bool = False
    """State-dependent exploration (gSDE): noise that is a function of the observation. The function
    is drawn anew with every round of updates: at each decision, unless --updates-per-decision is a
    fraction or --updates-per-episode is given. For perturbations that last, see --hold."""
    action_noise: float = 0.0
    """Standard deviation of Gaussian noise on the actions while exploring: all that TD3 explores
    by."""
    buffer_size: int = 200_000
    """Capacity of the replay buffer, in decisions."""
    rollout_decisions: int = 512
    """On-policy methods: decisions per policy update, over all environments."""
    n_epochs: int = 10
    """PPO and RecurrentPPO: passes over each rollout; TRPO: its critic's."""
    gae_lambda: float = 0.95
    """On-policy methods: lambda of generalised advantage estimation."""

    def __post_init__(self) -> None:
        with suppress(ConfigurationError):  # which is told where a recipe is checked
            object.__setattr__(self, "noise", str(FlowNoise.parse(self.noise)))


def recipe_for(
    algo: str,
    preset: str,
    steer: str,
    env: str = "Lift",
    hyperparams: Path | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    described: Mapping[str, Any] | None = None,
) -> Recipe:
    """Make the recipe of an algorithm on a task, adapted to where it steers.

    The learner's stand in the file of hyperparameters, the task's in `zprl_env.tasks.TASKS` or a
    robot's preset, and the steering's own in its class, which come last.

    Args:
        algo: The algorithm, as :func:`~zprl_env.training.settings.algorithms.find_algorithm`
            takes it.
        preset: ``"default"`` is what we measured to work best, ``"paper"`` the published settings.
        steer: Where the agent enters the policy, as
            :func:`~zprl_env.steering.table.find_steering` takes it.
        env: The task.
        hyperparams: A file to read instead of the one that comes with the package.
        env_kwargs: What the environment is made with; a robot's ``task`` is another preset.
        described: Description of the policy, by which the task's facts hold or do not
            (:func:`~zprl_env.options.stored.facts_with`); None is the task's own policy.

    Returns:
        The recipe, every field of which the command line can override.

    Raises:
        UnknownNameError: The algorithm has no such preset, or there is no such task.
        ZprlError: The file does not describe a recipe, or is for another way of steering.

    >>> recipe_for("sac", "default", "latent", "Lift") == Recipe()
    True
    """
    row, core, task = find_algorithm(algo), find_steering(steer).core, find_task(env)
    facts = task.read_facts(env_kwargs)
    if described is not None:
        facts = facts_with(facts, described)
    family = row.like or algo
    shipped = hyperparameter_file(family if preset == "default" else f"{family}-{preset}")
    said = (
        read_hyperparameters(shipped, family, state_id(task), None)
        if hyperparams is None
        else read_hyperparameters(hyperparams, family, state_id(task), task.read_facts())
    )
    meant = said.pop("steer", None)
    whose = f"--preset {preset}" if hyperparams is None else hyperparams
    if meant not in (None, steer):
        raise ZprlError(
            f"steer must be {meant} with {whose}, which is for that. Got: {steer}. "
            f"Try --steer {meant}."
        )
    if meant and hyperparams is None and task.suite == "real":
        raise ZprlError(
            f"preset must be default or paper on a robot, which {whose} would keep waiting in "
            f"mid-air for updates. Got: {preset} for {env}. Try a file of your own: --hyperparams."
        )
    words = tuple(f"{name}={json.dumps(said.pop(name))}" for name in sorted(OWN & said.keys()))
    of_the_task = {"gamma": facts.gamma, "n_action_steps": facts.n_action_steps}
    recipe = Recipe(**{**of_the_task, **core.usual(facts), **said, "steer_kwargs": words})
    # A file that is for one way of steering knows better than its class.
    return recipe if meant else replace(recipe, **core.defaults)

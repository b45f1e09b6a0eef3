"""Table of the learning algorithms, their traits and their settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from zprl_env.errors import ConfigurationError, UnknownNameError
from zprl_env.loading.named import load_object, names_code

BackendName = Literal["torch", "sbx"]

UNUSED: dict[str, Any] = {
    "layer_norm": False,
    "squash_q": False,
    "use_sde": False,
    "action_noise": 0.0,
    "log_std_min": -20.0,
    "log_std_max": 2.0,
    "max_grad_norm": None,
    "demonstrations": None,
    "warmup_noise": 0.0,
    "target_critics": 0,
    "pull": 0.0,
    "actor_average": 0.0,
    "best_of": 1,
    "hold": 1,
    "bootstrap_timeouts": True,
    "success_share": 0.0,
    "activation": "relu",
    "actor_layer_norm": False,
    "critic_input": "action",
    "actor_sees_base": True,
    "progressive_exploration": 0,
    "reset_every": 0,
    "base_samples": 0,
}
"""Settings that not every algorithm has, with the value that asks for nothing."""

_REPLAYED = frozenset(
    {"action_noise", "demonstrations", "warmup_noise", "bootstrap_timeouts", "success_share"}
)
_OFF_POLICY = _REPLAYED | {"max_grad_norm", "activation", "reset_every"}
_CHOOSING = ("actor_average", "best_of", "hold", "progressive_exploration")
_INPUTS = ("critic_input", "actor_sees_base")
_GAUSSIAN = _OFF_POLICY | {"use_sde", "log_std_min", "log_std_max", *_CHOOSING, *_INPUTS}
_CRITICS = frozenset({"layer_norm", "squash_q", "target_critics", "pull"})
_ON_POLICY = frozenset({"use_sde", "max_grad_norm"})
_JAX = _REPLAYED | {"layer_norm"}
_ACTORS = "zprl_env.training.agents.actors"


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: its class, its networks and its settings.

    Attributes:
        path: ``"module:Class"`` of an unmodified algorithm of Stable-Baselines3's interface.
        policy: ``"module:Class"`` of its actor and critics, or ``"MlpPolicy"``.
        off_policy: It learns from a replay buffer: with a warm-up, and with ``--overlap``.
        options: Settings of `UNUSED` that it has.
        networks: Settings of the recipe that are arguments of its policy.
        needed: Keys that its file of hyperparameters has to say, since libraries' defaults differ.
        sbx: Name of its class in SBX, in JAX; None if there is none.
        sbx_options: Settings of `UNUSED` that SBX's has.
        like: Name of the algorithm whose file of hyperparameters it takes; its own if not given.
    """

    path: str
    policy: str
    off_policy: bool
    options: frozenset[str]
    networks: tuple[str, ...]
    needed: frozenset[str]
    sbx: str | None = None
    sbx_options: frozenset[str] = frozenset()
    like: str | None = None

    @cached_property
    def algorithm(self) -> Any:
        """The class, imported on first use."""
        return load_object(self.path, "algorithm")

    def options_in(self, backend: BackendName) -> frozenset[str]:
        """Return the settings of `UNUSED` that a library's implementation has."""
        return self.options if backend == "torch" else self.sbx_options


_SQUASHED = ("log_std_init", "log_std_min", "log_std_max", *_CHOOSING, *_INPUTS)
_ENSEMBLE = ("layer_norm", "squash_q", "target_critics", "pull")
_REPLAY = ("n_critics", "actor_init", "max_grad_norm", "activation")
_ROLLOUT = ("log_std_init", "actor_init")

ALGORITHMS: dict[str, Algorithm] = {
    "sac": Algorithm(
        "stable_baselines3:SAC",
        f"{_ACTORS}:SACPolicy",
        off_policy=True,
        options=_GAUSSIAN | _CRITICS | {"actor_layer_norm", "base_samples"},
        networks=(*_REPLAY, *_ENSEMBLE, *_SQUASHED, "actor_layer_norm", "base_samples"),
        needed=frozenset({"tau", "ent_coef", "policy_kwargs.log_std_init"}),
        sbx="SAC",
        sbx_options=_JAX,
    ),
    "td3": Algorithm(
        "stable_baselines3:TD3",
        f"{_ACTORS}:TD3Policy",
        off_policy=True,
        options=_OFF_POLICY | _CRITICS,
        networks=(*_REPLAY, *_ENSEMBLE),
        needed=frozenset({"tau"}),
    ),
    "tqc": Algorithm(
        "sb3_contrib:TQC",
        f"{_ACTORS}:TQCPolicy",
        off_policy=True,
        options=_GAUSSIAN | {"actor_layer_norm"},
        networks=(*_REPLAY, *_SQUASHED, "actor_layer_norm"),
        needed=frozenset({"tau", "ent_coef", "policy_kwargs.log_std_init"}),
        sbx="TQC",
        sbx_options=_JAX,
    ),
    "crossq": Algorithm(
        "sb3_contrib:CrossQ",
        f"{_ACTORS}:CrossQPolicy",
        off_policy=True,
        options=_GAUSSIAN,
        networks=(*_REPLAY, *_SQUASHED),
        needed=frozenset({"ent_coef", "policy_kwargs.log_std_init"}),
        sbx="CrossQ",
        sbx_options=_JAX,
    ),
    "ppo": Algorithm(
        "stable_baselines3:PPO",
        f"{_ACTORS}:ActorCriticPolicy",
        off_policy=False,
        options=_ON_POLICY,
        networks=_ROLLOUT,
        needed=frozenset({"n_epochs", "policy_kwargs.log_std_init"}),
        sbx="PPO",
    ),
    "ppo_lstm": Algorithm(
        "sb3_contrib:RecurrentPPO",
        f"{_ACTORS}:LstmPolicy",
        off_policy=False,
        options=_ON_POLICY,
        networks=(*_ROLLOUT, "lstm_hidden"),
        needed=frozenset(
            {"n_epochs", "policy_kwargs.log_std_init", "policy_kwargs.lstm_hidden_size"}
        ),
    ),
    "trpo": Algorithm(
        "sb3_contrib:TRPO",
        f"{_ACTORS}:ActorCriticPolicy",
        off_policy=False,
        options=frozenset({"use_sde"}),
        networks=_ROLLOUT,
        needed=frozenset({"n_critic_updates", "policy_kwargs.log_std_init"}),
    ),
}
"""Algorithms by name, as RL Zoo calls them, so that both command lines and the files between them
say the same. Another one is a row here and a file of hyperparameters. SBX's repeat their noise
where gSDE is asked for, which is not gSDE."""

BEST_ON_SUITE = {"robosuite": "crossq"}
"""Best algorithm on a suite's task in ``benchmarks.algorithms``; SAC where none was better."""


def find_algorithm(name: str) -> Algorithm:
    """Find an algorithm.

    Args:
        name: A key of `ALGORITHMS`, or ``"module:Class"`` of one's own with Stable-Baselines3's
            interface. A subclass of one in the table is treated as that one is; another gets
            ``MlpPolicy``, the hyperparameters of SAC or PPO, and of these the settings that its
            constructor takes.

    Raises:
        UnknownNameError: There is no such algorithm.
        ConfigurationError: What the name leads to is none.

    >>> find_algorithm("sac").off_policy
    True
    >>> find_algorithm("sca")
    Traceback (most recent call last):
    zprl_env.errors.UnknownNameError: unknown algorithm 'sca'; did you mean 'sac'? Known: ...
    """
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    if not names_code(name):
        raise UnknownNameError("algorithm", name, [*ALGORITHMS, "module:Class"])
    found = load_object(name, "algorithm")
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
    from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

    if not (isinstance(found, type) and issubclass(found, OffPolicyAlgorithm | OnPolicyAlgorithm)):
        raise ConfigurationError(
            f"An algorithm must be a subclass of Stable-Baselines3's OffPolicyAlgorithm or "
            f"OnPolicyAlgorithm. Got: {found!r}."
        )
    for known, row in ALGORITHMS.items():
        if issubclass(found, row.algorithm):
            return _own(row, path=name, like=known, sbx=None)
    off_policy = issubclass(found, OffPolicyAlgorithm)
    like = "sac" if off_policy else "ppo"
    return Algorithm(
        name,
        "MlpPolicy",
        off_policy=off_policy,
        options=_REPLAYED if off_policy else frozenset(),
        networks=(),
        needed=frozenset(),
        like=like,
    )


def _own(row: Algorithm, **changed: Any) -> Algorithm:
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__}
    return Algorithm(**fields | changed)


def usual_algorithm(suite: str, preset: str = "default") -> str:
    """Return the default algorithm for a suite's tasks.

    >>> usual_algorithm("robosuite"), usual_algorithm("adroit")
    ('crossq', 'sac')
    """
    return BEST_ON_SUITE.get(suite, "sac") if preset == "default" else "sac"


def off_policy_names(backend: BackendName = "torch") -> list[str]:
    """List a library's algorithms that learn from a replay buffer.

    >>> off_policy_names()
    ['sac', 'td3', 'tqc', 'crossq']
    """
    return [name for name in names_in(backend) if ALGORITHMS[name].off_policy]


def names_in(backend: BackendName) -> list[str]:
    """List a library's algorithms."""
    return [name for name, row in ALGORITHMS.items() if backend == "torch" or row.sbx]

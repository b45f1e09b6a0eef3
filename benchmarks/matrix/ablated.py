"""Ablated base policies: imitated from a task's demonstrations with one setting changed.

``python -m zprl_env.make_policy`` makes them, into ``runs/benchmark/policies``, where they stay: it
goes on where it was killed, and the same settings make the same weights. One that acts without its
bottleneck is ``--policy benchmarks.matrix.ablated:lift``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from policies.checkpoints.contents import METADATA_FILE
from policies.encoding import Encoding
from zprl_env.errors import UnknownNameError
from zprl_env.files import read_json
from zprl_env.loading.hub import EVALUATION_FILE
from zprl_env.loading.steered_files import CARD_FILE
from zprl_env.tasks import TASKS

if TYPE_CHECKING:
    from policies.model.vib_flow import VibFlow

FOLDER = Path("runs", "benchmark", "policies")
"""Folder of the policies, below a checkout."""
TESTED = 100
"""Held-out episodes that each plays when it is made."""


class Imitation(NamedTuple):
    """Imitation with something changed: flags of ``make_policy`` beside the task's recipe.

    Attributes:
        flags: What is changed.
        demonstrations: How many are recorded; the recipe's number if None.
    """

    flags: str = ""
    demonstrations: int | None = None


AS_IT_COMES = "recipe"
"""Imitation by the task's recipe, as the shipped policy: 8 dimensions, beta 2e-4, 50 shown."""
NO_BOTTLENECK = "none"
"""The same policy, steered at its embedding, without the bottleneck."""

IMITATIONS: dict[str, Imitation] = {
    AS_IT_COMES: Imitation(),
    "dim-4": Imitation("--pretrain.latent-dim 4"),
    "dim-16": Imitation("--pretrain.latent-dim 16"),
    "beta-2e-5": Imitation("--pretrain.beta 2e-5"),
    "beta-2e-3": Imitation("--pretrain.beta 2e-3"),
    "shown-25": Imitation(demonstrations=25),
    "shown-100": Imitation(demonstrations=100),
}
"""Imitations by name. A new one is a row here."""


def folder(task: str, imitation: str) -> Path:
    """Return the folder of a policy, below a checkout."""
    return FOLDER / f"{TASKS[task].slug}-{imitation}"


def recording(task: str, imitation: str) -> Path:
    """Return the file of the demonstrations that a policy imitates, below a checkout."""
    number = IMITATIONS[imitation].demonstrations
    return Path("demos", f"{TASKS[task].slug}{'' if number is None else f'-{number}'}.hdf5")


def policy_name(task: str, imitation: str) -> str:
    """Return what ``--policy`` is told.

    >>> policy_name("box-close", "dim-4"), policy_name("box-close", "none")
    ('runs/benchmark/policies/box-close-dim-4', 'benchmarks.matrix.ablated:box_close')
    """
    if imitation == NO_BOTTLENECK:
        return f"benchmarks.matrix.ablated:{TASKS[task].slug.replace('-', '_')}"
    if imitation not in IMITATIONS:
        raise UnknownNameError("imitation", imitation, [*IMITATIONS, NO_BOTTLENECK])
    return folder(task, imitation).as_posix()


def making(task: str, imitation: str, root: Path) -> list[str] | None:
    """Return the command line of ``python`` that makes a policy; None if it is made.

    Args:
        task: The task.
        imitation: A name of `IMITATIONS`, or the one without a bottleneck.
        root: The checkout.
    """
    name = AS_IT_COMES if imitation == NO_BOTTLENECK else imitation
    out = folder(task, name)
    if (root / out / CARD_FILE).exists():
        return None
    changed = IMITATIONS[name]
    words = ["-m", "zprl_env.make_policy", "--env", task, "--seed", "0", "--out", str(out)]
    words += ["--demonstrations", str(recording(task, name)), "--eval-episodes", str(TESTED)]
    if changed.demonstrations is not None:
        words += ["--episodes", str(changed.demonstrations)]
    return words + changed.flags.split()


def provenance(task: str, imitation: str, root: Path) -> dict[str, Any]:
    """Tell what a policy was made of: the hashes of its weights and of its demonstrations."""
    name = AS_IT_COMES if imitation == NO_BOTTLENECK else imitation
    training = read_json(root / folder(task, name) / METADATA_FILE)
    evaluation = read_json(root / folder(task, name) / EVALUATION_FILE)
    return {
        "imitation": imitation,
        "weights_sha256": evaluation["weights_sha256"],
        "demonstrations_sha256": training["training"]["demonstrations_sha256"],
    }


class EmbeddingPolicy:
    """Policy without its bottleneck: its latent is its embedding, in the bottleneck's units.

    Every dimension of the embedding is scaled to the root mean square that the latent of the same
    policy has over the demonstrations, so that one lambda means the same in both.
    """

    def __init__(self, model: VibFlow, spread: np.ndarray, keys: tuple[str, ...]) -> None:
        """Take a policy's encoder and head.

        Args:
            model: Its encoder and its flow head act, its bottleneck does nothing.
            spread: Embedding of 1 in the latent's units. Shape ``(F,)``.
            keys: Parts of the observation, in order.
        """
        from benchmarks.bottleneck import DirectPolicy

        self._direct, self._spread = DirectPolicy(model), spread.astype(np.float32)
        self.feature_dim = self.latent_dim = self._direct.latent_dim
        self.action_dim, self.horizon = self._direct.action_dim, self._direct.horizon
        self.n_action_steps, self.observation_keys = self._direct.n_action_steps, keys

    def encode(self, observations: np.ndarray) -> Encoding:
        """Embed observations; the posterior is the embedding itself. Shape ``(B, F)`` each."""
        features, mean, std = self._direct.encode(observations)
        return Encoding(features, mean / self._spread, std)

    def decode(self, latents: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Generate action chunks from scaled embeddings. Shape ``(B, H, A)``."""
        return self._direct.decode(latents * self._spread, noise)


def embedding_policy(task: str, root: Path = Path()) -> EmbeddingPolicy:
    """Load a task's policy without its bottleneck.

    Args:
        task: The task, whose policy by its recipe has been made.
        root: The checkout.
    """
    from policies.checkpoints import model as checkpoint
    from policies.demonstrations import Demonstrations

    loaded = checkpoint.load(root / folder(task, AS_IT_COMES))
    keys = tuple(loaded.metadata["observation_keys"])
    shown = Demonstrations.load(root / recording(task, AS_IT_COMES))
    seen = np.concatenate([one.flat_observations(keys) for one in shown.trajectories])
    rms = np.sqrt(np.mean(np.square(loaded.metadata["latent"]["rms"])))
    embedding = EmbeddingPolicy(loaded.model, np.ones(1), keys).encode(seen).features
    spread = np.sqrt(np.mean(np.square(embedding, dtype=np.float64), axis=0)) / rms
    return EmbeddingPolicy(loaded.model, np.maximum(spread, 1e-6), keys)


def __getattr__(name: str) -> Callable[[], EmbeddingPolicy]:
    """Return the maker of a task's policy without its bottleneck, ``box_close``."""
    slug = name.replace("_", "-")
    for task, known in TASKS.items():
        if known.slug == slug:
            return lambda: embedding_policy(task)
    raise AttributeError(name)

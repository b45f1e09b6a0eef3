"""Worker: the body of an actor, some environments stepped as in Stable-Baselines3's DummyVecEnv."""

from __future__ import annotations

import os
import pickle
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

from zprl_env.errors import ZprlError

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import DummyVecEnv


class Failure(NamedTuple):
    """An environment's error, as it travels to the learner.

    Attributes:
        kind: ``"words"`` of this package's own, which say everything, ``"attribute"`` for what an
            environment does not have, or ``"defect"``.
        message: What it said.
    """

    kind: str
    message: str


class Stepped(NamedTuple):
    """What a step, or a reset, of some environments brought.

    Attributes:
        observations: As Stable-Baselines3 stacks them.
        rewards: Shape ``(n,)``; of a reset None, like the following two.
        dones: Shape ``(n,)``.
        infos: One per environment.
        reset_infos: Of the newest reset of each.
    """

    observations: Any
    rewards: Any
    dones: Any
    infos: Any
    reset_infos: Any


class Worker:
    """Body of an actor: it makes environments, steps them and answers questions about them.

    They live in Stable-Baselines3's ``DummyVecEnv``, so that what comes back is what it would be in
    one process. Messages and answers are bytes: Ray takes those as they are, in two thirds of the
    time that arrays take, and what is unpickled at the other end can be written to.
    """

    def __init__(self) -> None:
        """Begin without environments: a constructor that is run again would make others."""
        self._envs: DummyVecEnv | None = None

    def place(self) -> int:
        """Return the process's id, as soon as the actor is placed and lives."""
        return os.getpid()

    def call(self, message: bytes) -> bytes:
        """Answer a message.

        Args:
            message: Name of a method below, or of one of ``DummyVecEnv``, and its arguments.

        Returns:
            Its result, or a :class:`Failure`.
        """
        name, args, kwargs = pickle.loads(message)
        try:
            own = {"make": self._make, "step": self._step, "reset": self._reset}
            method: Any = own[name] if name in own else getattr(self._envs, name)
            answer = method(*args, **kwargs)
        except ZprlError as error:
            answer = Failure("words", str(error))
        except AttributeError as error:
            answer = Failure("attribute", str(error))
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error}"
            answer = Failure("defect", f"{what} (line {at.lineno} of {at.filename})")
        return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)

    def _make(self, makers: Any) -> tuple[Any, Any]:
        from stable_baselines3.common.vec_env import DummyVecEnv

        _one_thread()
        self._envs = DummyVecEnv(makers.var)
        return self._envs.observation_space, self._envs.action_space

    def _step(self, actions: Any) -> Stepped:
        assert self._envs is not None
        observations, rewards, dones, infos = self._envs.step(actions)
        return Stepped(observations, rewards, dones, infos, self._envs.reset_infos)

    def _reset(self, seeds: list[int | None], options: list[dict[str, Any]]) -> Stepped:
        assert self._envs is not None
        self._envs._seeds, self._envs._options = seeds, options
        return Stepped(self._envs.reset(), None, None, None, self._envs.reset_infos)


def _one_thread() -> None:
    """Leave the other cores to the other workers, as one environment after the other has to."""
    import torch

    torch.set_num_threads(1)

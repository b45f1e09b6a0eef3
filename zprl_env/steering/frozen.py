"""Frozen policy, enforced: evaluation mode, unchanged weights and buffers, unchanged answers."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from policies.encoding import Observations, context_of, decode, noise_shape, remembers
from zprl_env.errors import PolicyMismatchError
from zprl_env.seeing import batches
from zprl_env.steerable import SteerablePolicy

REACH = 2000
"""Largest number of objects that are looked through for modules of torch."""
WHOLE = 2**16
"""Size up to which every byte of a tensor is compared; of larger ones, samples [bytes]."""
SAMPLES = 1024
"""Numbers of each tensor that are compared where not all are."""
SELDOM = 20
"""Decisions between two looks where episodes begin all the time: in one of many environments."""


class Frozen:
    """Watch over a policy: it is put into evaluation mode, and refused once it changes.

    Every module of torch is found that the policy is, holds in an attribute or closes over. They
    are put into evaluation mode and detached from learning, and put back into it if someone
    switches them to training. Weights and buffers are compared by torch's own counters at each
    decision and byte by byte (large ones: by samples) at each episode. Policies without torch are
    held to the same: at the beginning of an episode the first question is asked again, and has to
    be answered alike.

    Args:
        policy: The policy.
        whole: Compare every byte, however large the tensors are.
    """

    def __init__(self, policy: SteerablePolicy, *, whole: bool = False) -> None:
        self._policy = policy
        self._whole = sys.maxsize if whole else WHOLE
        self._roots = modules_of(policy)
        self._modules = [module for root in self._roots for module in root.modules()]
        self._put_to_evaluation()
        for root in self._roots:
            root.requires_grad_(False)
        self._tensors: list[Any] = []
        self._versions: list[int] = []
        self._marks: dict[str, int] = {}
        self._question: Observations | None = None
        self._answers: list[np.ndarray] = []
        self._decisions = SELDOM
        if self._roots:
            self.take_as_it_is()

    def take_as_it_is(self) -> None:
        """Take the weights as they are now for those that may not change."""
        self._tensors = [t for _, t in self._named() if not t.is_inference()]
        self._versions = [tensor._version for tensor in self._tensors]
        self._marks = {name: mark(tensor, self._whole) for name, tensor in self._named()}

    def check(self) -> None:
        """Check what costs microseconds: evaluation mode, and torch's counters of changes.

        Raises:
            PolicyMismatchError: Weights or buffers have been changed.
        """
        self._decisions += 1
        if not self._roots:
            return
        self._put_to_evaluation()
        if [tensor._version for tensor in self._tensors] != self._versions:
            self.check_weights()
            # Written, with the same bytes.
            self._versions = [tensor._version for tensor in self._tensors]

    def check_weights(self) -> None:
        """Compare the weights and buffers themselves.

        Raises:
            PolicyMismatchError: Weights or buffers have been changed.
        """
        now = {name: mark(tensor, self._whole) for name, tensor in self._named()}
        if names := [name for name in self._marks if self._marks[name] != now.get(name)]:
            raise PolicyMismatchError(
                f"A policy must be frozen: its weights and buffers may not change. Got: "
                f"{', '.join(names[:4])}{' and more' if names[4:] else ''} of "
                f"{type(self._policy).__name__} changed since it was wrapped. Train a copy of it "
                f"(copy.deepcopy), and wrap that when it is trained."
            )

    def check_answers(self, observations: Observations, *, seldom: bool = False) -> None:
        """Compare weights, buffers and the answer to one question, as an episode begins.

        Args:
            observations: What the episodes begin with, the first time the question: a batch as
                the policy takes it, finite.
            seldom: Leave it out where the last time was fewer than `SELDOM` checks ago.

        Raises:
            PolicyMismatchError: The policy has changed.
        """
        if seldom and self._decisions < SELDOM:
            return
        self._decisions = 0
        if self._roots:
            self._put_to_evaluation()
            self.check_weights()
        if remembers(self._policy):  # its answers follow from what it has seen
            return
        if self._question is None:
            self._question = batches.rows(observations, slice(1))
            self._answers = self._ask()
        elif not all(map(alike, self._answers, self._ask())):
            raise PolicyMismatchError(changed_answer(self._policy))

    def _ask(self) -> list[np.ndarray]:
        if self._question is None:
            return []
        asked = batches.rows(self._question, slice(None))
        answer = self._policy.encode(asked)
        encoding = [np.array(part) for part in answer[:3]]
        noise = np.zeros((1, *noise_shape(self._policy)), np.float32)
        chunk = decode(self._policy, encoding[1].copy(), noise, context_of(answer))
        return [*encoding, np.array(chunk)]

    def _put_to_evaluation(self) -> None:
        if True in [module.training for module in self._modules]:
            for root in self._roots:
                root.eval()

    def _named(self) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for root in self._roots:
            for name, tensor in [*root.named_parameters(), *root.named_buffers()]:
                lazy = type(tensor).__name__.startswith("Uninitialized")
                if id(tensor) not in seen and not lazy:
                    seen.add(id(tensor))
                    yield name, tensor


def changed_answer(policy: object, call: str = "") -> str:
    """Return the words for a policy that answers the same question differently.

    Args:
        policy: The policy.
        call: The method that did, if one did.
    """
    return (
        f"A policy must be frozen: the same arguments give the same result for as long as it "
        f"lives. Got: {type(policy).__name__}{call and '.' + call} answered the same question "
        f"differently. Leave out whatever draws random numbers, remembers or learns in it "
        f"(dropout, running statistics, hidden states); chance comes in by noise alone."
    )


def alike(one: np.ndarray, other: np.ndarray, tolerance: float = 1e-5) -> bool:
    """Tell whether two answers are the same, up to the rounding of a graphics card.

    >>> alike(np.array([1.0, 0.0]), np.array([1.0, 1e-7])), alike(np.ones(2), np.array([1.0, 1.1]))
    (True, False)
    """
    if one.shape != other.shape:
        return False
    largest = float(np.max(np.abs(one), initial=0.0))
    return bool(np.max(np.abs(one - other), initial=0.0) <= tolerance * largest + 1e-9)


def mark(tensor: Any, whole: int = WHOLE) -> int:
    """Compute a checksum of a tensor: of all of it, or of samples if it is large.

    Args:
        tensor: A tensor of torch, on whatever device.
        whole: Size up to which it is all of it [bytes].
    """
    flat = tensor.detach()
    if flat.layout != sys.modules["torch"].strided:
        flat = flat.coalesce().values() if hasattr(flat, "coalesce") else flat.to_dense()
    flat = flat.reshape(-1)
    if flat.numel() * flat.element_size() > whole:
        flat = flat[:: max(1, flat.numel() // SAMPLES)]
    data = flat.contiguous().view(sys.modules["torch"].uint8) if flat.numel() else flat
    return zlib.crc32(data.cpu().numpy().tobytes(), flat.numel())


def modules_of(policy: object) -> list[Any]:
    """Find the modules of torch that an object is, holds or closes over.

    Args:
        policy: Any object; attributes, containers, closures and partial calls are followed.

    Returns:
        The outermost modules, each once. Empty where nothing has imported torch.
    """
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "nn"):
        return []
    found: list[Any] = []
    seen: set[int] = set()
    waiting: list[object] = [policy]
    while waiting and len(seen) < REACH:
        item = waiting.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, torch.nn.Module):
            found.append(item)
        else:
            waiting.extend(_parts(item))
    inner = {id(module) for root in found for module in root.modules() if module is not root}
    return [root for root in found if id(root) not in inner]


def _parts(item: object) -> Iterable[object]:
    """Return what an object holds that may hold a module."""
    if isinstance(
        item, str | bytes | int | float | complex | np.ndarray | type | ModuleType | None
    ):
        return []
    if isinstance(item, Mapping):
        return [*item.values()]
    if isinstance(item, list | tuple | set | frozenset):
        return [*item]
    if isinstance(item, partial):
        return [item.func, *item.args, *item.keywords.values()]
    if isinstance(item, MethodType):
        return [item.__self__, item.__func__]
    if isinstance(item, FunctionType):
        return [*_closure(item), *(item.__defaults__ or ()), *(item.__kwdefaults__ or {}).values()]
    slots = [name for c in type(item).__mro__ for name in _slots(c)]
    held = [getattr(item, name, None) for name in slots]
    methods = [getattr(type(item), name, None) for name in ("encode", "decode", "normalize")]
    return [*getattr(item, "__dict__", {}).values(), *held, *methods]


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _closure(function: FunctionType) -> Iterator[object]:
    """Yield what a function closes over, and the global variables that it names."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if hasattr(value, "parameters"):
            yield value

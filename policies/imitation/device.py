"""Device and threads of a training: chosen by themselves, or as the user says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from policies.errors import ConfigurationError

AUTO = "auto"


def resolve_device(device: str, pictures: bool = False) -> str:
    """Return the device to train on.

    Args:
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"auto"``: a GPU for networks of
            pictures if there is one, and else the CPU, on which small networks are quicker.
        pictures: Whether there are networks of pictures.

    Raises:
        ConfigurationError: There is no such device here.

    >>> resolve_device("auto")
    'cpu'
    """
    if device == AUTO:
        if pictures and torch.cuda.is_available():
            return "cuda"
        return "mps" if pictures and torch.backends.mps.is_available() else "cpu"
    kind, _, number = device.partition(":")
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    fits = not number or (number.isdecimal() and int(number) < there.get(kind, 0))
    if not there.get(kind) or not fits:
        found = [name for name, count in there.items() if count]
        raise ConfigurationError(
            f"device must be auto, or one that this machine's torch has: {', '.join(found)}. "
            f"Got: {device!r}."
        )
    return device


def resolve_threads(threads: int, pictures: bool = False) -> int:
    """Return the number of torch's threads: as given, or for 0 all cores but one where it pays.

    >>> resolve_threads(3), resolve_threads(0)
    (3, 1)
    """
    if threads:
        return threads
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    # Small networks' threads wait for each other. One core is left to what makes the batches:
    # threads that have to share one make a step several times as slow.
    return max(1, min(cores - 1, 8)) if pictures else 1


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Run a block with a number of torch's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def mixed_precision(device: str, precision: str = "mixed") -> torch.autocast:
    """Return a context of mixed precision (bfloat16) on a GPU that has it; off elsewhere.

    Args:
        device: What is trained on.
        precision: ``"mixed"``, or ``"full"`` to leave it off everywhere.
    """
    kind = device.partition(":")[0]
    able = precision == "mixed" and kind == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=able)

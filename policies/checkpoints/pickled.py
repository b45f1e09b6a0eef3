"""Pickled files of other projects: recognised by what they name, read as tensors or refused.

A pickle is a program. What stands in one is found by walking over its instructions
(:mod:`pickletools`), none of which is carried out; so robomimic's ``.pth``, Diffusion Policy's
``.ckpt`` and other files of torch are told apart, and whoever gives one where a policy is due is
told how to steer it. Files of plain tensors are read by :func:`read_torch_file`.
"""

from __future__ import annotations

import os
import pickletools
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from policies.errors import CheckpointError, ZprlError

if TYPE_CHECKING:
    from torch import Tensor

ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".zip", ".dill", ".joblib")
"""Endings that files of this kind have; what counts is their content."""
MOST_BYTES, MOST_STEPS, MOST_TEXT = 64 * 2**20, 300_000, 200
"""Bytes of a pickle, instructions, and letters of a text in it that are looked at."""
PLAIN = {
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.Size",
    "torch.device",
}
"""Names of a file that holds tensors, texts and numbers alone, besides torch's storages."""
FIXED_SINCE = (2, 6)
"""Version of torch since which its reader of plain tensors runs no code."""
STEER = (
    "Steer its policy where it can be loaded: write my_lab.py with a function make_policy that "
    "loads it (docs/guides/policy.md), and give --policy my_lab:make_policy with --policy-python, "
    "its own interpreter; or run there: python -m policies.serve --policy my_lab:make_policy."
)
COPY = (
    "Write its episodes as HDF5 where it can be loaded, by "
    "policies.demonstrations.DemonstrationWriter (docs/guides/lerobot-data.md)."
)
"""Advice for a pickled policy, and for pickled episodes."""
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of what torch.save wrote before 1.6."""
_STRANGE = {"INST", "OBJ", "STACK_GLOBAL", "POP", "POP_MARK", "DUP", "EXT1", "EXT2", "EXT4"}
"""Instructions that torch.save never writes beside tensors, and that names could be hidden by."""
_TEXTS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"}
_GETS, _PUTS = {"BINGET", "LONG_BINGET", "GET"}, {"BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"}


class Pickled(NamedTuple):
    """A pickled file, as far as it can be told without loading it.

    Attributes:
        path: Where it is.
        format: What wrote it, in words.
        names: Functions and classes that loading it would call, sorted.
        plain: Whether they are those of tensors alone.
    """

    path: Path
    format: str
    names: tuple[str, ...]
    plain: bool

    def refusal(self, instead: str = "") -> str:
        """Say what it is, why it is not loaded, and what to do.

        Args:
            instead: What to do; for a policy, how it is steered all the same, if not given.
        """
        would = [name for name in self.names if not _is_plain(name)]
        calls = f", whose loading would call {', '.join(would[:3])}" if would else ""
        more = f" and {len(would) - 3} more" if len(would) > 3 else ""
        tensors = (
            " Its tensors are read by policies.checkpoints.pickled.read_torch_file, into a network "
            "of your own."
            if self.plain
            else ""
        )
        return (
            f"Got: {self.path}, {self.format}{calls}{more}. It is pickled, which can run code, and "
            f"is never loaded here.{tensors} {instead or STEER}"
        )


FORMATS: tuple[tuple[str, frozenset[str]], ...] = (
    ("a policy of robomimic", frozenset({"algo_name", "config", "shape_metadata"})),
    ("a checkpoint of Diffusion Policy", frozenset({"cfg", "state_dicts", "pickles"})),
    ("a checkpoint of PyTorch Lightning", frozenset({"pytorch-lightning_version", "state_dict"})),
    ("a checkpoint of DPPO's or DICE-RL's kind", frozenset({"epoch", "model", "ema"})),
    ("a checkpoint of rsl_rl", frozenset({"model_state_dict", "optimizer_state_dict", "iter"})),
)
"""Formats by texts that stand in every file of theirs; the first that fits is meant."""


def recognise(path: str | os.PathLike[str]) -> Pickled | None:
    """Recognise a pickled file by its content, of which nothing is loaded.

    Args:
        path: Any path.

    Returns:
        What it is; None for anything else, such as a folder or a file of other content.

    >>> recognise("setup.py") is None
    True
    """
    place = Path(path)
    with suppress(OSError):
        if not place.is_file():
            return None
        if zipfile.is_zipfile(place):
            return _archive(place)
        with place.open("rb") as file:
            start = file.read(len(_LEGACY))
            if start == _LEGACY:
                return _told(place, file.read(MOST_BYTES), "a file of torch before 1.6", 3)
            if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
                return _told(place, start + file.read(MOST_BYTES), "an object of Python's")
    return None


def refuse_pickled(
    path: str | os.PathLike[str],
    must: str,
    error: type[ZprlError] = CheckpointError,
    instead: str = "",
) -> None:
    """Refuse a pickled file, or a folder that holds one in place of what is due.

    Args:
        path: A file, or a folder that was found to lack what it must hold.
        must: What must be there, as the error's first sentence.
        error: Kind of the error.
        instead: What to do; see :meth:`Pickled.refusal`.

    Raises:
        ZprlError: It is one, of that kind.
    """
    found = next(filter(None, map(recognise, _candidates(Path(path)))), None)
    if found is not None:
        raise error(f"{must} {found.refusal(instead)}")


def read_torch_file(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Read the tensors of a torch file that holds nothing that could run code.

    Args:
        path: What ``torch.save`` wrote: a state dict, or mappings with such in them.

    Returns:
        Tensors by name, on the CPU; names of nested mappings are joined by dots, so that DPPO's
        averaged weights begin with ``ema.``. What is no tensor is left out.

    Raises:
        CheckpointError: It is no such file, names anything but tensors, or holds none; or torch is
            too old to read it safely.
    """
    import torch

    found = recognise(path)
    if found is None:
        raise CheckpointError(f"{path} must be a file that torch.save wrote. Got: none there.")
    if not found.plain:
        raise CheckpointError(f"{path} must hold tensors and nothing else. {found.refusal()}")
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < FIXED_SINCE:
        raise CheckpointError(
            f"torch must be {'.'.join(map(str, FIXED_SINCE))} or newer to read {path} without "
            f"running what is in it. Got: {torch.__version__}. Update torch."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what it raises over damaged files has no common kind
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path} must be a complete torch file. Got: {reason}") from error
    tensors = dict(_tensors(content))
    if not tensors:
        raise CheckpointError(f"{path} must hold tensors by name. Got: {type(content).__name__}.")
    return tensors


def _tensors(content: Any, before: str = "") -> Iterator[tuple[str, Tensor]]:
    import torch

    items = content.items() if isinstance(content, dict) else ()
    for name, value in items:
        whole = f"{before}.{name}" if before else str(name)
        if isinstance(value, torch.Tensor):
            yield whole, value.detach()
        else:
            yield from _tensors(value, whole)


def _candidates(path: Path) -> Iterator[Path]:
    """Yield files to look at: the path itself, or what a folder and those below it hold."""
    if not path.is_dir():
        yield path
        return
    for pattern in ("*", "*/*"):
        with suppress(OSError):
            found = sorted(place for place in path.glob(pattern) if place.suffix in ENDINGS)
            yield from found[:20]


def _archive(path: Path) -> Pickled | None:
    """Recognise a zip of torch's or of Stable-Baselines3's; None for others, such as zarr's."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            inner = [name for name in members if name.endswith("/data.pkl") or name == "data.pkl"]
            if "policy.pth" in members and "data" in members:
                return Pickled(path, "a model of Stable-Baselines3", (), False)
            if not inner:
                return None
            beside = inner[0].removesuffix("data.pkl")
            if any(name.startswith(f"{beside}code/") for name in members):
                return Pickled(path, "a program of TorchScript", (), False)
            with archive.open(inner[0]) as file:
                content = file.read(MOST_BYTES)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError):
        return None
    return _told(path, content, "a file of torch")


def _told(path: Path, content: bytes, usual: str, pickles: int = 1) -> Pickled | None:
    """Say what a file is, by the texts and names in its first pickles; None if it is none."""
    found: dict[str, set[str]] = {"name": set(), "text": set(), "strange": set()}
    file = BytesIO(content)
    try:
        for _ in range(pickles):
            for kind, text in _instructions(file):
                found[kind].add(text)
    except Exception as error:  # damaged, or none at all: pickletools raises as it comes
        if not found["name"] and not found["text"]:
            return None
        found["strange"].add(type(error).__name__)
    known = next((name for name, due in FORMATS if due <= found["text"]), usual)
    plain = "torch" in usual and not found["strange"] and all(map(_is_plain, found["name"]))
    return Pickled(path, known, tuple(sorted(found["name"])), plain)


def _is_plain(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    storage = attribute.endswith("Storage") and module in ("torch", "torch.storage")
    kind = module == "torch" and attribute.rstrip("0123456789") in ("float", "int", "uint", "bool")
    return name in PLAIN or storage or kind or name in ("torch.bfloat16", "torch.half")


def _instructions(file: BytesIO) -> Iterator[tuple[str, str]]:
    """Walk over a pickle; yield names that it would look up, texts, and strange instructions."""
    memo: dict[int, str | None] = {}
    pushed: list[str | None] = []  # texts on the stack, as far as names need them
    for step, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        kind = opcode.name
        if step > MOST_STEPS:
            yield "strange", "more than is looked at"
            return
        if kind in _PUTS:
            memo[len(memo) if kind == "MEMOIZE" else int(argument or 0)] = (
                pushed[-1] if pushed else None
            )
            continue
        text = str(argument)[:MOST_TEXT] if kind in _TEXTS else None
        if text is not None:
            yield "text", text
        elif kind in _GETS:
            text = memo.get(int(argument or 0))
        elif kind in ("GLOBAL", "INST"):
            yield "name", ".".join(str(argument).split(" ", 1))
        elif kind == "STACK_GLOBAL":
            module, attribute = [None, None, *pushed][-2:]
            yield "name", f"{module or '?'}.{attribute or '?'}"
        if kind in _STRANGE:
            yield "strange", kind
        pushed = [*pushed, text][-8:]

"""Unfinished fit: the state of a training run on disk, so that a killed or interrupted one resumes.

The folder ``OUT.partial`` holds the newest states, each a file that is whole or not there at all.
The same command goes on from the newest one that is sound, to the same bits.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.numpy
import torch
from torch import Tensor

from policies.checkpoints.output import WRITER, locked_folder, package_version
from policies.checkpoints.plain_json import parse_json, shown
from policies.checkpoints.tensor_file import arrays_hash, check_finite, read_arrays, read_header
from policies.checkpoints.whole import PARTIAL, beside, replace_file
from policies.commands.signals import answering
from policies.errors import CheckpointError, ConfigurationError, ZprlError

EVERY = 10.0
"""Seconds between two states; as much is lost if the process is killed."""
KEPT = 2
TRIES, PAUSE = 13, 5.0
"""Tries to write a result that would be lost otherwise, and seconds between them."""
_FACTS = "facts"


class State(NamedTuple):
    """State of a fit between two steps.

    Attributes:
        tensors: Weights, averages, the optimiser's moments and the random generator, by name.
        facts: Values of JSON: ``step``, the losses so far and the like.
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class UnfinishedFit:
    """The folder ``OUT.partial``, locked while this object is used.

    Args:
        folder: The folder; it exists and is ours.
        overwrite: Whether the beginning of another fit in it is deleted rather than refused.
        every: Seconds between two states.
        say: Told what is gone on with, what is damaged and what is kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        overwrite: bool = False,
        every: float = EVERY,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.folder, self.every, self.seconds = folder, every, 0.0
        self._overwrite = overwrite
        self._say = say or (lambda text: print(text, file=sys.stderr))
        self._settings: dict[str, Any] = {}
        self._began = self._saved = time.monotonic()
        self._requested = self._patient = False

    def begin(self, settings: Mapping[str, Any]) -> State | None:
        """Find the newest sound state of this very fit.

        Args:
            settings: All that the outcome follows from, as values of JSON.

        Returns:
            The state, or None if there is none: then the fit begins at its first step.

        Raises:
            ConfigurationError: The folder holds the beginning of another fit.
        """
        self._settings = json.loads(json.dumps(settings))
        for path in self.states():
            try:
                state = _read(path)
            except (ZprlError, KeyError, TypeError, ValueError) as error:
                self._say(f"{path} is damaged and left out: {' '.join(str(error).split())}")
                continue
            if not self._agrees(state.facts["settings"]):
                break
            self.seconds = float(state.facts["seconds"])
            step = state.facts["step"]
            self._say(f"going on after step {step:,}, as kept in {self.folder}")
            before, now = state.facts["versions"], self._settings.get("versions", {})
            if state.facts["versions"] != self._settings.get("versions", {}):
                self._say(f"though not to the bit: it was kept with {before}, now {now}")
            return state
        for path in self.states():
            path.unlink()
        return None

    def _agrees(self, begun: Mapping[str, Any]) -> bool:
        now = self._settings
        differ = sorted(n for n in {*begun, *now} - {"versions"} if begun.get(n) != now.get(n))
        if differ and not self._overwrite:
            there = ", ".join(f"{name} {shown(begun.get(name))}" for name in differ)
            here = ", ".join(f"{name} {shown(now.get(name))}" for name in differ)
            raise ConfigurationError(
                f"{self.folder} holds the beginning of another training, with {there}. "
                f"Got: {here}. Go on with its own command, or begin anew with --overwrite."
            )
        return not differ

    def after_step(self, state: Callable[[], State]) -> None:
        """Keep the state if it is time to, or if the end was requested.

        Raises:
            KeyboardInterrupt: The end was requested; the state is kept.
        """
        if self._requested:
            self.interrupted(state())
            raise KeyboardInterrupt
        if time.monotonic() - self._saved >= self.every:
            self.keep(state())

    def interrupted(self, state: State) -> None:
        """Keep the state that the fit is interrupted in, and say so."""
        self.keep(state)
        step = state.facts["step"]
        self._say(f"interrupted after step {step:,}; the same command goes on from {self.folder}")

    def keep(self, state: State) -> None:
        """Write a state, and delete those that are too old.

        Raises:
            CheckpointError: A weight is no longer finite; the states before stay as they are.
        """
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in state.tensors.items()}
        path = self.folder / f"{state.facts['step']:09d}.safetensors"
        check_finite(arrays, path)
        facts = {
            **state.facts,
            "seconds": self.seconds + time.monotonic() - self._began,
            "settings": self._settings,
            "versions": self._settings.get("versions", {}),
            WRITER: package_version(),
            "sha256": arrays_hash(arrays),
        }
        text = json.dumps(facts)
        sealed = {_FACTS: text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        try:
            replace_file(path, safetensors.numpy.save(arrays, sealed))
        except OSError as error:  # a full disk costs what could be resumed, and not the training
            self._say(f"cannot keep the training's state in {self.folder}: {error}; it goes on")
        for old in self.states()[KEPT:]:
            old.unlink(missing_ok=True)
        self._saved = time.monotonic()

    def finish(self, save: Callable[[], object]) -> None:
        """Write the result; a disk that has no room for it, nor had for a state, is waited for.

        Args:
            save: Writes it.

        Raises:
            OSError: It cannot be written.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                save()
                return
            except OSError as error:
                if self.states() or not tries_left:  # from which the same command goes on
                    raise
                if tries_left == TRIES - 1:
                    self._say(
                        f"cannot write the result, which is kept nowhere yet: {error}; trying "
                        f"again for {TRIES * PAUSE:.0f} s, make room"
                    )
                time.sleep(PAUSE)

    def states(self) -> list[Path]:
        """Return the states' files, the newest first."""
        return sorted(self.folder.glob("[0-9]*.safetensors"), reverse=True)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Obey the wish to end at once for a while, in which nothing is half done."""
        self._patient = False
        try:
            if self._requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._patient = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note the wish to end until a step is whole: Ctrl-C, SIGTERM, a lost terminal's SIGHUP.

        Outside the main thread, where no signals arrive, nothing is done.
        """
        with answering(self._on_signal):
            self._patient = True
            try:
                yield
            finally:
                self._patient = False

    def _on_signal(self) -> None:
        if not self._patient or self._requested:
            raise KeyboardInterrupt
        self._requested = True


@contextmanager
def unfinished_fit(
    out: Path, overwrite: bool = False, every: float = EVERY
) -> Iterator[UnfinishedFit]:
    """Open ``OUT.partial`` for a fit whose result is to be ``out``; delete it when that is there.

    Args:
        out: Folder of the checkpoint to be.
        overwrite: Whether the beginning of another fit is deleted rather than refused.
        every: Seconds between two states.

    Raises:
        CheckpointError: The folder cannot be written.
        OverwriteError: It is the folder that one is in.
        FolderInUseError: Another process is training into it.
    """
    folder = beside(out, PARTIAL)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot write to {folder}: {error}. Choose another --out.") from None
    with locked_folder(folder):
        unfinished = UnfinishedFit(folder, overwrite=overwrite, every=every)
        keep = False
        try:
            yield unfinished
        except BaseException as error:
            # What diverged would diverge again. Anything else that failed, such as an episode that
            # was played meanwhile, costs none of the training.
            keep = unfinished.states() != [] and not isinstance(error, CheckpointError)
            raise
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> State:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    read_header(path)  # and checks the length
    with path.open("rb") as file:
        header = parse_json(file.read(8 + length)[8:], str(path))
    sealed = header["__metadata__"]
    text = sealed[_FACTS].encode()
    if hashlib.sha256(text).hexdigest() != sealed["sha256"]:
        raise CheckpointError(f"{path} is not what was written.")
    facts = parse_json(text, str(path))
    arrays = read_arrays(path)
    if arrays_hash(arrays) != facts["sha256"]:
        raise CheckpointError(f"{path} is not what was written.")
    check_finite(arrays, path)
    return State({name: torch.from_numpy(array) for name, array in arrays.items()}, facts)

"""Unfinished recording: finished episodes are kept on disk, so that a cut-off one resumes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from policies.demonstrations import Demonstrations, DemonstrationWriter
from policies.errors import DemonstrationError
from policies.pictures.settings import PictureSettings
from zprl_env.experts.quality import Quality
from zprl_env.experts.recorded import Episode

QUALITY = "quality"
"""Attribute of an episode that an expert was asked to perform so well."""
REFERENCE = "reference"
"""Group of a file's reference frames: of each camera after ``reset(seed=0)``."""


class UnfinishedRecording:
    """The folder ``OUT.partial`` with one file per finished episode.

    A file appears only when its episode is complete, so that a process can be killed at any
    moment. Whoever opens the folder with the same settings finds the episodes there are.

    Args:
        out: The file that the recording is to become.
        settings: Everything the episodes follow from, as JSON knows it.
        pictures: What the episodes' frames are made with, if they have some.

    Raises:
        DemonstrationError: The folder cannot be written, is in use, or holds episodes of other
            settings.
    """

    def __init__(
        self, out: Path, settings: Mapping[str, Any], pictures: PictureSettings | None = None
    ) -> None:
        self._pictures = pictures
        self.folder = out.with_name(f"{out.name}.partial")
        self._left: dict[int, Episode] = {}
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = (self.folder / "recording.json").open("a+", encoding="utf-8")
        except OSError as error:
            raise DemonstrationError(f"cannot write demonstrations to {out}: {error}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._agree()
        except BlockingIOError as error:
            self._file.close()
            raise DemonstrationError(f"another recording is writing to {self.folder}.") from error
        except OSError as error:
            with suppress(OSError):  # what a full disk did not take, it still holds
                self._file.close()
            with suppress(OSError):
                if not (self.folder / "recording.json").stat().st_size:
                    (self.folder / "recording.json").unlink()
                    self.folder.rmdir()
            raise DemonstrationError(f"cannot write demonstrations to {out}: {error}.") from error
        except DemonstrationError:
            self._file.close()
            raise

    def _agree(self) -> None:
        """Write the settings, or compare them with those that the folder was begun with."""
        self._file.seek(0)
        try:
            begun = json.load(self._file)
        except json.JSONDecodeError:  # killed before the first line was written
            self._file.truncate(0)
            json.dump(self.settings, self._file, indent=1)
            self._file.flush()
            return
        names = sorted({*begun, *self.settings})
        differ = [name for name in names if begun.get(name) != self.settings.get(name)]
        if differ:
            there = ", ".join(f"{name} {begun.get(name)}" for name in differ)
            here = ", ".join(f"{name} {self.settings.get(name)}" for name in differ)
            raise DemonstrationError(
                f"{self.folder} holds the beginning of another recording, with {there}. "
                f"Got: {here}. Go on with its own command, or delete that folder."
            )

    def add(self, index: int, episode: Episode) -> None:
        """Keep a finished episode."""
        path = self._path(index)
        with self._writing(path, path.with_suffix(".writing")) as append:
            append(episode)

    def keep(self, index: int, episode: Episode, say: Callable[[str], object]) -> None:
        """Keep a finished episode; on a full disk say so, and try again with the next one.

        Args:
            index: Its number.
            episode: The episode.
            say: Told of what could not be written.
        """
        self._left[index] = episode
        for number, left in [*self._left.items()]:
            try:
                self.add(number, left)
            except DemonstrationError as error:
                say(f"{len(self._left)} episodes are not kept yet and tried again later: {error}")
                return
            del self._left[number]

    def check(self) -> None:
        """Try a last time to keep what :meth:`keep` could not.

        Raises:
            DemonstrationError: Episodes cannot be kept.
        """
        for number in [*self._left]:
            self.add(number, self._left[number])
            del self._left[number]

    def episodes(self) -> dict[int, Episode]:
        """Read the finished episodes by number; a damaged file counts as none."""
        found = {}
        keys = self.settings["observation_keys"]
        cameras = None if self._pictures is None else self._pictures.cameras
        for index in range(self.settings["episodes"]):
            with suppress(DemonstrationError):
                found[index] = _read(self._path(index), keys, cameras)
        return found

    def write(
        self,
        out: Path,
        episodes: list[Episode],
        reference: Mapping[str, np.ndarray] | None = None,
        **remarks: Any,
    ) -> None:
        """Write episodes into one file, which appears when it is complete.

        Args:
            out: The file.
            episodes: What to write.
            reference: A picture of each camera that others can take again, to compare.
            **remarks: On the whole file.
        """
        whole = self.folder / "whole.hdf5"
        with self._writing(out, whole, seal=remarks, reference=reference) as append:
            for episode in episodes:
                append(episode)

    @contextmanager
    def _writing(
        self,
        out: Path,
        partial: Path,
        seal: Mapping[str, Any] | None = None,
        reference: Mapping[str, np.ndarray] | None = None,
    ) -> Iterator[Callable[[Episode], None]]:
        """Give a function that appends episodes to a file, which becomes ``out`` at the end."""
        try:
            # HDF5 writes into memory: a file of its own that a disk has no room for, it cannot even
            # close. Frames would fill the memory.
            content: BytesIO | Path = partial if self._pictures else BytesIO()
            partial.unlink(missing_ok=True)
            with self._written(content, seal) as append:
                yield append
            for camera, picture in (reference or {}).items():
                with h5py.File(content, "a") as file:
                    file.create_dataset(f"{REFERENCE}/{camera}", data=picture, compression="gzip")
            if isinstance(content, BytesIO):
                partial.write_bytes(content.getbuffer())
            os.replace(partial, out)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise DemonstrationError(
                f"Expected to write {out}. Got: {' '.join(str(error).split())[:160]}. Make room "
                f"and give the same command again: it goes on from the episodes in {self.folder}."
            ) from error

    @contextmanager
    def _written(
        self, content: BytesIO | Path, seal: Mapping[str, Any] | None
    ) -> Iterator[Callable[[Episode], None]]:
        keys = self.settings["observation_keys"]
        env_args = self.settings["env_args"]
        with DemonstrationWriter(content, env_args, keys, self._pictures) as writer:

            def append(episode: Episode) -> None:
                said = {} if episode.quality is None else {QUALITY: _json(episode.quality)}
                writer.append(episode.trajectory, seed=episode.seed, **said)

            yield append
            if seal is not None:
                writer.seal(**seal)

    def discard(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def __enter__(self) -> UnfinishedRecording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.folder.exists() and not any(self.folder.glob("*.hdf5")):
            self.discard()  # nothing would be lost
        self._file.close()

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:05d}.hdf5"


def _json(quality: Quality) -> str:
    return json.dumps(asdict(quality))


def _quality(text: str) -> Quality:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(text).items()
    }
    return Quality(**values)


def _read(path: Path, keys: Sequence[str], cameras: Sequence[str] | None) -> Episode:
    demonstrations = Demonstrations.load(path, keys, old_robosuite="keep", cameras=cameras)
    (trajectory,) = demonstrations.trajectories
    with h5py.File(path, "r") as file:
        attributes = dict(file["data/demo_0"].attrs)
    return Episode(
        seed=int(attributes["seed"]),
        quality=_quality(attributes[QUALITY]) if QUALITY in attributes else None,
        trajectory=trajectory,
        success=bool(trajectory.success),
    )

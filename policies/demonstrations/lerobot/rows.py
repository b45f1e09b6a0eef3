"""Rows of a LeRobotDataset's episodes, read column by column and a part at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from policies.demonstrations.formats.hdf5 import LARGE
from policies.demonstrations.lerobot.episodes import (
    EpisodePlace,
    check_file,
    open_parquet,
    state_of,
)
from policies.demonstrations.lerobot.info import BOOKKEEPING
from policies.errors import DemonstrationError


class RowFile:
    """A parquet file of rows: what counts them is in memory, the rest is read when it is needed.

    Args:
        path: The file.

    Attributes:
        path: The file.
        counts: ``episode_index`` and the other numbers of `BOOKKEEPING`, a value each row.
        columns: Names of all columns.

    Raises:
        DemonstrationError: It is damaged, or lacks some of them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        check_file(path)
        self._as_it_was = state_of(path)
        with open_parquet(path) as file:
            schema, meta = file.schema_arrow, file.metadata
            self.columns = {name: str(schema.field(name).type) for name in schema.names}
            missing = [name for name in BOOKKEEPING if name not in self.columns]
            if missing:
                raise DemonstrationError(
                    f"{path} must have columns {', '.join(BOOKKEEPING)}. Got none of: "
                    f"{', '.join(missing)}."
                )
            sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
            table = file.read(columns=list(BOOKKEEPING))
            self.counts = {name: _numpy(table.column(name)) for name in BOOKKEEPING}
        self._starts = np.cumsum([0, *sizes])

    def find(self, place: EpisodePlace) -> slice:
        """Find an episode's rows, and check that they are its own, all, and in order.

        Raises:
            DemonstrationError: They are not.
        """
        if not place.length:
            raise DemonstrationError(f"{place.name} must have steps. Got: a length of 0.")
        episodes = self.counts["episode_index"]
        rows = np.flatnonzero(episodes == place.number)
        if len(rows) != place.length:
            there = np.unique(episodes)
            shown = f"{there[0]} to {there[-1]}" if len(there) else "none"
            raise DemonstrationError(
                f"{place.name} must have the {place.length} rows that its length says in "
                f"{self.path}, where the list of episodes has it. Got: {len(rows)}; the file has "
                f"{len(episodes)} rows of the episodes {shown}."
            )
        begin, end = int(rows[0]), int(rows[-1]) + 1
        steps = self.counts["frame_index"][begin:end]
        index = self.counts["index"][begin:end]
        if end - begin != place.length or not np.array_equal(steps, np.arange(place.length)):
            raise DemonstrationError(
                f"rows of {place.name} must follow each other with frame_index 0 to "
                f"{place.length - 1}. Got: frame_index {steps[:5].tolist()}, ... in {self.path}."
            )
        first = int(index[0]) if place.begin is None else place.begin
        if not np.array_equal(index, first + np.arange(place.length)):
            raise DemonstrationError(
                f"index of {place.name} must count on from {first}, each number once in the "
                f"dataset. Got: {index[:5].tolist()}, ... in {self.path}."
            )
        return slice(begin, end)

    def read(self, column: str, rows: slice) -> Any:
        """Read rows of one column, out of no more of the file than has them.

        Returns:
            pyarrow's chunked array.
        """
        first = int(np.searchsorted(self._starts, rows.start, side="right")) - 1
        last = int(np.searchsorted(self._starts, rows.stop, side="left"))
        self.check_unchanged()
        with open_parquet(self.path) as file:
            size = sum(file.metadata.row_group(i).total_byte_size for i in range(first, last))
            if size > 64 * LARGE:
                raise DemonstrationError(f"{self.path} must have smaller groups of rows: {size}.")
            table = file.read_row_groups([*range(first, last)], columns=[column])
        offset = int(self._starts[first])
        return table.column(column).slice(rows.start - offset, rows.stop - rows.start)

    def check_unchanged(self) -> None:
        """Check that the file is still the one that was opened.

        Raises:
            DemonstrationError: It is another one.
        """
        check_file(self.path)
        if state_of(self.path) != self._as_it_was:
            raise DemonstrationError(
                f"{self.path} must be as it was when it was opened. Somebody changed the file; "
                "begin again."
            )

    def numbers(self, column: str, rows: slice, shape: tuple[int, ...]) -> np.ndarray:
        """Read rows of one column of numbers.

        Args:
            column: Its name.
            rows: Which.
            shape: Of one row, as the dataset states it.

        Returns:
            Shape ``(T, *shape)``; ``(T,)`` where the shape is ``(1,)`` and rows are single numbers.

        Raises:
            DemonstrationError: A row is missing or has another number of values.
        """
        values = self.read(column, rows)
        if values.null_count:
            raise DemonstrationError(f"{column} must have a value in each row. Got: empty ones.")
        flat, steps = values.combine_chunks(), rows.stop - rows.start
        nested = False
        while hasattr(flat, "flatten") and str(flat.type).startswith(("list", "fixed", "large_l")):
            flat, nested = flat.flatten(), True
        array = np.asarray(flat.to_numpy(zero_copy_only=False))
        if not nested:
            return array
        if array.dtype.kind not in "fiub" or array.size != steps * math.prod(shape):
            raise DemonstrationError(
                f"{column} must have {' x '.join(map(str, shape))} numbers in each row, as "
                f"meta/info.json says. Got: {array.size} {array.dtype} in {steps} rows."
            )
        return array.reshape(steps, *shape)


def _numpy(column: Any) -> np.ndarray:
    return np.asarray(column.to_numpy())

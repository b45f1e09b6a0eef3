"""Tables of a LeRobotDataset: rows, tasks and episodes, as parquet with Hugging Face's remarks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from policies.demonstrations.lerobot.extra import arrow, parquet
from policies.demonstrations.lerobot.stats import Stats

DATA = {
    True: "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    False: "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
}
"""Place of rows, in v3 and in v2.1."""
VIDEO = {
    True: "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    False: "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
}
"""Place of videos, in v3 and in v2.1."""
MOST_ROWS = 100 * 2**20
"""Bytes from which the next episode begins a file of its own, in v3."""
GROUP = 256
"""Rows that are read at once."""


class RowWriter:
    """Writer of episodes' rows: a file for each, or, in v3, for as many as fit.

    Args:
        folder: The dataset.
        features: As ``meta/info.json`` has them.
        v3: Whether it is of version 3.
        chunk: Files in a folder.
    """

    def __init__(self, folder: Path, features: Mapping[str, Any], v3: bool, chunk: int) -> None:
        self._folder, self._v3, self._chunk = folder, v3, chunk
        self._features = {n: f for n, f in features.items() if f["dtype"] != "video"}
        self._schema = _schema(self._features)
        self._writer: Any = None
        self._number, self._bytes = -1, 0

    def add(
        self,
        number: int,
        columns: Mapping[str, np.ndarray],
        pictures: Mapping[str, Sequence[bytes]],
    ) -> dict[str, Any]:
        """Add an episode, and say where it is.

        Args:
            number: Its number.
            columns: Values by feature.
            pictures: Encoded pictures by feature.
        """
        pa = arrow()
        arrays = []
        for name in self._features:
            kind = self._schema.field(name).type
            if name in pictures:
                found = [
                    {"bytes": data, "path": f"frame-{i:06d}.png"}
                    for i, data in enumerate(pictures[name])
                ]
                arrays.append(pa.array(found, kind))
                continue
            values = columns[name]
            if pa.types.is_fixed_size_list(kind):
                flat = pa.array(np.ascontiguousarray(values).ravel(), kind.value_type)
                arrays.append(pa.FixedSizeListArray.from_arrays(flat, kind.list_size))
            else:
                arrays.append(pa.array(np.ravel(values), kind))
        table = pa.Table.from_arrays(arrays, schema=self._schema)
        if self._writer is None or not self._v3 or self._bytes > MOST_ROWS:
            self.close()
            self._open()
        self._writer.write_table(table, row_group_size=GROUP)
        self._bytes += table.nbytes
        chunk, file = divmod(self._number, self._chunk)
        return {"data/chunk_index": chunk, "data/file_index": file}

    def close(self) -> None:
        """Finish the file that is being written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> None:
        self._number += 1
        chunk, file = divmod(self._number, self._chunk)
        fields = (
            {"chunk_index": chunk, "file_index": file}
            if self._v3
            else {"episode_chunk": chunk, "episode_index": self._number}
        )
        path = self._folder / DATA[self._v3].format(**fields)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer, self._bytes = parquet().ParquetWriter(path, self._schema), 0


def tasks_table(tasks: Sequence[str]) -> Any:
    """Return the table of tasks, whose index pandas finds in their texts."""
    pa = arrow()
    index = "__index_level_0__"
    columns = [
        {
            "name": "task_index",
            "field_name": "task_index",
            "pandas_type": "int64",
            "numpy_type": "int64",
            "metadata": None,
        },
        {
            "name": None,
            "field_name": index,
            "pandas_type": "unicode",
            "numpy_type": "object",
            "metadata": None,
        },
    ]
    about: dict[str, Any] = {"index_columns": [index], "column_indexes": [], "columns": columns}
    about |= {"creator": {"library": "pyarrow", "version": pa.__version__}, "pandas_version": "2.0"}
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), index: [*tasks]})
    return table.replace_schema_metadata({"pandas": json.dumps(about)})


def episode_table(
    described: Sequence[Mapping[str, Any]], stats: Sequence[Mapping[str, Stats]]
) -> Any:
    """Return the table of episodes, with the statistics of each.

    Args:
        described: Where each episode is.
        stats: Their statistics by feature.
    """
    columns: dict[str, list[Any]] = {
        name: [row[name] for row in described] for name in described[0]
    }
    for feature, kinds in stats[0].items():
        for kind in kinds:
            name = f"stats/{feature}/{kind}"
            columns[name] = [own[feature][kind].tolist() for own in stats]
    zeros = [0] * len(described)
    columns |= {"meta/episodes/chunk_index": zeros, "meta/episodes/file_index": [*zeros]}
    return arrow().table(columns)


def _schema(features: Mapping[str, Any]) -> Any:
    """Return the columns' types, with what Hugging Face's datasets know them by."""
    pa = arrow()
    fields: list[Any] = []
    known: dict[str, Any] = {}
    for name, feature in features.items():
        if feature["dtype"] == "image":
            kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
            known[name] = {"_type": "Image"}
        else:
            dtype = feature["dtype"]
            kind = pa.bool_() if dtype == "bool" else pa.from_numpy_dtype(np.dtype(dtype))
            known[name] = {"dtype": dtype, "_type": "Value"}
            (size,) = feature["shape"]
            if size != 1:
                kind = pa.list_(kind, size)
                known[name] = {"feature": known[name], "length": size, "_type": "Sequence"}
        fields.append(pa.field(name, kind))
    about = json.dumps({"info": {"features": known}})
    return pa.schema(fields, metadata={"huggingface": about})

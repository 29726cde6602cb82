"""A table is a folder of Parquet shards, sorted by record id, whose bytes depend on its rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS = 50_000  # per shard; a smaller table has one

# text, number, whole (a whole number), file (bytes and path), texts (a list of them); [kind] is a list of a kind, and
# {name: kind} an object with these keys
Kind = str | list[Any] | dict[str, Any]
Columns = Mapping[str, Kind]


@dataclass(frozen=True)
class Shard:
    """A file of a table, small enough to hand to a worker."""

    path: str

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        return _frame(_read(self.path, columns))


def shards(folder: str | Path) -> list[Shard]:
    """List the shards of a table in their order.

    Raises
    ------
    InputError
        The folder holds no table.
    """
    paths = sorted(Path(folder).glob("part-*.parquet"))
    if not paths:
        raise InputError(f"{folder} holds no table; dvc repro makes it")
    return [Shard(str(path)) for path in paths]


def read(folder: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a whole table, sorted by id."""
    import pyarrow as pa

    return _frame(pa.concat_tables([_read(shard.path, columns) for shard in shards(folder)]))


def read_columns(folder: str | Path, columns: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """Read columns of a whole table as plain lists, sorted by id, with None for what is missing.

    For stages that need no frame: importing pandas takes them as long as their work. (Writing a table imports it.)
    """
    import pyarrow as pa

    return pa.concat_tables([_read(shard.path, columns) for shard in shards(folder)]).to_pydict()


def write(folder: str | Path, frames: Iterable[pd.DataFrame], columns: Columns, rows: int = ROWS) -> int:
    """Write a table from frames that are sorted by id, one after the other; return the number of rows.

    The rules that keep the bytes stable: an explicit schema, no pandas metadata, one chunk and one row group per
    shard, a fixed compression level. A table without rows has one empty shard, so that its schema is kept.

    Parameters
    ----------
    folder
        Made if need be; must not hold a table.
    frames
        Frames with at least the columns; others are left out. They may have any number of rows.
    columns
        Name and type of each column, in order.
    rows
        Rows per shard; the last may have fewer.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema_of(columns)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)  # it may hold the records' files
    if any(folder.glob("part-*.parquet")):
        raise FileExistsError(f"{folder} holds a table already")
    count = total = 0

    def put(table: pa.Table) -> None:
        nonlocal count
        pq.write_table(
            table.combine_chunks(),
            folder / f"part-{count:05d}.parquet",
            compression="zstd",
            compression_level=1,
            use_dictionary=False,  # texts and hashes are all different: it costs more time, and space, than it saves
            row_group_size=rows,
            store_schema=False,
        )
        count += 1

    waiting = schema.empty_table()
    for frame in frames:
        table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        waiting = pa.concat_tables([waiting, table.replace_schema_metadata(None)])
        total += len(table)
        while len(waiting) >= rows:
            put(waiting.slice(0, rows))
            waiting = waiting.slice(rows)
    if len(waiting) or not count:
        put(waiting)
    return total


def schema_of(columns: Columns) -> pa.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "whole": pa.int64(),
        "texts": pa.list_(pa.string()),
        "file": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    }

    def type_of(kind: Kind) -> pa.DataType:
        if isinstance(kind, str):
            return types[kind]
        if isinstance(kind, list):
            return pa.list_(type_of(kind[0]))
        return pa.struct([(name, type_of(each)) for name, each in kind.items()])

    return pa.schema([(name, type_of(kind)) for name, kind in columns.items()])


def plain(cell: Any) -> Any:
    """Give a table's cell as plain JSON: None where there is none, and no keys of an object that have none."""
    if isinstance(cell, str) or cell is None:
        return cell
    if isinstance(cell, dict):
        return {key: plain(each) for key, each in cell.items() if each is not None}
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if isinstance(cell, list):
        return [plain(each) for each in cell]
    return None if cell != cell else cell


def empty(columns: Columns) -> pd.DataFrame:
    return _frame(schema_of(columns).empty_table())


def sort_by_id(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort by the code points of `id`, which no locale changes."""
    return frame.sort_values("id", kind="stable", ignore_index=True)


def _read(path: str, columns: Sequence[str] | None) -> pa.Table:
    import pyarrow.parquet as pq

    names = list(columns) if columns is not None else None
    with pq.ParquetFile(path) as file:  # pq.read_table imports pyarrow.dataset, a tenth of a second
        return file.read(names, use_threads=False)


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    text = pd.StringDtype("pyarrow", na_value=float("nan"))
    # a whole number stays one where others are missing
    return table.to_pandas(types_mapper={pa.string(): text, pa.large_string(): text}.get, integer_object_nulls=True)

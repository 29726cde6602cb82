"""Parquet: typed values to their exact text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from stages import InputError
from stages.sources.base import BATCH, require

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(stream: BinaryIO, file: str, columns: Sequence[str]) -> Iterator[tuple[Sequence[int], pa.Table]]:
    """Yield batches of rows: the number of each, from 1, and the columns as text.

    Numbers are written so that reading them back gives the same number, moments as ISO 8601 (in UTC, with a Z, where
    they have a time zone), lists and structs as JSON.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read()))
        names = source.schema_arrow.names
        require(columns, names, file)
        for column in columns:
            if names.count(column) > 1:
                raise InputError(f"{file}: two columns are named {column!r}; rename one")
        first = 1
        for batch in source.iter_batches(BATCH, columns=list(columns), use_threads=False):
            batch.validate(full=True)
            yield range(first, first + len(batch)), as_text(batch, columns, file)
            first += len(batch)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{file}: not a sound Parquet file ({_first_line(error)})") from error


def as_text(table: pa.Table | pa.RecordBatch, columns: Sequence[str], file: str) -> pa.Table:
    """Give the named columns as text, in the same way."""
    import pyarrow as pa

    cells = [_text(table.column(column), f"{file}: the column {column!r}") for column in columns]
    return pa.table(cells, names=list(columns))


def _text(cells: pa.Array | pa.ChunkedArray, place: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = cells.type
    try:
        if pa.types.is_nested(kind):
            texts = [None if value is None else _canonical(value) for value in cells.to_pylist()]
            return pa.array(texts, pa.large_string())
        if not pa.types.is_timestamp(kind):
            return cells.cast(pa.large_string())
        # by way of the count since 1970, so that no time zone of this machine comes in
        text = cells.cast(pa.int64()).cast(pa.timestamp(kind.unit)).cast(pa.large_string())
        if pc.any(pc.starts_with(text, "<")).as_py():
            raise ValueError("a year out of range")
        suffix, nothing = (pa.scalar(each, pa.large_string()) for each in ("Z" if kind.tz else "", ""))
        return pc.binary_join_element_wise(text, suffix, nothing)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise InputError(f"{place}, of type {kind}, has no exact text ({_first_line(error)})") from error


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)

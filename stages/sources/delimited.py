"""CSV and tab-separated values, strictly."""

from __future__ import annotations

import csv
import json
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from stages import InputError
from stages.sources.base import BATCH, require
from stages.sources.decoding import lines

if TYPE_CHECKING:
    import pyarrow as pa

CELL = 1 << 26  # characters in one cell; the csv module's own limit is 131,072


def read_delimited(
    stream: BinaryIO,
    file: str,
    columns: Sequence[str],
    *,
    encoding: str,
    delimiter: str,
    quoted: bool,
    header: Sequence[str] | None,
) -> Iterator[tuple[Sequence[int], pa.Table]]:
    """Yield batches of rows: the line on which each begins, and the columns as text.

    Parameters
    ----------
    quoted
        Whether `"` quotes a cell (RFC 4180); otherwise it is a character like others.
    header
        Names of the columns of a file that has no header row.
    """
    csv.field_size_limit(CELL)  # of the whole process
    reader = csv.reader(
        lines(stream, file, encoding),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    rows = _rows(reader, file)
    if header is None:
        _, header = next(rows, (0, None))
        if header is None:
            raise InputError(f"{file}: empty, without even a header row; name `columns` if there is none")
        twice = next((name for place, name in enumerate(header) if name in header[:place]), None)
        if twice is not None:
            raise InputError(f"{file}, line 1: two columns are named {twice!r}; rename one")
    other = next((sign for sign in ";\t,|" if sign != delimiter and len(header) == 1 and sign in header[0]), None)
    if other and header[0] not in columns:
        raise InputError(
            f"{file}, line 1: no {delimiter!r} between the names of columns, found {header[0]!r:.200}; "
            f"name what is between them, such as `delimiter: {json.dumps(other)}`"
        )
    require(columns, header, file)
    wanted = [header.index(column) for column in columns]
    width = len(header)

    starts, batch = array("q"), []
    for start, row in rows:
        if len(row) != width:
            hint = (
                f"is there a {delimiter!r} too many or too few{', or one in a cell without quotes' if quoted else ''}?"
            )
            raise InputError(f"{file}, line {start}: {len(row)} cells where {width} columns are named; {hint}")
        starts.append(start)
        batch.append(row)
        if len(batch) == BATCH:
            yield starts, _table(batch, columns, wanted)
            starts, batch = array("q"), []
    yield starts, _table(batch, columns, wanted)


def _rows(reader: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    start = 1
    try:
        for row in reader:
            if row:  # an empty line holds no record
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{file}, line {start}: the row that begins here is not valid ({error}); "
            "is a quote left open, or one inside a quoted cell not doubled?"
        ) from error


def _table(rows: list[list[str]], columns: Sequence[str], wanted: Sequence[int]) -> pa.Table:
    import pyarrow as pa

    cells = [pa.array([row[place] for row in rows], pa.large_string()) for place in wanted]
    return pa.table(cells, names=list(columns))

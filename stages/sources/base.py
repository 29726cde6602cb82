"""What a source is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from stages import InputError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000  # rows read at a time


@dataclass(frozen=True)
class Rows:
    """Consecutive records of one file.

    Attributes
    ----------
    file
        Where they are, for messages: a path, with `//` before a member of an archive.
    name
        The file's name among the files of its source; empty where the source is a single file.
    lines
        The line, counted from 1, at which each record begins; or its row, where a file has no lines.
    table
        One `large_string` column for each column that was asked for: text as written, or null.
    unit
        What `lines` counts.
    media
        Gives the bytes of the file that a cell of an image or audio column names; None where that may not be read.
    """

    file: str
    name: str
    lines: Sequence[int]
    table: pa.Table
    unit: Literal["line", "row", "file"] = "line"
    media: Callable[[str], bytes | None] | None = None


class Source(Protocol):
    """Gives records as text; types are the business of later stages."""

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records, in any order.

        Raises
        ------
        InputError
            Something cannot be read exactly, or a column is not there.
        """
        ...


def require(wanted: Iterable[str], found: Sequence[str], file: str) -> None:
    """Raise InputError unless every wanted column is among those found."""
    for column in wanted:
        if column not in found:
            there = ", ".join(map(repr, found)) or "none"
            raise InputError(f"{file}: no column {column!r}; its columns are {there}: correct the file, or the dataset")

"""How records are written in files: the keys that all sources of files share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stages import InputError
from stages.sources.archives import Piece
from stages.sources.base import Rows, require
from stages.sources.decoding import check_encoding, decoded
from stages.sources.delimited import read_delimited
from stages.sources.json_records import read_json_lines, read_json_list
from stages.sources.parquet import read_parquet

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How records are written in files.

    Parameters
    ----------
    format
        `csv`: cells may be quoted with `"` (RFC 4180). `tsv`: tab-separated, and a quote is a character like others.
        `json`: a list of objects. `jsonl`: one object a line. `parquet`. `text`: one record a file, with the columns
        `name` (the part of its path that the patterns leave open) and `text`.
    encoding
        Of the text; any that Python knows. A byte order mark is passed over.
    columns
        Names of the columns of a csv or tsv file without a header row.
    missing
        Texts that stand for a missing value, in every column and format, beside null itself.
    delimiter
        Between the cells of csv or tsv, where it is not the comma or the tab.
    """

    format: Literal["csv", "tsv", "json", "jsonl", "parquet", "text"]
    encoding: str = "utf-8"
    columns: Sequence[str] | None = None
    missing: Sequence[str] = ("",)
    delimiter: str | None = None

    def __post_init__(self) -> None:
        check_encoding(self.encoding)
        for key in ("columns", "delimiter"):
            if getattr(self, key) is not None and self.format not in ("csv", "tsv"):
                raise InputError(f"{key}: only format csv or tsv has it, not {self.format}; remove it")
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise InputError(f"columns: a name occurs twice in {list(self.columns)}; each must be another")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise InputError(f'delimiter: {self.delimiter!r} is not allowed; give one character, not " or a line end')

    def rows(self, pieces: Iterable[Piece], columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of each piece."""
        unit: Literal["line", "row"] = "row" if self.format == "parquet" else "line"
        for piece in pieces:
            for lines, table in self._batches(piece, columns):
                yield Rows(piece.file, piece.name, lines, _with_nulls(table, self.missing), unit)

    def _batches(self, piece: Piece, columns: Sequence[str]) -> Iterator[tuple[Sequence[int], pa.Table]]:
        stream, file, encoding = piece.stream, piece.file, self.encoding
        match self.format:
            case "csv" | "tsv":
                return read_delimited(
                    stream,
                    file,
                    columns,
                    encoding=encoding,
                    delimiter=self.delimiter or {"csv": ",", "tsv": "\t"}[self.format],
                    quoted=self.format == "csv",
                    header=self.columns,
                )
            case "json":
                return read_json_list(stream, file, columns, encoding=encoding)
            case "jsonl":
                return read_json_lines(stream, file, columns, encoding=encoding)
            case "parquet":
                return read_parquet(stream, file, columns)
            case "text":
                return _read_text(piece, columns, encoding)


def _read_text(piece: Piece, columns: Sequence[str], encoding: str) -> Iterator[tuple[Sequence[int], pa.Table]]:
    import pyarrow as pa

    require(columns, ["name", "text"], piece.file)
    record = {
        "name": piece.name or piece.file.rpartition("/")[2],
        "text": "".join(decoded(piece.stream, piece.file, encoding)),
    }
    yield [1], pa.table([pa.array([record[column]], pa.large_string()) for column in columns], names=list(columns))


def _with_nulls(table: pa.Table, missing: Sequence[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    marks = pa.array(missing, pa.large_string())
    null = pa.scalar(None, pa.large_string())
    cells = [pc.if_else(pc.is_in(column, value_set=marks), null, column) for column in table.columns]
    return pa.table(cells, names=table.column_names)

"""Forms that any program reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.publishing.base import Version, file, rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Csv:
    """Comma-separated values, one file per split: UTF-8, a heading, CRLF; no value is an empty one, a list is JSON.

    Texts are as they are: one that begins with `=` is a formula to a spreadsheet.

    References
    ----------
    Y. Shafranovich, Common Format and MIME Type for Comma-Separated Values (CSV) Files, RFC 4180 (2005).
    """

    def write(self, folder: Path, version: Version) -> None:
        for split, table in _with_files(folder, version):
            with open(folder / f"{split}.csv", "w", encoding="utf-8", newline="") as written:
                writer = csv.writer(written)
                writer.writerow(version.kinds)
                writer.writerows(map(_cell, row) for row in rows(table, version.kinds))


@dataclass(frozen=True)
class JsonLines:
    """JSON Lines, one file per split, an object per record: UTF-8, no value is null."""

    def write(self, folder: Path, version: Version) -> None:
        encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
        for split, table in _with_files(folder, version):
            with open(folder / f"{split}.jsonl", "w", encoding="utf-8", newline="\n") as written:
                records = (dict(zip(version.kinds, row, strict=True)) for row in rows(table, version.kinds))
                written.writelines(encode(record) + "\n" for record in records)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _with_files(folder: Path, version: Version) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each split's table once its records' files are in the folder, named by their paths from there."""
    (folder / "media" if version.files else folder).mkdir(parents=True)
    for split, table in version.tables.items():
        named = table.copy(deep=False)
        for name in version.files:
            named[name] = table[name].map(lambda each: _copy(each, folder))
        yield split, named


def _copy(reference: Any, folder: Path) -> str | None:
    if not isinstance(reference, str):
        return None
    place = f"media/{Path(reference).name}"
    (folder / place).write_bytes(file(reference))
    return place

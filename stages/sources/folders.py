"""Files of media in a folder: pictures or sounds, one per record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import ClassVar

from stages import InputError
from stages.sources.base import BATCH, Rows, require
from stages.sources.globs import below


@dataclass(frozen=True, kw_only=True)
class Folder:
    """One record per file, with a column for the file, `name` (the part of its path that the pattern leaves open) and
    `folder` (the name of the folder that it is in, such as its class).

    No file is decoded here: `clean` says what is wrong with one.

    Parameters
    ----------
    path
        A pattern such as `data/raw/photos/**/*.jpg`, from the working directory.
    """

    path: str
    column: ClassVar[str]

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records, in the order of their paths.

        Raises
        ------
        InputError
            No file matches.
        """
        import pyarrow as pa

        paths = sorted({Path(each).as_posix() for each in glob(self.path, recursive=True) if Path(each).is_file()})
        if not paths:
            raise InputError(
                f"path: no file matches {self.path!r} below the working directory; put one there, or correct it"
            )
        pattern = Path(self.path).parts
        cells = {
            self.column: paths,
            "name": [below(Path(path).parts, pattern) for path in paths],
            "folder": [Path(path).parent.name for path in paths],
        }
        require(columns, list(cells), self.path)
        table = pa.table({name: pa.array(cells[name], pa.large_string()) for name in columns})
        for start in range(0, len(paths), BATCH):
            rows = range(start + 1, min(start + BATCH, len(paths)) + 1)
            yield Rows(self.path, "", rows, table.slice(start, BATCH), "file", _inside(Path(*_fixed(pattern))))


def _fixed(pattern: Sequence[str]) -> Sequence[str]:
    """The folders of a pattern before its first sign that stands for others."""
    return [
        part
        for place, part in enumerate(pattern[:-1])
        if not any(sign in "".join(pattern[: place + 1]) for sign in "*?[")
    ]


def _inside(folder: Path) -> Callable[[str], bytes | None]:
    """Read files of a folder, and none that a link in it leads to elsewhere."""
    root = folder.resolve()
    return lambda path: Path(path).read_bytes() if Path(path).resolve().is_relative_to(root) else None

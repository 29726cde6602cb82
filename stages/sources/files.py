"""Files below the working directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from stages import InputError
from stages.sources.archives import Piece, pieces
from stages.sources.base import Rows
from stages.sources.globs import below
from stages.sources.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Files(Layout):
    """Records in files; compressed ones (gzip, bzip2, xz) are read as they are.

    Parameters
    ----------
    path
        A file, or a pattern such as `data/raw/**/*.csv`, from the working directory.
    member
        Pattern of the members to read, where the files are archives (zip, tar); `//` leads into an archive inside one:
        `inner.tar.gz//*.csv`. Null: the files are no archives.
    **layout
        As in `Layout`.
    """

    path: str
    member: str | None = None

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records, file by file.

        Raises
        ------
        InputError
            No file matches, or one cannot be read exactly.
        """
        yield from self.rows(self._pieces(), columns)

    def _pieces(self) -> Iterator[Piece]:
        for path, name in found(self.path):
            try:
                with open(path, "rb") as stream:
                    yield from pieces(stream, Path(path).stat().st_size, path, name, self.member)
            except OSError as error:
                raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def found(pattern: str) -> list[tuple[str, str]]:
    """Give the files that match a pattern, in order, each with the part of its path that the pattern leaves open.

    Raises
    ------
    InputError
        None matches.
    """
    if Path(pattern).is_file():
        return [(Path(pattern).as_posix(), "")]
    paths = sorted({path.as_posix() for path in map(Path, glob(pattern, recursive=True)) if path.is_file()})
    if not paths:
        raise InputError(f"path: no file matches {pattern!r} below the working directory; put one there, or correct it")
    return [(path, below(Path(path).parts, Path(pattern).parts)) for path in paths]

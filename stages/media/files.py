"""One file per record, in a folder `_media` beside the table's shards; a table names it by its path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = "_media"  # readers of Parquet pass over folders that begin with _
LONGEST = 1000  # characters of a path
BYTES = 64 * 2**20  # of one file; more is not read

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_~-]{0,99}")  # no two differ only in case, none leads out of its folder


def read(reference: str) -> bytes:
    """Read the file that a table names.

    Raises
    ------
    ValueError
        It cannot be read, or is too large; says why, to follow the field's name: "is missing".
    """
    path = Path(reference)
    if path.parent.name != FOLDER:
        raise ValueError("leads out of its source's folder, and was not collected")
    try:
        if path.stat().st_size > BYTES:
            raise ValueError(f"has {path.stat().st_size:,} bytes, more than {BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error


def is_file(cell: str) -> bool:
    """Whether a table's cell names a file that `read` reads."""
    path = Path(cell)
    return path.parent.name == FOLDER and len(cell) < LONGEST and path.is_file()


@dataclass(frozen=True)
class Store:
    """Where the files of a table's records are put.

    Parameters
    ----------
    folder
        The table's folder while it is written.
    place
        The table's folder once it is whole: paths in the table begin with it.
    """

    folder: Path
    place: str

    def put(self, id: str, suffix: str, data: bytes) -> str:
        """Write a record's file, and give the path by which the table names it.

        The name is the id, or, where that is not fit for a file name, the start of its SHA-256.
        """
        stem = id if _PLAIN.fullmatch(id) else sha256(id.encode()).hexdigest()[:32]
        name = stem + (suffix.lower() if _SUFFIX.fullmatch(suffix) else "")
        (self.folder / FOLDER).mkdir(parents=True, exist_ok=True)
        (self.folder / FOLDER / name).write_bytes(data)
        return f"{self.place}/{FOLDER}/{name}"

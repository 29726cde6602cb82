"""One file per record, in a folder `_media` beside the table's shards; a table names it by its path.

Where they are many, they lie in tar shards below that folder, and are named and read as before.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from errno import ENOENT
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from os import fstat, strerror
from pathlib import Path
from typing import Any

FOLDER = "_media"  # readers of Parquet pass over folders that begin with _
SHARDS = "_shards"  # no record's file begins with _
INDEX = "index.json"  # of the shards: by name the shard, where the file begins in it, and its bytes
MOST = 10_000  # files in a folder; DVC looks at each of them, whenever it asks whether something has changed
PER_SHARD = 1_000  # files
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
    if reference.rpartition("/")[0].rpartition("/")[2] != FOLDER:  # a `Path` takes as long as reading a small file
        raise ValueError("leads out of its source's folder, and was not collected")
    try:
        try:
            return _read(reference)
        except FileNotFoundError:
            return _read(*_packed(Path(reference)))
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error


def is_file(cell: str) -> bool:
    """Whether a table's cell names a file that `read` reads."""
    path = Path(cell)
    if path.parent.name != FOLDER or len(cell) >= LONGEST:
        return False
    try:
        return path.is_file() or _packed(path)[0].is_file()
    except OSError:
        return False


@dataclass(frozen=True)
class Store:
    """Where the files of a table's records are put.

    Parameters
    ----------
    folder
        The table's folder while it is written.
    place
        The table's folder once it is whole: paths in the table begin with it.
    forms
        By type of field, what else its module's `plain` is to know of the form that files get, such as the sample rate
        of sounds.
    """

    folder: Path
    place: str
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def put(self, id: str, suffix: str, data: bytes) -> str:
        """Write a record's file, and give the path by which the table names it.

        The name is the id, or, where that is not fit for a file name, the start of its SHA-256.
        """
        stem = id if _PLAIN.fullmatch(id) else sha256(id.encode()).hexdigest()[:32]
        name = stem + (suffix.lower() if _SUFFIX.fullmatch(suffix) else "")
        try:
            (self.folder / FOLDER / name).write_bytes(data)
        except FileNotFoundError:  # the first
            (self.folder / FOLDER).mkdir(parents=True, exist_ok=True)
            (self.folder / FOLDER / name).write_bytes(data)
        return f"{self.place}/{FOLDER}/{name}"

    def pack(self, most: int | None = MOST) -> None:
        """Move the files into tar shards, in the order of their names, if there are more than so many (None: never)."""
        files = sorted((self.folder / FOLDER).glob("*"))
        if most is None or len(files) <= most:
            return
        shards = self.folder / FOLDER / SHARDS
        shards.mkdir()
        index: dict[str, tuple[str, int, int]] = {}
        for start in range(0, len(files), PER_SHARD):
            name = f"part-{start // PER_SHARD:05d}.tar"
            with tarfile.open(shards / name, "w", format=tarfile.GNU_FORMAT) as shard:
                for file in files[start : start + PER_SHARD]:
                    entry = tarfile.TarInfo(file.name)  # without time and owner
                    entry.size = file.stat().st_size
                    shard.addfile(entry, BytesIO(file.read_bytes()))
                    blocks = -(-entry.size // tarfile.BLOCKSIZE)
                    index[file.name] = (name, shard.offset - blocks * tarfile.BLOCKSIZE, entry.size)
                    file.unlink()
        (shards / INDEX).write_text(json.dumps(index, indent=0), encoding="utf-8")


def _read(path: str | Path, start: int = 0, size: int | None = None) -> bytes:
    with open(path, "rb") as file:
        if size is None:
            size = fstat(file.fileno()).st_size
        if size > BYTES:
            raise ValueError(f"has {size:,} bytes, more than {BYTES:,}")
        file.seek(start)
        return file.read(size)


def _packed(path: Path) -> tuple[Path, int, int]:
    """Give the shard that holds what a path names, where that begins in it, and its bytes."""
    index = path.parent / SHARDS / INDEX
    found = _index(index, index.stat().st_mtime_ns).get(path.name)
    if found is None:
        raise FileNotFoundError(ENOENT, strerror(ENOENT), str(path))
    shard, start, size = found
    return index.parent / shard, start, size


@lru_cache(maxsize=8)  # tables that one stage reads
def _index(path: Path, written: int) -> dict[str, tuple[str, int, int]]:  # noqa: ARG001  a table made anew is read anew
    found: dict[str, tuple[str, int, int]] = json.loads(path.read_text(encoding="utf-8"))
    return found

"""Pictures and sounds in tar shards, each with a JSON file of its name beside it, as WebDataset has them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

from stages import InputError
from stages.sources.base import Rows, require

COLUMNS = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"), "image"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff"), "audio"),
}


@dataclass(frozen=True, kw_only=True)
class TarShards:
    """One record per picture or sound in tar files, with the columns `image` or `audio`, `name` (its path in the tar
    file, without suffix) and the keys of the object in `<name>.json`, if there is one; what is no text is JSON.

    Nothing is unpacked to disk. Members that are neither picture nor sound nor JSON are passed over.

    Parameters
    ----------
    path
        A tar file that is not compressed, or a pattern such as `data/raw/shards/*.tar`, from the working directory.

    References
    ----------
    https://github.com/webdataset/webdataset
    """

    path: str

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records, shard by shard.

        Raises
        ------
        InputError
            No file matches, one is no tar file, holds a name twice, or JSON that is no object; or a column is nowhere.
        """
        import pyarrow as pa

        paths = sorted(path for path in map(Path, glob(self.path, recursive=True)) if path.is_file())
        if not paths:
            raise InputError(f"path: no file matches {self.path!r} below the working directory; put one there")
        shards = {path: _samples(path) for path in paths}
        keys = {key for samples in shards.values() for each in samples.values() for key in each["told"]}
        own = [
            *sorted({column for samples in shards.values() for each in samples.values() for column in each["files"]}),
            "name",
        ]
        require(columns, [*own, *sorted(keys - set(own))], self.path)
        for path, samples in shards.items():
            members = {member.name: member for each in samples.values() for member in each["files"].values()}
            named = {name: {key: file.name for key, file in each["files"].items()} for name, each in samples.items()}
            rows = [{**each["told"], **named[name], "name": name} for name, each in samples.items()]
            cells = {key: pa.array([row.get(key) for row in rows], pa.large_string()) for key in columns}

            def media(cell: str, path: Path = path, members: dict[str, tarfile.TarInfo] = members) -> bytes:
                with open(path, "rb") as file:
                    file.seek(members[cell].offset_data)
                    return file.read(members[cell].size)

            name = path.name if len(paths) > 1 else ""
            yield Rows(str(path), name, range(1, len(rows) + 1), pa.table(cells), "file", media)


def _samples(path: Path) -> dict[str, dict[str, Any]]:
    """Find the files of a tar file, by name, in their order: the member in each column, and what its JSON tells."""
    samples: dict[str, dict[str, tarfile.TarInfo]] = {}
    told: dict[str, dict[str, str]] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                stem, dot, suffix = member.name.rpartition(".")
                if not member.isreg():
                    continue
                if member.issparse():  # the one kind of member that unpacks to more than the file has
                    raise InputError(f"{path}//{member.name}: a sparse file, which is not read; make the shard anew")
                if column := COLUMNS.get(f"{dot}{suffix}".lower()):
                    if column in samples.setdefault(stem, {}):
                        raise InputError(f"{path}//{member.name}: a second {column} of this name; make the shard anew")
                    samples[stem][column] = member
                elif suffix == "json":
                    told[stem] = _texts(archive.extractfile(member).read(), f"{path}//{member.name}")  # type: ignore[union-attr]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(
            f"{path}: no tar file, or compressed or damaged ({error}); unpack it, or get it again"
        ) from error
    return {name: {"files": each, "told": told.get(name, {})} for name, each in samples.items()}


def _texts(data: bytes, where: str) -> dict[str, str]:
    try:
        found = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON in UTF-8 ({error})") from error
    if not isinstance(found, dict):
        raise InputError(f"{where}: an object is expected, found {found!r:.60}")
    return {
        key: each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
        for key, each in found.items()
        if each is not None
    }

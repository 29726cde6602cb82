"""Datasets described in Croissant, MLCommons' JSON-LD vocabulary."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from stages import InputError
from stages.sources import address
from stages.sources.archives import Piece, pieces
from stages.sources.base import Rows, require
from stages.sources.files import found
from stages.sources.layout import Layout
from stages.sources.pinned import check_sha256
from stages.sources.snapshots import digest

Format = Literal["csv", "tsv", "json", "jsonl", "parquet"]
FORMATS: dict[str, Format] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/tsv": "tsv",
    "application/json": "json",
    "application/jsonlines": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/x-parquet": "parquet",
    "application/vnd.apache.parquet": "parquet",
}


@dataclass(frozen=True, kw_only=True)
class Croissant:
    """The records of a record set, whose fields are columns of its files; each field by the last part of its name.

    mlcroissant reads and checks the description, and our own readers the files, so that texts stay as written. Files
    are below the description's folder, or at an address with a sha256, and may be members of an archive.

    Parameters
    ----------
    path
        The description, such as `data/raw/<name>/croissant.json`.
    records
        The record set.
    bytes
        The largest file to be fetched.

    References
    ----------
    https://docs.mlcommons.org/croissant/docs/croissant-spec.html
    """

    path: str
    records: str
    bytes: int = 1 << 32

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records.

        Raises
        ------
        InputError
            The description is not valid or says what is not supported, or a file is not there, not the one that its
            hash pins, or cannot be read exactly.
        """
        about = self._described()
        sets = {each.uuid: each for each in about.record_sets}
        if self.records not in sets:
            there = ", ".join(sets) or "none"
            raise InputError(f"records: {self.path} has no record set {self.records!r}; it has {there}")
        fields = {each.uuid.rpartition("/")[2]: each for each in sets[self.records].fields}
        require(columns, list(fields), self.path)
        named = {column: self._column(fields[column]) for column in columns}
        places = {place for place, _ in named.values()}
        if len(places) > 1:
            raise InputError(f"{self.path}: the fields {', '.join(columns)} are in different files; take those of one")
        resources = {each.uuid: each for each in about.distribution}
        for place in places:
            layout = Layout(format=self._format(resources[place]), missing=())
            for rows in layout.rows(self._pieces(resources[place], resources), [name for _, name in named.values()]):
                yield Rows(rows.file, rows.name, rows.lines, rows.table.rename_columns(list(columns)), rows.unit)

    def _described(self) -> Any:
        try:
            import mlcroissant
        except ModuleNotFoundError as error:
            raise InputError("mlcroissant is not installed: pip install '.[croissant]'") from error

        if not Path(self.path).is_file():
            raise InputError(f"path: there is no file {self.path!r}")
        logging.getLogger("absl").setLevel(logging.ERROR)  # what is recommended only is no concern of a reader
        try:
            return mlcroissant.Dataset(jsonld=self.path).metadata
        except Exception as error:  # of many kinds: whatever a description can do wrong
            told = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
            raise InputError(f"{self.path}: not a description in Croissant ({told:.500})") from None

    def _column(self, field: Any) -> tuple[str, str]:
        """The file or files that a field is in, and its column there."""
        source = field.source
        place = (source.file_object or source.file_set or source.distribution) if source else None
        if not place or not source.extract.column or source.transforms or field.sub_fields:
            raise InputError(f"{self.path}: the field {field.uuid!r} is not simply a column, and is not supported")
        return place, source.extract.column

    def _format(self, resource: Any) -> Format:
        kinds = [FORMATS[each] for each in resource.encoding_formats or [] if each in FORMATS]
        if not kinds:
            said = ", ".join(resource.encoding_formats or ["nothing"])
            raise InputError(f"{self.path}: {resource.uuid!r} is {said}; supported are {', '.join(FORMATS)}")
        return kinds[0]

    def _pieces(self, resource: Any, resources: dict[str, Any]) -> Iterator[Piece]:
        """The files of a resource: by itself, or in archives."""
        patterns = getattr(resource, "includes", None)
        if getattr(resource, "excludes", None):
            raise InputError(f"{self.path}: {resource.uuid!r} has excludes, which is not supported")
        for holder in resource.contained_in or []:
            if holder not in resources or resources[holder].contained_in:
                raise InputError(f"{self.path}: {resource.uuid!r} is in {holder!r}, an archive in an archive, or none")
            for member in patterns or [resource.content_url]:
                yield from self._file(resources[holder], member)
        if not resource.contained_in:
            if patterns:
                for pattern in patterns:
                    for path, name in found(self._below(pattern)):
                        yield from _pieces(Path(path), path, name, None)
            else:
                yield from self._file(resource, None)

    def _file(self, file: Any, member: str | None) -> Iterator[Piece]:
        url = str(file.content_url)
        if "://" in url:
            address.check_address(url)
            check_sha256(str(file.sha256))
            yield from _pieces(address.fetch(url, file.sha256, self.bytes), address.shown(url), "", member)
        else:
            path = Path(self._below(url))
            if not path.is_file():
                raise InputError(f"{self.path}: there is no file {path.as_posix()!r}; get it, such as with dvc pull")
            if file.sha256 and digest(path) != file.sha256:
                raise InputError(f"{path}: not the file that {self.path} describes, by its sha256; get it again")
            yield from _pieces(path, path.as_posix(), "", member)

    def _below(self, place: str) -> str:
        parts = PurePosixPath(place)
        if parts.is_absolute() or ".." in parts.parts:
            raise InputError(f"{self.path}: {place!r} is not below its folder, and is not read")
        return Path(self.path).parent.joinpath(place).as_posix()


def _pieces(path: Path, file: str, name: str, member: str | None) -> Iterator[Piece]:
    with open(path, "rb") as stream:
        yield from pieces(stream, path.stat().st_size, file, name, member)

"""Snapshots: what can change outside, fetched once by an explicit command and read from then on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from stages import InputError
from stages.sources.base import Source
from stages.tables import dump_line, read_lines, whole, write_lines

MANIFEST = "manifest.jsonl"
COMMAND = "python -m stages.sources snapshot"

Status = Literal["fetched", "failed", "refused"]


class Fetched(Source, Protocol):
    """A source whose records come from a snapshot."""

    @property
    def path(self) -> str:
        """The snapshot's folder."""
        ...

    def asked(self) -> Any:
        """Give what decides what is fetched, without secrets, as plain values; another answer needs a new snapshot."""
        ...

    def fetch(self, draft: Draft) -> None:
        """Fetch what the draft does not hold yet.

        Raises
        ------
        InputError
            Nothing can be fetched at all; the text holds no secret. What one item lacks goes into the manifest.
        """
        ...


@dataclass(frozen=True)
class Item:
    """A line of the manifest.

    Attributes
    ----------
    item
        What was asked for: an address without secrets, a part of an answer.
    status
        `fetched`, `failed`, or `refused` by a rule: robots.txt, another host.
    at
        When, in UTC.
    why
        The reason, where it was not fetched.
    file, size, sha256
        Where its bytes are below the snapshot's folder, and which they are.
    about
        What else is known of it.
    """

    item: str
    status: Status
    at: str
    why: str | None = None
    file: str | None = None
    size: int | None = None
    sha256: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


class Draft:
    """A snapshot in the making, beside the one that it will replace; an interrupted run's is continued by the next."""

    def __init__(self, place: Path, asked: str) -> None:
        self.folder = place.with_name(f".{place.name}.fetching")
        self.items: dict[str, Item] = {}
        self._lines = self.folder / MANIFEST
        if self._lines.is_file() and not self._continued(asked):
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_lines(self._lines, [{"asked": asked}, *map(asdict, self.items.values())])

    def _continued(self, asked: str) -> bool:
        try:
            head, *lines = _whole_lines(self._lines)
            items = [Item(**line) for line in lines]
        except (ValueError, TypeError):
            return False
        if head != {"asked": asked}:
            return False
        self.items = {item.item: item for item in items if item.status == "fetched"}
        return True

    def keep(self, item: str, file: str, **about: Any) -> Item:
        """Note that an item is whole in its file below `folder`."""
        path = self.folder / file
        return self._note(
            Item(item, "fetched", _now(), None, file, path.stat().st_size, digest(path), about),
        )

    def miss(self, item: str, why: str, status: Status = "failed", **about: Any) -> Item:
        """Note that an item was not had, and why."""
        return self._note(Item(item, status, _now(), why, about=about))

    def _note(self, item: Item) -> Item:
        self.items[item.item] = item
        with open(self._lines, "a", encoding="utf-8", newline="\n") as file:
            file.write(dump_line(asdict(item)) + "\n")
        return item


def snapshot(source: Fetched) -> list[Item]:
    """Fetch a source's snapshot, and put it in the place of the last one once it is whole.

    Returns
    -------
    The manifest, sorted by item.

    Raises
    ------
    InputError
        Nothing was fetched, or the folder holds something else than a snapshot. What is there stays.
    """
    place = Path(source.path)
    if place.name in ("", "..") or (place.exists() and not (place / MANIFEST).is_file()):
        raise InputError(
            f"path: {source.path!r} is there and no snapshot; name a folder of its own, as data/raw/<name>"
        )
    asked = _fingerprint(source)
    draft = Draft(place, asked)
    source.fetch(draft)
    items = sorted(draft.items.values(), key=lambda each: each.item)
    missed = [item for item in items if item.status != "fetched"]
    if len(missed) == len(items):
        said = f"{missed[0].item}: {missed[0].why}" if missed else "nothing was asked for"
        raise InputError(f"nothing was fetched ({said}); the last snapshot, if there is one, stays as it is")
    wanted = {Path(item.file) for item in items if item.file}
    for path in sorted(draft.folder.rglob("*")):  # what a killed run left behind
        if path.is_file() and path.relative_to(draft.folder) not in wanted:
            path.unlink()
    write_lines(draft.folder / MANIFEST, [{"asked": asked}, *map(asdict, items)])
    with whole(place) as (new,):
        draft.folder.replace(new)
    return items


def fetched(source: Fetched) -> Iterator[tuple[Item, Path]]:
    """Yield what a source's snapshot holds, each item with its file.

    Raises
    ------
    InputError
        There is no snapshot, it is one of other settings, or a file is not what the manifest says.
    """
    place = Path(source.path)
    if not (place / MANIFEST).is_file():
        begun = place.with_name(f".{place.name}.fetching").exists()
        raise InputError(
            f"path: there is no snapshot in {place}{' (one was begun; the command goes on with it)' if begun else ''}; "
            f"fetch it with: {COMMAND}, or get the one of this commit with: dvc pull"
        )
    try:
        head, *lines = read_lines(place / MANIFEST)
        items = [Item(**line) for line in lines]
    except (ValueError, TypeError):
        raise InputError(f"{place / MANIFEST}: no manifest of a snapshot; fetch it anew with: {COMMAND}") from None
    if head != {"asked": _fingerprint(source)}:
        raise InputError(f"the snapshot in {place} was fetched with other settings; fetch it anew with: {COMMAND}")
    for item in items:
        if item.file:
            path = place / item.file
            if not path.is_file() or digest(path) != item.sha256:
                again = f"dvc checkout --force {place}"
                raise InputError(f"{path}: not the file that {MANIFEST} lists; get it again with: {again}")
            yield item, path


def digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fingerprint(source: Fetched) -> str:
    asked = [type(source).__name__, source.asked()]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _whole_lines(path: Path) -> list[Any]:
    """The lines that a killed run wrote whole."""
    text = path.read_text("utf-8", errors="replace")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

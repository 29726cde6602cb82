"""Files inside files: compressed ones and members of archives, read as streams and never unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from stages import InputError
from stages.sources.globs import below, matches

MEMBER = 1 << 30  # bytes: the largest member of an archive
TOTAL = 1 << 32  # bytes: all that is unpacked from one file
RATIO = 200  # unpacked to packed; real tables stay below 50
SMALL = 1 << 24  # bytes: what may be unpacked whatever the ratio

_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    rb"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    rb"BZh[1-9]1AY&SY": bz2.BZ2File,
    rb"\xfd7zXZ\x00": lzma.LZMAFile,
}
_ZIP = rb"PK(\x03\x04|\x05\x06)"
_DAMAGE = (  # what these modules have been seen to raise on damaged files
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, struct.error),
    *(zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile),
)


@dataclass(frozen=True)
class Piece:
    """A file to be read: on its own, or inside an archive.

    Attributes
    ----------
    file
        Where it is, for messages.
    name
        The part of its path that the patterns leave open.
    stream
        Its bytes, to be read before the next piece is asked for.
    """

    file: str
    name: str
    stream: io.BufferedReader


@dataclass(frozen=True)
class _Entry:
    path: str
    special: str | None
    size: int
    packed: int
    open: Callable[[], Any]


@dataclass
class _Allowance:
    left: int


def pieces(stream: io.BufferedReader, size: int, file: str, name: str, member: str | None) -> Iterator[Piece]:
    """Yield a file, decompressed (gzip, bzip2, xz), or those members of an archive (zip, tar) that match.

    Parameters
    ----------
    stream, size
        The file's bytes and their number.
    file, name
        As in `Piece`.
    member
        Pattern of the members wanted, with `//` between that of an archive and that of what it holds; null for a file
        that is no archive.

    Raises
    ------
    InputError
        A file is damaged or beyond the limits above; a matching member is a link or a device, lies outside its
        archive, or has a name that cannot be shown; or no member matches.
    """
    allowance = _Allowance(TOTAL)
    if member is None:
        yield Piece(file, name, _decompressed(stream, size, file, allowance))
    else:
        yield from _members(stream, size, file, name, member, allowance)


def _members(
    stream: io.BufferedReader, size: int, file: str, name: str, pattern: str, allowance: _Allowance
) -> Iterator[Piece]:
    here, _, inner = pattern.partition("//")
    wanted = here.split("/")
    stream = _decompressed(stream, size, file, allowance)
    entries = _zip_entries if re.match(_ZIP, stream.peek(4)) else _tar_entries
    seen: set[tuple[str, ...]] = set()
    others: list[str] = []
    for entry in _guarded(entries(stream), file):
        parts = tuple(part for part in entry.path.replace("\\", "/").split("/") if part not in ("", "."))
        if not matches(parts, wanted):
            others.append(entry.path)
            continue
        place = f"{file}//{entry.path}"
        if re.search(r"[\x00-\x1f\x7f-\x9f]", entry.path):
            raise InputError(f"{place!r}: a member whose name has a line end or the like; make the archive anew")
        if entry.special:
            raise InputError(f"{place}: {entry.special}, which is not read; name files alone in `member`")
        if entry.path.startswith(("/", "\\")) or ".." in parts:
            raise InputError(f"{place}: an absolute path, or one above its archive, is not read; make the archive anew")
        if parts in seen:
            raise InputError(f"{place}: the archive holds two members of this name; make it anew")
        seen.add(parts)
        if entry.size > MEMBER:
            raise _too_large(place)
        data = _unpacked(_opened(entry, place), entry.packed, place, allowance)
        label = "//".join(filter(None, (name, below(parts, wanted))))
        if inner:
            yield from _members(data, entry.size, place, label, inner, allowance)
        else:
            yield Piece(place, label, _decompressed(data, entry.size, place, allowance))
    if not seen:
        some = ", ".join(sorted(others)[:10]) + ", …" * (len(others) > 10)
        raise InputError(f"{file}: no member matches {here!r}; it holds {some or 'none'}: correct `member`")


def _zip_entries(stream: io.BufferedReader) -> Iterator[_Entry]:
    with zipfile.ZipFile(stream if stream.seekable() else io.BytesIO(stream.read())) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                special = "a link" if stat.S_ISLNK(info.external_attr >> 16) else None
                yield _Entry(info.filename, special, info.file_size, info.compress_size, partial(archive.open, info))


def _tar_entries(stream: io.BufferedReader) -> Iterator[_Entry]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            if not info.isdir():
                special = None if info.isreg() else "a link" if info.issym() or info.islnk() else "a device or a pipe"
                yield _Entry(info.name, special, info.size, info.size, partial(archive.extractfile, info))


def _guarded(entries: Iterator[_Entry], file: str) -> Iterator[_Entry]:
    while True:
        try:
            entry = next(entries)
        except StopIteration:
            return
        except _DAMAGE as error:
            raise InputError(f"{file}: not a sound zip or tar archive ({error}); get it again") from error
        yield entry


def _opened(entry: _Entry, place: str) -> Any:
    try:
        return entry.open()
    except _DAMAGE as error:
        raise _damaged(place, error) from error


def _decompressed(stream: io.BufferedReader, packed: int, file: str, allowance: _Allowance) -> io.BufferedReader:
    head = stream.peek(10)
    for magic, decompressor in _COMPRESSED.items():
        if re.match(magic, head):
            return _unpacked(decompressor(stream), packed, file, allowance)
    return stream


def _unpacked(source: Any, packed: int, file: str, allowance: _Allowance) -> io.BufferedReader:
    return io.BufferedReader(_Unpacked(source, packed, file, allowance), 1 << 17)


class _Unpacked(io.RawIOBase):
    """What comes out of a decompressor or an archive, until it is too much."""

    def __init__(self, source: Any, packed: int, file: str, allowance: _Allowance) -> None:
        self.source, self.file, self.allowance = source, file, allowance
        self.left = max(SMALL, RATIO * packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.source.read(len(buffer))
        except _DAMAGE as error:
            raise _damaged(self.file, error) from error
        self.left -= len(data)
        self.allowance.left -= len(data)
        if self.left < 0 or self.allowance.left < 0:
            raise _too_large(self.file)
        buffer[: len(data)] = data
        return len(data)


def _damaged(file: str, error: Exception) -> InputError:
    return InputError(
        f"{file}: damaged, or in a form that cannot be read ({error}); get it again, or unpack it yourself"
    )


def _too_large(file: str) -> InputError:
    return InputError(
        f"{file}: unpacks to more than {MEMBER >> 20:,} MiB, {TOTAL >> 20:,} MiB with all that its archive holds, or "
        f"{RATIO} times its packed size; if you trust it, unpack it yourself and give the files"
    )

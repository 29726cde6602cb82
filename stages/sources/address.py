"""A file by its address, pinned by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stages import InputError
from stages.sources.archives import pieces
from stages.sources.base import Rows
from stages.sources.layout import Layout
from stages.sources.pinned import check_sha256, pinned

EXTRAS = {"https": None, "http": None, "s3": "s3", "gs": "gs", "abfs": "abfs"}
AZURE = ".dfs.core.windows.net"
BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, kw_only=True)
class Address(Layout):
    """Records in a file of the web, or of a storage that fsspec knows, fetched once and kept in the user's cache.

    Who may read the storage is told by the environment, as the storage's own tools have it.

    Parameters
    ----------
    address
        `https://…`, `http://…`, `s3://bucket/…`, `gs://bucket/…`, `abfs://container/…` or
        `abfs://container@account.dfs.core.windows.net/…`, without a password.
    sha256
        Of the file.
    member
        As in `Files`: pattern of the members to read, where the file is an archive.
    bytes
        The largest file to be fetched.
    **layout
        As in `Layout`.
    """

    address: str
    sha256: str
    member: str | None = None
    bytes: int = 1 << 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.address)
        check_sha256(self.sha256)

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records.

        Raises
        ------
        InputError
            The file cannot be had, is not the one that the hash pins, or cannot be read exactly.
        """
        path = fetch(self.address, self.sha256, self.bytes)
        with open(path, "rb") as stream:
            yield from self.rows(pieces(stream, path.stat().st_size, shown(self.address), "", self.member), columns)


def check_address(address: str) -> None:
    """Raise InputError unless it is one that may be fetched; not shown, since it may hold a password."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in EXTRAS and parts.hostname and "::" not in address and address.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in address:
        raise InputError(f"address: one that begins with {', '.join(f'{each}://' for each in EXTRAS)} is expected")
    host = parts.netloc.rpartition("@")[2]
    azure = parts.scheme == "abfs" and host.endswith(AZURE) and parts.password is None  # container@account
    if "@" in parts.netloc and not azure:
        raise InputError("address: it holds a user's name or a password; give them in the environment")


def fetch(address: str, sha256: str, largest: int) -> Path:
    """Give the path of the file in the cache; fetch it if it is not there whole.

    Raises
    ------
    InputError
        The file cannot be had, is larger, or is not the one that the hash pins.
    """
    return pinned(sha256, partial(_download, address, sha256, largest))


def shown(address: str) -> str:
    """The address without what may be a key to it."""
    return address.partition("?")[0].partition("#")[0]


def _download(address: str, sha256: str, largest: int, folder: Path) -> Path:
    path, found, size = folder / "file", hashlib.sha256(), 0
    with open(path, "wb") as file:
        for block in _blocks(address):
            size += len(block)
            if size > largest:
                raise InputError(f"{shown(address)}: more than {largest:,} bytes; raise `bytes` if you expect that")
            found.update(block)
            file.write(block)
    if found.hexdigest() != sha256:
        raise InputError(
            f"{shown(address)}: its sha256 is {found.hexdigest()}, not {sha256}: correct `sha256` if it was copied "
            "wrongly; otherwise the file has been changed, do not trust it"
        )
    return path


def _blocks(address: str) -> Iterator[bytes]:
    import fsspec

    kind = urlsplit(address).scheme
    try:
        with fsspec.open(address, "rb", **_options(kind)) as stream:
            while block := stream.read(BLOCK):
                yield block
    except ImportError as error:
        raise InputError(f"address: {kind}:// needs what `pip install '.[{EXTRAS[kind]}]'` brings") from error
    except Exception as error:  # of many libraries, with texts that may hold keys
        raise InputError(f"{shown(address)}: cannot be fetched ({_why(error)})") from None


def _options(kind: str) -> dict[str, Any]:
    if kind not in ("http", "https"):
        return {}
    from aiohttp import ClientTimeout

    patience = ClientTimeout(total=None, sock_connect=30, sock_read=60)
    return {"block_size": 0, "client_kwargs": {"trust_env": True, "timeout": patience}}  # 0: as a stream


def _why(error: Exception) -> str:
    while error.__cause__ and isinstance(error.__cause__, Exception):  # fsspec takes every failure for an absent file
        error = error.__cause__
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "we may not read it"
    status = getattr(error, "status", None)
    return f"status {status}" if status else type(error).__name__

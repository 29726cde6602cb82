"""Files that are what a hash says, fetched once and kept in the user's cache."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from stages import InputError, tables
from stages.sources.snapshots import digest


def check_sha256(sha256: str) -> None:
    """Raise InputError unless it has the form of one."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise InputError(f"sha256: {sha256!r} is not 64 hexadecimal digits in lower case")


def pinned(sha256: str, bring: Callable[[Path], Path]) -> Path:
    """Give the path of a file in the cache; fetch it if it is not there whole.

    Parameters
    ----------
    sha256
        Of the file.
    bring
        Fetches it into a folder, and gives its path there; answers for its hash.

    Raises
    ------
    InputError
        The file cannot be had, or the cache cannot be written.
    """
    cache = tables.cache()
    place = cache / sha256
    if place.is_file() and digest(place) == sha256:
        return place
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            bring(Path(folder)).replace(place)
    except OSError as error:
        raise InputError(f"{cache}: cannot be written ({error.strerror}); name a folder in LABELMILL_CACHE") from error
    return place

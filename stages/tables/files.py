"""Outputs that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(*outputs: str | Path) -> Iterator[tuple[Path, ...]]:
    """Give a path beside each output to write to; move all of them into place if the block ends well.

    A block that raises, or a process that is killed, leaves the outputs as they were. What a killed run left beside
    them is put back or removed by the next. A path that the block did not write to makes no output.

    Parameters
    ----------
    outputs
        Files or folders to be made or replaced.

    Yields
    ------
    Paths, one per output in the same order, none of which exists yet; their folders do.
    """
    places = [Path(output) for output in outputs]
    drafts = [place.with_name(f".{place.name}.partial") for place in places]
    olds = [place.with_name(f".{place.name}.replaced") for place in places]
    for place, draft, old in zip(places, drafts, olds, strict=True):
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove(draft)
        if _there(old) and not _there(place):
            old.replace(place)
        _remove(old)
    try:
        yield tuple(drafts)
        for place, draft, old in zip(places, drafts, olds, strict=True):
            if draft.exists():
                if draft.is_dir() or place.is_dir():  # a file takes a file's place at once, a folder does not
                    if _there(place):
                        place.replace(old)
                    draft.replace(place)
                    _remove(old)
                else:
                    draft.replace(place)
    finally:
        for draft in drafts:
            _remove(draft)


def cache() -> Path:
    """Give the folder that keeps what is costly to make anew: `$LABELMILL_CACHE`, or `labelmill` in the user's cache.

    It holds nothing that an output needs: without it the same bytes are made, later.
    """
    own = os.environ.get("LABELMILL_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "labelmill"


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Iterate with a progress bar where a person is looking at a terminal; elsewhere stay silent.

    It shows before the first item comes, which may take long where a server or a model hangs.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if total == 0 or not sys.stderr.isatty():
        return iter(items)
    from tqdm import tqdm

    return iter(tqdm(items, desc=what, total=total, leave=False))

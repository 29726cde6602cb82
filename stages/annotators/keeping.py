"""What a model that is not trained here made of records, computed once and kept in the user's cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from stages import InputError, tables
from stages.engine import progress

TABLE = "kept (model TEXT, key BLOB, value BLOB, PRIMARY KEY (model, key)) WITHOUT ROWID"


def kept(
    file: str,
    model: str,
    items: Mapping[bytes, str],
    make: Callable[[Sequence[str]], Sequence[bytes]],
    batch: int,
    what: str,
) -> dict[bytes, bytes]:
    """Give what a model makes of each item; make only what never was.

    A process that is killed loses at most one batch.

    Parameters
    ----------
    file
        Of the store, in the user's cache.
    model
        Names all that decides the outcome beside the item.
    items
        By the hash of their content.
    make
        What turns several of them into bytes.
    batch
        How many are made together, and kept at once.
    what
        Is being made, for the progress bar.

    Raises
    ------
    InputError
        The store cannot be used.
    """
    place = tables.cache() / file
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(place, timeout=60)) as store:
            known = _known(store, model, items)
            # those of about one length together, since a batch is as slow as its longest
            missing = sorted(items.keys() - known, key=lambda key: (len(items[key]), key))
            starts = range(0, len(missing), batch)
            for start in progress(starts, what, len(starts)):
                keys = missing[start : start + batch]
                made = dict(zip(keys, make([items[key] for key in keys]), strict=True))
                with store:
                    rows = [(model, key, value) for key, value in made.items()]
                    store.executemany("INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", rows)
                known |= made
    except (OSError, sqlite3.Error) as error:
        why = f"cannot be used ({error}); delete it, or name another folder in LABELMILL_CACHE"
        raise InputError(f"{place}: {why}") from error
    return known


def _known(store: sqlite3.Connection, model: str, keys: Mapping[bytes, str]) -> dict[bytes, bytes]:
    store.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}")
    found = {}
    for key in sorted(keys):
        if row := store.execute("SELECT value FROM kept WHERE model = ? AND key = ?", (model, key)).fetchone():
            found[key] = row[0]
    return found

"""Vectors of texts and of pictures, each computed once and kept in a local store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING

from stages import InputError, tables
from stages.annotators.encoders import Encoder
from stages.engine import progress

if TYPE_CHECKING:
    import numpy as np

BATCH = 64  # texts, or pictures, that are encoded together, and kept at once
FILE = "vectors.sqlite"
TABLE = "vectors (model TEXT, text BLOB, vector BLOB, PRIMARY KEY (model, text)) WITHOUT ROWID"  # text: or a picture


def vectors(items: Sequence[str], encoder: Encoder, content: Callable[[str], bytes] = str.encode) -> np.ndarray:
    """Give a vector of length 1 per item, shape (items, dimensions); encode only what was never seen.

    The store, in the user's cache, is keyed by model and content. A process that is killed loses at most one batch.

    Parameters
    ----------
    items
        Texts, or the paths of pictures.
    encoder
        What turns them into vectors.
    content
        What of an item is encoded, so that a picture is the same under another name.
    """
    import numpy as np

    name = sha256(encoder.fingerprint().encode()).hexdigest()
    keys = [sha256(content(item)).digest() for item in items]
    place = tables.cache() / FILE
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(place, timeout=60)) as store:
            known = _known(store, name, set(keys))
            missing = {key: item for key, item in zip(keys, items, strict=True) if key not in known}
            # texts of about one length, since a batch is as slow as its longest
            order = sorted(missing, key=lambda key: (len(missing[key]), key))
            starts = range(0, len(order), BATCH)
            for start in progress(starts, "annotate: embeddings", len(starts)):
                batch = order[start : start + BATCH]
                found = _rounded(encoder.encode([missing[key] for key in batch]))
                rows = [(name, key, row.tobytes()) for key, row in zip(batch, found, strict=True)]
                with store:
                    store.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)
                known.update((key, blob) for _, key, blob in rows)
    except (OSError, sqlite3.Error) as error:
        why = f"cannot be used ({error}); delete it, or name another folder in LABELMILL_CACHE"
        raise InputError(f"{place}: {why}") from error
    return np.array([np.frombuffer(known[key], dtype="<f4") for key in keys], dtype=np.float64)


def _known(store: sqlite3.Connection, name: str, keys: set[bytes]) -> dict[bytes, bytes]:
    store.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}")
    found = {}
    for key in sorted(keys):
        if row := store.execute("SELECT vector FROM vectors WHERE model = ? AND text = ?", (name, key)).fetchone():
            found[key] = row[0]
    return found


def _rounded(found: np.ndarray) -> np.ndarray:
    import numpy as np

    lengths = np.linalg.norm(found.astype(np.float64), axis=1, keepdims=True)
    return (found / np.maximum(lengths, 1e-12)).round(tables.DIGITS).astype("<f4")

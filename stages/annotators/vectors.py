"""Vectors of texts and of pictures, each computed once and kept in a local store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from stages import tables
from stages.annotators.encoders import Encoder
from stages.annotators.keeping import kept

if TYPE_CHECKING:
    import numpy as np

BATCH = 64  # texts, or pictures, that are encoded together, and kept at once
FILE = "vectors.sqlite"


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

    def encode(batch: Sequence[str]) -> list[bytes]:
        return [row.tobytes() for row in _rounded(encoder.encode(batch))]

    name = sha256(encoder.fingerprint().encode()).hexdigest()
    keys = [sha256(content(item)).digest() for item in items]
    known = kept(FILE, name, dict(zip(keys, items, strict=True)), encode, BATCH, "annotate: embeddings")
    return np.array([np.frombuffer(known[key], dtype="<f4") for key in keys], dtype=np.float64)


def _rounded(found: np.ndarray) -> np.ndarray:
    import numpy as np

    lengths = np.linalg.norm(found.astype(np.float64), axis=1, keepdims=True)
    return (found / np.maximum(lengths, 1e-12)).round(tables.DIGITS).astype("<f4")

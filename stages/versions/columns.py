"""Columns of two versions, compared whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def matched(before: pa.ChunkedArray, after: pa.ChunkedArray) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Find in a column of ids those of another; no id is in a column twice.

    Returns
    -------
    For each of `after` its place in `before`, null if it is not there; and for each of `before` whether it is gone.
    """
    import numpy as np
    import pyarrow.compute as pc

    place = pc.index_in(after, value_set=before)
    gone = np.ones(len(before), dtype=bool)
    gone[place.drop_null().to_numpy()] = False
    return place, gone


def differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> np.ndarray:
    """Tell of each row whether two columns, of any types, say different things there; a null is like another null."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if one.equals(other):
        return np.zeros(len(one), dtype=bool)
    if one.type != other.type or pa.types.is_nested(one.type):  # Arrow compares none of them row by row
        return np.array([x != y for x, y in zip(one.to_pylist(), other.to_pylist(), strict=True)])
    unequal = pc.or_kleene(pc.not_equal(one, other), pc.xor(one.is_null(), other.is_null()))
    return pc.fill_null(unequal, False).to_numpy(zero_copy_only=False)


def combinations(columns: Mapping[str, pa.ChunkedArray]) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Give the different combinations of values in some columns, and which of them each row has."""
    import numpy as np
    import pyarrow as pa

    def encoded(values: pa.Array) -> np.ndarray:
        codes = values.dictionary_encode(null_encoding="encode").indices
        return codes.to_numpy(zero_copy_only=False).astype(np.int64)

    codes = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    for column in columns.values():
        values = encoded(column.combine_chunks())
        codes = encoded(pa.array(codes * (values.max(initial=0) + 1) + values))
    first = np.unique(codes, return_index=True)[1]
    return pa.table(dict(columns)).take(pa.array(first)).to_pylist(), codes

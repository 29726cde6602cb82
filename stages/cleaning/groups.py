"""Rows that are alike, through all shards: which of them is kept, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from stages.cleaning.base import Outcome, reasons, strings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stages.tables import Shard

Decision = tuple["np.ndarray", Sequence[str]]  # the places of a shard's rejected rows, and their reasons


class Summary(NamedTuple):
    """What is compared of a shard's rows, one row each."""

    places: np.ndarray
    ids: pa.Array
    prints: np.ndarray


def like(summaries: Sequence[Summary], pairs: np.ndarray, alike: np.ndarray, same: str) -> list[Decision]:
    """Reject the rows that are like one with a smaller id, directly or through others that are like both.

    Parameters
    ----------
    summaries
        Of all shards; their rows are numbered through.
    pairs
        Rows that are alike, shape (pairs, 2).
    alike
        How much they are, shape (pairs,): up to 1, and above it where nothing tells them apart.
    same
        What to say of these.
    """
    kept = first_connected(pairs, sum(len(each.places) for each in summaries))
    rejected, through, alike = nearest(pairs, alike, kept)
    known = ids(summaries)
    keepers, others = at(known, kept[rejected]), at(known, through)
    say = [
        f"{same} as {keeper}"
        if value > 1 and other == keeper
        else f"like {keeper}{f' through {other}' if other != keeper else ''} (similarity {min(value, 1):.2f})"
        for keeper, other, value in zip(keepers, others, alike.tolist(), strict=True)
    ]
    return decisions(summaries, rejected, say)


def first_connected(pairs: np.ndarray, count: int) -> np.ndarray:
    """For each row the first of those that it is connected with by pairs (union-find; Galler and Fischer 1964)."""
    import numpy as np

    before: dict[int, int] = {}  # a row of the same group, nearer to its first

    def first(row: int) -> int:
        while row in before:
            before[row] = row = before.get(before[row], before[row])
        return row

    for one, other in pairs.tolist():
        low, high = sorted((first(one), first(other)))
        if low != high:
            before[high] = low
    kept = np.arange(count)
    kept[list(before)] = [first(row) for row in before]
    return kept


def first_of(groups: np.ndarray) -> np.ndarray:
    """For each member the place of its group's first; groups are numbers from 0."""
    import numpy as np

    places = np.arange(len(groups))
    first = np.empty(len(groups), dtype=np.int64)
    first[groups[::-1]] = places[::-1]  # of several writes to one place the last one counts
    return first[groups]


def nearest(pairs: np.ndarray, alike: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that others stand for, and for each the row that says why: the kept one, if it is alike, or else the
    one that is most alike; and how much it is.
    """
    import numpy as np

    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    alike = np.append(alike, alike)
    order = np.lexsort((other, -alike, other != kept[one], one))
    order = order[kept[one[order]] != one[order]]
    rejected, best = np.unique(one[order], return_index=True)
    return rejected, other[order][best], alike[order][best]


def at(values: pa.Array, places: np.ndarray) -> list[str]:
    import pyarrow as pa

    return strings(values.take(pa.array(places)))


def ids(summaries: Sequence[Summary]) -> pa.Array:
    import pyarrow as pa

    return pa.concat_arrays([each.ids for each in summaries])


def parts(summaries: Sequence[Summary], rows: np.ndarray) -> list[np.ndarray]:
    """For each shard the places of its own of some rows, which are numbered through all summaries and sorted."""
    import numpy as np

    places = np.concatenate([each.places for each in summaries])[rows]
    ends = np.searchsorted(rows, np.cumsum([len(each.places) for each in summaries]))
    return np.split(places, ends[:-1])


def read(
    summaries: Sequence[Summary], shards: Sequence[Shard], rows: np.ndarray, fields: Sequence[str]
) -> pd.DataFrame:
    """Read fields of some rows, which are numbered through all summaries and sorted."""
    import pandas as pd

    chosen = zip(shards, parts(summaries, rows), strict=True)
    return pd.concat([shard.read(fields).iloc[places] for shard, places in chosen], ignore_index=True)


def decisions(summaries: Sequence[Summary], rejected: np.ndarray, say: Sequence[str]) -> list[Decision]:
    reasons = iter(say)
    return [(places, list(islice(reasons, len(places)))) for places in parts(summaries, rejected)]


def reject(table: pd.DataFrame, decision: Decision) -> Outcome:
    import numpy as np

    places, say = decision
    rejected = np.zeros(len(table), dtype=bool)
    rejected[places] = True
    return Outcome(table, reasons(table, rejected, say))

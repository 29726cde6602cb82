"""Exact and near duplicates. Of the records that are alike, the one with the smallest id is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from stages import InputError
from stages.cleaning.base import Outcome, digests, flags, reasons, texts
from stages.cleaning.minhash import Unit, jaccard, proposed_pairs, sketches

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


@dataclass(frozen=True)
class ExactDuplicates:
    """Reject records whose fields all hold the same as those of a record with a smaller id.

    Compared is their SHA-256. Records without any value in the fields pass.
    """

    fields: list[str]

    def summarise(self, table: pd.DataFrame) -> Summary:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = [texts(table, field) for field in self.fields]
        some = np.logical_or.reduce([column.is_valid().to_numpy(zero_copy_only=False) for column in columns])
        if len(columns) == 1:
            whole = columns[0].filter(pa.array(some))
        else:  # the lengths say where each field ends, and -1 that there is none
            lengths = [pc.cast(pc.fill_null(pc.binary_length(column), -1), pa.large_string()) for column in columns]
            parts = [pc.fill_null(column, "") for column in columns]
            whole = pc.binary_join_element_wise(*lengths, *parts, pa.scalar(",", pa.large_string())).filter(
                pa.array(some)
            )
        ids = texts(table, "id").filter(pa.array(some))
        return Summary(np.flatnonzero(some), ids, digests(whole))

    def decide(self, summaries: Sequence[Summary], _shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np
        import pyarrow as pa

        prints = np.concatenate([each.prints for each in summaries])
        codes = pa.array(prints.view("V32").ravel(), pa.binary(32)).dictionary_encode().indices.to_numpy()
        kept = _first_of(codes)
        rejected = np.flatnonzero(kept != np.arange(len(kept)))
        say = [f"the same {', '.join(self.fields)} as {one}" for one in _at(_ids(summaries), kept[rejected])]
        return _decisions(summaries, rejected, say)

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return _reject(table, decision)


@dataclass(frozen=True)
class NearDuplicates:
    """Reject records that are much like one with a smaller id, directly or through others that are like both.

    Likeness is the Jaccard index of the texts' sets of shingles, without regard to case; pairs are proposed by MinHash
    (`stages.cleaning.minhash`), which misses few, and then compared exactly. Empty texts pass.

    Parameters
    ----------
    field
        The column with the text.
    similarity
        The Jaccard index from which two texts are near-duplicates.
    size, unit
        A shingle is so many characters (for short texts) or words (for long ones: 3) in a row.
    """

    field: str
    similarity: float = 0.8
    size: int = 4
    unit: Unit = "characters"

    def __post_init__(self) -> None:
        if not 0 < self.similarity <= 1:
            raise InputError(f"'similarity' must be above 0 and at most 1, found {self.similarity}")
        if self.size < 1:
            raise InputError(f"'size' must be 1 or more, found {self.size}")

    def summarise(self, table: pd.DataFrame) -> Summary:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = texts(table, self.field)
        some = flags(pc.match_substring_regex(column, r"\S"))
        column, ids = (each.filter(pa.array(some)) for each in (column, texts(table, "id")))
        return Summary(np.flatnonzero(some), ids, sketches(column, self.size, self.unit))

    def decide(self, summaries: Sequence[Summary], shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np

        pairs = proposed_pairs(np.concatenate([each.prints for each in summaries]), self.similarity)
        proposed, places = np.unique(pairs, return_inverse=True)
        alike = jaccard(self._texts(summaries, shards, proposed), places.reshape(-1, 2), self.size, self.unit)
        pairs, alike = pairs[alike >= self.similarity], alike[alike >= self.similarity]
        kept = _first_connected(pairs, sum(len(each.places) for each in summaries))
        rejected, nearest, alike = _nearest(pairs, alike, kept)
        ids = _ids(summaries)
        say = [
            f"like {keeper}{f' through {other}' if other != keeper else ''} (similarity {value:.2f})"
            for keeper, other, value in zip(_at(ids, kept[rejected]), _at(ids, nearest), alike.tolist(), strict=True)
        ]
        return _decisions(summaries, rejected, say)

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return _reject(table, decision)

    def _texts(self, summaries: Sequence[Summary], shards: Sequence[Shard], rows: np.ndarray) -> pa.Array:
        """Read the texts of some rows, which are numbered through all summaries and sorted."""
        import pyarrow as pa

        found = []
        for shard, places in zip(shards, _parts(summaries, rows), strict=True):
            found.append(texts(shard.read([self.field]), self.field).take(pa.array(places)))
        return pa.concat_arrays(found)


def _first_connected(pairs: np.ndarray, count: int) -> np.ndarray:
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


def _first_of(groups: np.ndarray) -> np.ndarray:
    """For each member the place of its group's first; groups are numbers from 0."""
    import numpy as np

    places = np.arange(len(groups))
    first = np.empty(len(groups), dtype=np.int64)
    first[groups[::-1]] = places[::-1]  # of several writes to one place the last one counts
    return first[groups]


def _nearest(pairs: np.ndarray, alike: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def _at(values: pa.Array, places: np.ndarray) -> list[str]:
    import pyarrow as pa

    found: list[str] = values.take(pa.array(places)).to_pylist()
    return found


def _ids(summaries: Sequence[Summary]) -> pa.Array:
    import pyarrow as pa

    return pa.concat_arrays([each.ids for each in summaries])


def _parts(summaries: Sequence[Summary], rows: np.ndarray) -> list[np.ndarray]:
    """For each shard the places of its own of some rows, which are numbered through all summaries and sorted."""
    import numpy as np

    places = np.concatenate([each.places for each in summaries])[rows]
    ends = np.searchsorted(rows, np.cumsum([len(each.places) for each in summaries]))
    return np.split(places, ends[:-1])


def _decisions(summaries: Sequence[Summary], rejected: np.ndarray, say: Sequence[str]) -> list[Decision]:
    parts = _parts(summaries, rejected)
    reasons = iter(say)
    return [(places, list(islice(reasons, len(places)))) for places in parts]


def _reject(table: pd.DataFrame, decision: Decision) -> Outcome:
    import numpy as np

    places, say = decision
    rejected = np.zeros(len(table), dtype=bool)
    rejected[places] = True
    return Outcome(table, reasons(table, rejected, say))

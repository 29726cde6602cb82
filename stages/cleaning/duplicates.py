"""Exact and near duplicates. Of the records that are alike, the one with the smallest id is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages import InputError
from stages.cleaning import groups
from stages.cleaning.base import Outcome, digests, flags, texts
from stages.cleaning.groups import Decision, Summary
from stages.cleaning.minhash import Unit, jaccard, proposed_pairs, sketches

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stages.tables import Shard


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
            lengths = np.column_stack([pc.fill_null(pc.binary_length(column), -1).to_numpy() for column in columns])
            width = lengths.itemsize * len(columns)
            heads = pa.array(lengths.view(f"V{width}").ravel(), pa.binary(width)).cast(pa.large_binary())
            parts = [pc.fill_null(column, "").cast(pa.large_binary()) for column in columns]
            whole = pc.binary_join_element_wise(heads, *parts, pa.scalar(b"", pa.large_binary())).filter(pa.array(some))
        ids = texts(table, "id").filter(pa.array(some))
        return Summary(np.flatnonzero(some), ids, digests(whole))

    def decide(self, summaries: Sequence[Summary], _shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np
        import pyarrow as pa

        prints = np.concatenate([each.prints for each in summaries])
        codes = pa.array(prints.view("V32").ravel(), pa.binary(32)).dictionary_encode().indices.to_numpy()
        kept = groups.first_of(codes)
        rejected = np.flatnonzero(kept != np.arange(len(kept)))
        keepers = groups.at(groups.ids(summaries), kept[rejected])
        say = [f"the same {', '.join(self.fields)} as {keeper}" for keeper in keepers]
        return groups.decisions(summaries, rejected, say)

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)


@dataclass(frozen=True)
class NearDuplicates:
    """Reject records that are much like one with a smaller id, directly or through others that are like both.

    Likeness is the Jaccard index of the texts' sets of shingles, without regard to case; pairs are proposed by MinHash
    (`stages.cleaning.minhash`), which misses few, and then compared exactly. Empty texts pass.

    Parameters
    ----------
    field
        The column with the text, or several whose texts are joined to one.
    similarity
        The Jaccard index from which two texts are near-duplicates.
    size, unit
        A shingle is so many characters (for short texts) or words (for long ones: 3) in a row.
    """

    field: str | list[str]
    similarity: float = 0.8
    size: int = 4
    unit: Unit = "characters"

    def __post_init__(self) -> None:
        if not self.field:
            raise InputError("'field' must be a field or several, found none")
        if not 0 < self.similarity <= 1:
            raise InputError(f"'similarity' must be above 0 and at most 1, found {self.similarity}")
        if self.size < 1:
            raise InputError(f"'size' must be 1 or more, found {self.size}")

    def summarise(self, table: pd.DataFrame) -> Summary:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._joined(table)
        some = flags(pc.match_substring_regex(column, r"\S"))
        column, ids = (each.filter(pa.array(some)) for each in (column, texts(table, "id")))
        return Summary(np.flatnonzero(some), ids, sketches(column, self.size, self.unit))

    def decide(self, summaries: Sequence[Summary], shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np

        pairs = proposed_pairs(np.concatenate([each.prints for each in summaries]), self.similarity)
        proposed, places = np.unique(pairs, return_inverse=True)
        alike = jaccard(self._texts(summaries, shards, proposed), places.reshape(-1, 2), self.size, self.unit)
        pairs, alike = pairs[alike >= self.similarity], alike[alike >= self.similarity]
        return groups.like(summaries, pairs, alike, f"the same {', '.join(self._fields)}")

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)

    def _texts(self, summaries: Sequence[Summary], shards: Sequence[Shard], rows: np.ndarray) -> pa.Array:
        """Read the texts of some rows, which are numbered through all summaries and sorted."""
        import pyarrow as pa

        found = []
        for shard, places in zip(shards, groups.parts(summaries, rows), strict=True):
            found.append(self._joined(shard.read(self._fields)).take(pa.array(places)))
        return pa.concat_arrays(found)

    @property
    def _fields(self) -> list[str]:
        return [self.field] if isinstance(self.field, str) else self.field

    def _joined(self, table: pd.DataFrame) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = [pc.fill_null(texts(table, field), "") for field in self._fields]
        return pc.binary_join_element_wise(*columns, pa.scalar(" ", pa.large_string()))


def alike(values: Sequence[str], similarity: float, size: int = 4, unit: Unit = "characters") -> list[tuple[int, int]]:
    """Find the pairs of texts that are alike, as `NearDuplicates` compares them.

    Parameters
    ----------
    values
        Texts; empty ones are like none.
    similarity, size, unit
        As in `NearDuplicates`.

    Returns
    -------
    Places of both texts of each pair, in order.
    """
    import numpy as np
    import pyarrow as pa

    some = np.array([place for place, text in enumerate(values) if text.strip()], dtype=int)
    if len(some) < 2:
        return []
    column = pa.array([values[place] for place in some], pa.large_string())
    pairs = proposed_pairs(sketches(column, size, unit), similarity)
    if not len(pairs):
        return []
    near = some[pairs[jaccard(column, pairs, size, unit) >= similarity]]
    return sorted((int(one), int(other)) for one, other in near)

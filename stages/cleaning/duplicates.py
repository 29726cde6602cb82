"""Exact and near duplicates. Of the records that are alike, the one with the smallest id is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages import InputError
from stages.cleaning import groups
from stages.cleaning.base import Outcome, flags, texts
from stages.cleaning.groups import Decision, Summary
from stages.cleaning.minhash import Unit, jaccard, proposed_pairs, sketches

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from stages.tables import Shard


@dataclass(frozen=True)
class ExactDuplicates:
    """Reject records whose fields all hold the same as those of a record with a smaller id.

    Those with equal hashes of 64 bits are compared. Records without any value in the fields pass.
    """

    fields: list[str]

    def summarise(self, table: pd.DataFrame) -> Summary:
        import numpy as np
        import pandas as pd
        import pyarrow as pa

        columns = [texts(table, field) for field in self.fields]
        some = np.logical_or.reduce([column.is_valid().to_numpy(zero_copy_only=False) for column in columns])
        values = pd.DataFrame(
            {place: column.to_numpy(zero_copy_only=False) for place, column in enumerate(columns)}, dtype=object
        )
        hashes = pd.util.hash_pandas_object(values, index=False, categorize=False)
        return Summary(np.flatnonzero(some), texts(table, "id").filter(pa.array(some)), hashes.to_numpy()[some])

    def decide(self, summaries: Sequence[Summary], shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np
        import pandas as pd

        hashes = pd.Series(np.concatenate([each.prints for each in summaries]))
        suspects = np.flatnonzero(hashes.duplicated(keep=False))
        values = groups.read(summaries, shards, suspects, self.fields)
        same = values.groupby(self.fields, sort=False, dropna=False).ngroup().to_numpy()
        kept = suspects[groups.first_of(same)]
        rejected = suspects[kept != suspects]
        keepers = groups.at(groups.ids(summaries), kept[kept != suspects])
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
        compared = self._joined(groups.read(summaries, shards, proposed, self._fields))
        alike = jaccard(compared, places.reshape(-1, 2), self.size, self.unit)
        pairs, alike = pairs[alike >= self.similarity], alike[alike >= self.similarity]
        return groups.like(summaries, pairs, alike, f"the same {', '.join(self._fields)}")

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)

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

"""Records with the same key, of which a declared one wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stages.cleaning import groups
from stages.cleaning.base import Outcome, texts
from stages.cleaning.groups import Decision
from stages.cleaning.missing import blank
from stages.cleaning.numeric import numbers

if TYPE_CHECKING:
    import pandas as pd

    from stages.tables import Shard


@dataclass(frozen=True)
class KeyDuplicates:
    """Of the records with the same key, keep the one that has the largest or smallest value in a column.

    Parameters
    ----------
    fields
        The columns that make the key; a record that lacks one of them passes.
    winner
        The column that decides: by number if all its values are numbers, else by the order of code points, which is
        that of time for ISO 8601. A missing value loses; among equals the smallest id wins.
    keep
        Whether the largest or the smallest wins.
    """

    fields: list[str]
    winner: str
    keep: Literal["largest", "smallest"] = "largest"

    def summarise(self, table: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        keys = {f"key {name}": table[name].mask(blank(table, name)) for name in self.fields}
        winner = table[self.winner].mask(blank(table, self.winner))
        number = numbers(texts(table, self.winner))
        return pd.DataFrame({"id": table["id"], **keys, "winner": winner, "number": number})

    def decide(self, summaries: Sequence[pd.DataFrame], _shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np
        import pandas as pd

        whole = pd.concat(summaries, ignore_index=True)
        numeric = (whole["winner"].isna() == whole["number"].isna()).all()
        place = whole["number" if numeric else "winner"].rank(method="dense", ascending=self.keep == "smallest")
        keys = [f"key {name}" for name in self.fields]
        complete = whole.assign(place=place)[whole[keys].notna().all(axis=1)]
        ordered = complete.sort_values("place", kind="stable", na_position="last")
        first = ordered.groupby(keys, sort=False)["id"].transform("first").sort_index()
        beaten = first[first != complete["id"]]
        rows, names = beaten.index.to_numpy(), ", ".join(self.fields)
        say = [f"the same {names} as {id}, whose {self.winner} wins" for id in beaten]
        ends = np.cumsum([len(summary) for summary in summaries])
        cuts = [0, *np.searchsorted(rows, ends).tolist()]
        return [
            (rows[low:high] - end + len(summary), say[low:high])
            for low, high, end, summary in zip(cuts, cuts[1:], ends, summaries, strict=False)
        ]

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)

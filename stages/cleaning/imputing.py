"""Fill what is missing from other records: of the same group, alike, or before and after in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from stages import InputError
from stages.cleaning.base import Outcome, none_rejected, texts
from stages.cleaning.missing import blank, fill
from stages.cleaning.numeric import as_text, numbers
from stages.tables import DIGITS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from stages.tables import Shard

DONORS = 2_000  # records that neighbours are sought among; all of them would take time by the square


@dataclass(frozen=True)
class FillByGroup:
    """Fill with the mean, the median, or the most frequent value of the records with the same value elsewhere.

    Where a group has no value, or a record no group, that of all records is taken.

    Parameters
    ----------
    fields
        The columns to fill.
    by
        The columns whose values make a group.
    action
        As in `Missing`.
    """

    fields: list[str]
    by: list[str]
    action: Literal["mean", "median", "mode"] = "median"

    def summarise(self, table: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        groups = {f"by {name}": table[name] for name in self.by}
        values = {
            field: table[field].mask(blank(table, field)) if self.action == "mode" else numbers(texts(table, field))
            for field in self.fields
        }
        return pd.DataFrame({**groups, **values})

    def decide(self, summaries: Sequence[pd.DataFrame], _shards: Sequence[Shard]) -> Sequence[pd.DataFrame]:
        """For each shard and field what to fill with, a text for each row."""
        import pandas as pd

        whole = pd.concat(summaries, ignore_index=True)
        grouped = whole.groupby([f"by {name}" for name in self.by], sort=False)
        found = {}
        for field in self.fields:
            if self.action == "mode":
                every, mine = _mode(whole[field]), grouped[field].transform(_mode)
            else:
                every, mine = whole[field].agg(self.action), grouped[field].transform(self.action)
            found[field] = _written(mine.fillna(every) if every is not None else mine)
        return _parts(pd.DataFrame(found), summaries)

    def apply(self, table: pd.DataFrame, decision: pd.DataFrame) -> Outcome:
        return _filled(table, decision)


@dataclass(frozen=True)
class FillByNeighbours:
    """Fill numbers with the mean of the records that are nearest in the other columns (Troyanskaya et al. 2001).

    Distances are over standardised columns (`sklearn.impute.KNNImputer`). Neighbours are sought among the 2,000 records
    with the smallest SHA-256 of `donor|<id>`.

    Parameters
    ----------
    fields
        Columns with numbers; those that are missing are filled from those that are there. A record with none of them
        stays as it is.
    neighbours
        How many records are asked.
    """

    fields: list[str]
    neighbours: int = 5

    def __post_init__(self) -> None:
        if self.neighbours < 1 or len(self.fields) < 2:
            raise InputError("'neighbours' must be 1 or more, and 'fields' two or more")

    def summarise(self, table: pd.DataFrame) -> list[tuple[bytes, list[float]]]:
        values = _matrix(table, self.fields)
        hashed = [sha256(f"donor|{id}".encode()).digest() for id in table["id"]]
        return sorted(zip(hashed, values.tolist(), strict=True), key=lambda each: each[0])[:DONORS]

    def decide(
        self, summaries: Sequence[list[tuple[bytes, list[float]]]], _shards: Sequence[Shard]
    ) -> Sequence[np.ndarray]:
        """The donors, shape (donors, fields), the same for each shard."""
        import numpy as np

        donors = sorted((each for summary in summaries for each in summary), key=lambda each: each[0])[:DONORS]
        return [np.array([values for _, values in donors]).reshape(-1, len(self.fields))] * len(summaries)

    def apply(self, table: pd.DataFrame, decision: np.ndarray) -> Outcome:
        import numpy as np
        import pandas as pd
        from sklearn.impute import KNNImputer

        values = _matrix(table, self.fields)
        gaps = np.isnan(values)
        rows = np.flatnonzero(gaps.any(axis=1) & ~gaps.all(axis=1))
        known = ~np.isnan(decision).all(axis=0) if len(decision) else np.zeros(len(self.fields), dtype=bool)
        if not len(rows) or not known.any():
            return Outcome(table, none_rejected(table))
        centre, spread = np.nanmean(decision[:, known], axis=0), np.nanstd(decision[:, known], axis=0)
        spread[spread == 0] = 1.0
        imputer = KNNImputer(n_neighbors=self.neighbours).fit((decision[:, known] - centre) / spread)
        filled = np.full(values.shape, np.nan)
        filled[np.ix_(rows, np.flatnonzero(known))] = (
            imputer.transform((values[np.ix_(rows, np.flatnonzero(known))] - centre) / spread) * spread + centre
        ).round(DIGITS)
        return _filled(table, pd.DataFrame(filled, table.index, self.fields).apply(_written))


@dataclass(frozen=True)
class FillInTime:
    """Fill numbers by straight lines between the readings before and after; the nearest reading at both ends.

    Parameters
    ----------
    fields
        Columns with numbers.
    time
        The column with the moment of each record, as ISO 8601 or as a number; a record without one stays as it is.
    by
        The columns whose values make a series, such as a sensor's name; none: all records are one.
    """

    fields: list[str]
    time: str
    by: list[str] | None = None

    def summarise(self, table: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        values = {field: numbers(texts(table, field)) for field in self.fields}
        series = {f"by {name}": table[name] for name in self.by or ()}
        return pd.DataFrame({**series, **values, "time": _moments(table, self.time)})

    def decide(self, summaries: Sequence[pd.DataFrame], _shards: Sequence[Shard]) -> Sequence[pd.DataFrame]:
        """For each shard and field what to fill with, a text for each row."""
        import numpy as np
        import pandas as pd

        whole = pd.concat(summaries, ignore_index=True)
        keys = [f"by {name}" for name in self.by or ()]
        series = whole.groupby(keys, sort=False, dropna=False).indices.values() if keys else [np.arange(len(whole))]
        found = {field: np.full(len(whole), np.nan) for field in self.fields}
        for rows in series:
            for field in self.fields:
                times, values = whole["time"].to_numpy()[rows], whole[field].to_numpy()[rows]
                known = ~np.isnan(times) & ~np.isnan(values)
                order = np.flatnonzero(known)[np.argsort(times[known], kind="stable")]
                if len(order):
                    at = np.interp(times, times[order], values[order]).round(DIGITS)
                    found[field][rows] = np.where(np.isnan(times), np.nan, at)
        return _parts(pd.DataFrame(found).apply(_written), summaries)

    def apply(self, table: pd.DataFrame, decision: pd.DataFrame) -> Outcome:
        return _filled(table, decision)


def _matrix(table: pd.DataFrame, fields: Sequence[str]) -> np.ndarray:
    import numpy as np

    return np.column_stack([numbers(texts(table, field)) for field in fields])


def _moments(table: pd.DataFrame, field: str) -> np.ndarray:
    """Seconds since 1970, or the number that is there; NaN where there is neither."""
    import numpy as np
    import pandas as pd

    read = numbers(texts(table, field))
    moments = pd.to_datetime(table[field].astype(object), format="ISO8601", utc=True, errors="coerce")
    seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy()
    return seconds if np.isnan(read).all() else read


def _mode(values: pd.Series) -> Any:
    """The most frequent value; of several, the first in the order of code points."""
    counts = values.value_counts()
    return min(counts.index[counts == counts.max()], default=None)


def _written(values: pd.Series) -> pd.Series:
    """Texts, None where there is nothing."""
    return values.map(lambda value: None if value != value else value if isinstance(value, str) else as_text(value))


def _parts(whole: pd.DataFrame, summaries: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    import numpy as np

    ends = np.cumsum([len(summary) for summary in summaries])
    return [whole.iloc[end - len(summary) : end] for end, summary in zip(ends, summaries, strict=True)]


def _filled(table: pd.DataFrame, values: pd.DataFrame) -> Outcome:
    import numpy as np

    for field in values:
        new = values[field].to_numpy(dtype=object)
        gaps = blank(table, str(field)) & np.array([isinstance(each, str) for each in new], dtype=bool)
        if gaps.any():
            table = fill(table, str(field), gaps, new[gaps].tolist())
    return Outcome(table, none_rejected(table))

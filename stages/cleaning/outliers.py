"""Numbers, and rows of numbers, that are far from the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from stages import InputError
from stages.cleaning.base import Outcome, none_rejected, reasons, texts, with_texts
from stages.cleaning.numeric import as_text, numbers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from stages.tables import Shard

Bounds = tuple[float, float]

ANY = (-math.inf, math.inf)  # where there are no numbers, or all are alike


@dataclass(frozen=True)
class Outliers:
    """Find numbers far from the others of their column. What is no number passes.

    Parameters
    ----------
    fields
        The columns.
    method
        How the bounds are set: `iqr`, `threshold` interquartile ranges below the first and above the third quartile
        (Tukey 1977); `mad`, where the modified z-score, 0.6745 × distance to the median / median absolute deviation,
        is `threshold` (Iglewicz and Hoaglin 1993); `zscore`, `threshold` standard deviations from the mean.
    threshold
        Null for the usual one: 1.5 (iqr), 3.5 (mad), 3 (zscore).
    action
        `reject` the record, `clip` the number to the nearest bound, or `mark` the record in the trail.

    Notes
    -----
    Where the spread is 0, as that of `iqr` and `mad` is once most numbers are the same, nothing can be said of the
    others, and all pass.
    """

    fields: list[str]
    method: Literal["iqr", "mad", "zscore"] = "iqr"
    threshold: float | None = None
    action: Literal["reject", "clip", "mark"] = "reject"

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < math.inf:
            raise InputError(f"'threshold' must be above 0, found {self.threshold}")

    def summarise(self, table: pd.DataFrame) -> list[np.ndarray]:
        import numpy as np

        columns = [numbers(texts(table, field)) for field in self.fields]
        return [values[~np.isnan(values)] for values in columns]

    def decide(self, summaries: Sequence[list[np.ndarray]], _shards: Sequence[Shard]) -> Sequence[list[Bounds]]:
        """For each field the lowest and the highest number to keep."""
        import numpy as np

        columns = [np.concatenate(parts) for parts in zip(*summaries, strict=True)]
        bounds = [self._bounds(values) if len(values) else ANY for values in columns]
        return [bounds] * len(summaries)

    def _bounds(self, values: np.ndarray) -> Bounds:
        import numpy as np

        if self.method == "iqr":
            low, high = (float(each) for each in np.quantile(values, [0.25, 0.75]))
            reach = (self.threshold or 1.5) * (high - low)
        elif self.method == "mad":
            low = high = float(np.median(values))
            reach = (self.threshold or 3.5) * float(np.median(np.abs(values - low))) / 0.6745
        else:
            low = high = math.fsum(values) / len(values)
            reach = (self.threshold or 3.0) * math.sqrt(math.fsum((values - low) ** 2) / len(values))
        spread = reach > 0 and values.min() < values.max()  # the mean of equal numbers may be off in its last bit
        return (low - reach, high + reach) if spread else ANY

    def apply(self, table: pd.DataFrame, decision: list[Bounds]) -> Outcome:
        import numpy as np

        say: dict[int, list[str]] = {}
        for field, (low, high) in zip(self.fields, decision, strict=True):
            if (low, high) == ANY:
                continue
            column = texts(table, field)
            read = numbers(column)
            outside = (read < low) | (read > high)
            if self.action == "clip" and outside.any():
                table = _clipped(table, field, outside, np.where(read < low, low, high))
            for row in np.flatnonzero(outside).tolist() if self.action != "clip" else ():
                say.setdefault(row, []).append(f"{field} is {column[row].as_py()}, outside {low:.6g} to {high:.6g}")
        return _judged(table, {row: "; ".join(said) for row, said in say.items()}, self.action)


@dataclass(frozen=True)
class Isolated:
    """Find rows of numbers that few random cuts part from all others (Liu, Ting and Zhou 2008).

    It sees what is odd in several columns together, such as the mass of a giant at the height of a child. Missing
    numbers count as the median.

    Parameters
    ----------
    fields
        Columns with numbers.
    threshold
        The anomaly score above which a row is isolated: about .5 for an ordinary row, near 1 for a lonely one.
    action
        `reject` the record, or `mark` it in the trail.
    """

    fields: list[str]
    threshold: float = 0.65
    action: Literal["reject", "mark"] = "reject"

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise InputError(f"'threshold' must be between 0 and 1, found {self.threshold}")

    def summarise(self, table: pd.DataFrame) -> np.ndarray:
        import numpy as np

        return np.column_stack([numbers(texts(table, field)) for field in self.fields])

    def decide(self, summaries: Sequence[np.ndarray], _shards: Sequence[Shard]) -> Sequence[Any]:
        """The forest and the medians, the same for each shard."""
        import numpy as np
        from sklearn.ensemble import IsolationForest

        whole = np.concatenate(summaries)
        if not len(whole):
            return [None] * len(summaries)
        known = [column[~np.isnan(column)] for column in whole.T]
        middle = np.array([np.median(column) if len(column) else 0.0 for column in known])
        forest = IsolationForest(random_state=0).fit(np.where(np.isnan(whole), middle, whole))
        return [(forest, middle)] * len(summaries)

    def apply(self, table: pd.DataFrame, decision: Any) -> Outcome:
        import numpy as np

        if decision is None or not len(table):
            return Outcome(table, none_rejected(table))
        forest, middle = decision
        values = self.summarise(table)
        scores = -forest.score_samples(np.where(np.isnan(values), middle, values))
        lonely = np.flatnonzero(scores > self.threshold).tolist()
        said = {row: f"{', '.join(self.fields)} are isolated (score {scores[row]:.2f})" for row in lonely}
        return _judged(table, said, self.action)


def _clipped(table: pd.DataFrame, field: str, outside: np.ndarray, bounds: np.ndarray) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = texts(table, field)
    new = pa.array([as_text(float(bound)) for bound in bounds[outside]], column.type)
    return with_texts(table, field, pc.replace_with_mask(column, pa.array(outside), new))


def _judged(table: pd.DataFrame, said: dict[int, str], action: str) -> Outcome:
    import numpy as np

    mask = np.zeros(len(table), dtype=bool)
    mask[list(said)] = True
    told = reasons(table, mask, [said[row] for row in sorted(said)])
    return Outcome(table, none_rejected(table), told) if action == "mark" else Outcome(table, told)

"""Numbers in text columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stages import InputError
from stages.cleaning.base import Outcome, none_rejected, reasons, texts, with_texts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stages.tables import Shard

NUMBER = r"^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"


def numbers(values: pa.Array) -> np.ndarray:
    """Read decimal numbers, with a point and no other sign between digits; NaN for what is no finite number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    written = pc.if_else(pc.match_substring_regex(values, NUMBER), values, pa.scalar(None, values.type))
    trimmed = pc.replace_substring_regex(written, r"^\s*\+?|\s+$", "")
    read = pc.cast(trimmed, pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(read), read, np.nan)


def as_text(number: float) -> str:
    """Write a number so that `numbers` reads the same; a whole one without a fraction."""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(float(number))


@dataclass(frozen=True)
class Outliers:
    """Reject, or move to the nearest bound, numbers far from the others. What is no number passes.

    Parameters
    ----------
    field
        The column.
    method
        How the bounds are set: `iqr`, `threshold` interquartile ranges below the first and above the third quartile
        (Tukey 1977); `mad`, where the modified z-score, 0.6745 × distance to the median / median absolute deviation,
        is `threshold` (Iglewicz and Hoaglin 1993); `zscore`, `threshold` standard deviations from the mean.
    threshold
        Null for the usual one: 1.5 (iqr), 3.5 (mad), 3 (zscore).
    action
        `reject` the record or `clip` the number.
    """

    field: str
    method: Literal["iqr", "mad", "zscore"] = "iqr"
    threshold: float | None = None
    action: Literal["reject", "clip"] = "reject"

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < math.inf:
            raise InputError(f"'threshold' must be above 0, found {self.threshold}")

    def summarise(self, table: pd.DataFrame) -> np.ndarray:
        import numpy as np

        values = numbers(texts(table, self.field))
        return values[~np.isnan(values)]

    def decide(self, summaries: Sequence[np.ndarray], _shards: Sequence[Shard]) -> Sequence[tuple[float, float]]:
        """The lowest and the highest number to keep."""
        import numpy as np

        values = np.sort(np.concatenate(summaries))
        bounds = self._bounds(values) if len(values) else (-math.inf, math.inf)
        return [bounds] * len(summaries)

    def _bounds(self, values: np.ndarray) -> tuple[float, float]:
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
        return low - reach, high + reach

    def apply(self, table: pd.DataFrame, decision: tuple[float, float]) -> Outcome:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        low, high = decision
        values = texts(table, self.field)
        read = numbers(values)
        outside = (read < low) | (read > high)
        if self.action == "clip":
            new = pa.array([as_text(low if each < low else high) for each in read[outside]], values.type)
            table = with_texts(table, self.field, pc.replace_with_mask(values, pa.array(outside), new))
            return Outcome(table, none_rejected(table))
        say = [
            f"{self.field} is {values[int(i)].as_py()}, outside {low:.6g} to {high:.6g}"
            for i in np.flatnonzero(outside)
        ]
        return Outcome(table, reasons(table, outside, say))

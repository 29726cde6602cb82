"""Missing values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from stages import InputError
from stages.cleaning.base import Outcome, flags, none_rejected, reasons, texts, with_texts
from stages.cleaning.numeric import as_text, numbers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from stages.tables import Shard


@dataclass(frozen=True)
class Missing:
    """Reject or fill what is missing: null, or nothing but white space.

    Parameters
    ----------
    fields
        The columns to look at.
    action
        `reject` the record, or fill with a `constant`, the `mean`, the `median`, the `mode` (the most frequent value;
        of several, the first in the order of code points), or `interpolate` between the neighbours in the order of
        ids (the nearest value at both ends). Mean, median and interpolation take the values that are numbers.
    value
        The constant.
    allowed
        How many of the fields may be missing in a record that is not rejected.
    """

    fields: list[str]
    action: Literal["reject", "constant", "mean", "median", "mode", "interpolate"] = "reject"
    value: str | int | float | None = None
    allowed: int = 0

    def __post_init__(self) -> None:
        if (self.action == "constant") != (self.value is not None):
            raise InputError(
                f"action is {self.action!r} and value {self.value!r}; constant takes a value, no other does"
            )

    @property
    def row_wise(self) -> bool:
        return self.action in ("reject", "constant")

    def summarise(self, table: pd.DataFrame) -> list[Any]:
        return [self._summarise(table, field) for field in self.fields]

    def _summarise(self, table: pd.DataFrame, field: str) -> Any:
        import pyarrow as pa

        if self.action == "mode":
            present = texts(table, field).filter(pa.array(~blank(table, field)))
            return {each["values"]: each["counts"] for each in present.value_counts().to_pylist()}
        return numbers(texts(table, field))

    def decide(self, summaries: Sequence[list[Any]], _shards: Sequence[Shard]) -> Sequence[list[Any]]:
        """For each shard and field what to fill with: a text for all, None where there is nothing to fill with, or an
        array with a number for each row.
        """
        each_field = [self._decide([summary[i] for summary in summaries]) for i in range(len(self.fields))]
        return [[fills[shard] for fills in each_field] for shard in range(len(summaries))]

    def _decide(self, summaries: Sequence[Any]) -> Sequence[Any]:
        import numpy as np

        if self.action == "mode":
            counts: Counter[str] = sum((Counter(summary) for summary in summaries), Counter())
            return [min(counts, key=lambda text: (-counts[text], text), default=None)] * len(summaries)
        values = np.concatenate(summaries)
        known = np.flatnonzero(~np.isnan(values))
        if not len(known):
            return [None] * len(summaries)
        if self.action == "interpolate":
            filled = np.interp(np.arange(len(values)), known, values[known])
            return np.split(filled, np.cumsum([len(summary) for summary in summaries])[:-1])
        if self.action == "median":
            return [as_text(float(np.median(values[known])))] * len(summaries)
        return [as_text(math.fsum(values[known]) / len(known))] * len(summaries)

    def apply(self, table: pd.DataFrame, decision: Sequence[Any] | None = None) -> Outcome:
        missing = {field: blank(table, field) for field in self.fields}
        if self.action == "reject":
            return _reject(table, missing, self.allowed)
        for field, found in zip(self.fields, decision or [str(self.value)] * len(self.fields), strict=True):
            mask = missing[field]
            if found is not None and mask.any():
                single = isinstance(found, str)
                table = fill(table, field, mask, [found] * mask.sum() if single else [*map(as_text, found[mask])])
        return Outcome(table, none_rejected(table))


def blank(table: pd.DataFrame, field: str) -> np.ndarray:
    """True where there is nothing, or nothing but white space as Unicode has it."""
    import pyarrow.compute as pc

    column = texts(table, field)
    empty = pc.or_(pc.equal(pc.binary_length(column), 0), pc.utf8_is_space(column))
    return flags(empty) | column.is_null().to_numpy(zero_copy_only=False)


def _reject(table: pd.DataFrame, missing: dict[str, np.ndarray], allowed: int) -> Outcome:
    import numpy as np

    rejected = np.sum(list(missing.values()), axis=0) > allowed
    say = [
        f"missing: {', '.join(field for field, mask in missing.items() if mask[i])}" for i in np.flatnonzero(rejected)
    ]
    return Outcome(table, reasons(table, rejected, say))


def fill(table: pd.DataFrame, field: str, missing: np.ndarray, values: Sequence[str]) -> pd.DataFrame:
    """Put values where a mask is true."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = texts(table, field)
    return with_texts(table, field, pc.replace_with_mask(column, pa.array(missing), pa.array(values, column.type)))

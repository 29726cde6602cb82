"""Numbers and categories of a table into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages import InputError, tables
from stages.annotators import logistic
from stages.annotators.logistic import Logistic
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product
COMMON = 2  # a category that fewer labelled records have says nothing of others

Feature = tuple[str, str, str | None, float, float]  # field, kind, value, centre, scale


@dataclass(frozen=True)
class Columns:
    """Standardised numbers, one-hot categories, and logistic regression per label set.

    A missing number counts as the median, and that it is missing is a feature of its own; a missing or rare category is
    none of the known ones. Seconds for a million rows, no download.

    Parameters
    ----------
    fields
        The columns to read; those of type `number` are numbers, all others categories.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    curve
        Shares of the labels on which it is fitted again, for the forecast of how many more are needed; none: ().
    """

    fields: tuple[str, ...]
    c: float = 1.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model

    @property
    def name(self) -> str:
        return "columns"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> ColumnsModel:
        import pandas as pd

        for field in self.fields:
            if field not in records:
                raise InputError(f"annotator.fields: there is no field {field!r}")
        found = [row for field in self.fields for row in _features(records[field])]
        features = pd.DataFrame(found, columns=["field", "kind", "value", "centre", "scale"])
        return ColumnsModel(features, logistic.fit(_encoded(records, features), values, task, self.c))

    def load(self, folder: Path, task: Task) -> ColumnsModel:
        regression, features = logistic.load(folder, task)
        return ColumnsModel(features, regression)


@dataclass(frozen=True)
class ColumnsModel:
    """A fitted model.

    Attributes
    ----------
    features
        What each feature is: its `field`, its `kind` (number, missing, category), the category's `value`, and where the
        feature is 0 (`centre`) and 1 (`centre` + `scale`).
    regression
        Over the features.
    """

    features: pd.DataFrame
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        found = [np.zeros((0, len(self.regression.task.labels)))]
        for start in range(0, len(records), BATCH):
            encoded = _encoded(records.iloc[start : start + BATCH], self.features)
            found.append(self.regression.probabilities(encoded))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        kinds = {"field": "text", "kind": "text", "value": "text", "centre": "number", "scale": "number"}
        self.regression.save(folder, self.features, kinds)


def _features(column: pd.Series) -> list[Feature]:
    """Say what the features of a column are, by the records to learn from."""
    import numpy as np
    import pandas as pd

    name = str(column.name)
    if pd.api.types.is_numeric_dtype(column):
        known = np.sort(column.dropna())  # the order of the records must not show in the last bits of a sum
        absent: list[Feature] = [(name, "missing", None, 0.0, 1.0)] if len(known) < len(column) else []
        if not len(known):
            return absent
        centre, spread = (float(f"{each:.{tables.DIGITS}g}") for each in (np.median(known), known.std()))
        return [(name, "number", None, centre, spread or 1.0), *absent]
    counts = column.value_counts()
    return [(name, "category", value, 0.0, 1.0) for value in sorted(counts.index[counts >= COMMON])]


def _encoded(records: pd.DataFrame, features: pd.DataFrame) -> np.ndarray:
    """Shape (records, features)."""
    import numpy as np

    encoded = np.zeros((len(records), len(features)))
    for place, (field, kind, value, centre, scale) in enumerate(features.iloc[:, :5].itertuples(index=False)):
        column = records[field]
        if kind == "number":
            encoded[:, place] = (column.fillna(centre) - centre) / scale
        else:
            encoded[:, place] = column.isna() if kind == "missing" else (column == value).fillna(False)
    return encoded

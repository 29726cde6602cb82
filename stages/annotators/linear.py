"""Word and character n-grams into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages.annotators import logistic, terms
from stages.annotators.base import NotEnough
from stages.annotators.logistic import Logistic
from stages.annotators.terms import Counts, Terms
from stages.annotators.texts import joined
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product


@dataclass(frozen=True)
class Linear:
    """TF-IDF of words (1 and 2) and of characters within words (2 to 5), and logistic regression per label set.

    Seconds on a laptop, no download. A single choice is one multinomial regression, a multiple choice one binary
    regression per label, a rating one per number.

    Parameters
    ----------
    fields
        The text fields to read, joined by a line end.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    curve
        Shares of the labels on which it is fitted again, for the forecast of how many more are needed; none: ().
    """

    fields: tuple[str, ...]
    c: float = 10.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model
    _counted: tuple[Counts, ...] = dataclasses.field(
        default_factory=terms.counts, init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        return "linear"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> LinearModel:
        texts = joined(records, self.fields)
        if not "".join(texts).strip():
            raise NotEnough("the labelled records have no text to learn from")
        learned, features = terms.learn(texts, self._counted)
        return LinearModel(self.fields, learned, logistic.fit(features, values, task, self.c))

    def load(self, folder: Path, task: Task) -> LinearModel:
        regression, table = logistic.load(folder, task)
        return LinearModel(self.fields, terms.of_table(table), regression)


@dataclass(frozen=True)
class LinearModel:
    fields: tuple[str, ...]
    terms: Terms
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        texts = joined(records, self.fields)
        found = [np.zeros((0, len(self.regression.task.labels)))]
        for start in range(0, len(texts), BATCH):
            features = self.terms.features(texts[start : start + BATCH])
            found.append(self.regression.probabilities(features))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        self.regression.save(folder, self.terms.table(), terms.COLUMNS)

"""Which of two texts people prefer, by how their words differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages.annotators import logistic, terms
from stages.annotators.base import NotEnough, only
from stages.annotators.logistic import Logistic
from stages.annotators.terms import Counts, Terms
from stages.annotators.texts import joined
from stages.tasks import Pairwise, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product


@dataclass(frozen=True)
class Preference:
    """Logistic regression on the difference of two texts' features.

    This is the model of Bradley and Terry whose items have as their strength a weighted sum of the words and characters
    in them, with an intercept, since people may lean to one side.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.

    References
    ----------
    R. A. Bradley and M. E. Terry, Rank Analysis of Incomplete Block Designs: The Method of Paired Comparisons,
    Biometrika 39 (1952).
    """

    c: float = 10.0
    _counted: tuple[Counts, ...] = dataclasses.field(
        default_factory=terms.counts, init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        return "preference"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> PreferenceModel:
        left, right = _sides(records, only(task, Pairwise))
        if not "".join([*left, *right]).strip():
            raise NotEnough("the labelled records have no text to learn from")
        learned, features = terms.learn([*left, *right], self._counted)
        difference = features[: len(left)] - features[len(left) :]
        return PreferenceModel(learned, logistic.fit(difference, values, task, self.c))

    def load(self, folder: Path, task: Task) -> PreferenceModel:
        regression, table = logistic.load(folder, only(task, Pairwise))
        return PreferenceModel(terms.of_table(table), regression)


@dataclass(frozen=True)
class PreferenceModel:
    terms: Terms
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        left, right = _sides(records, only(self.regression.task, Pairwise))
        found = [np.zeros((0, 2))]
        for start in range(0, len(left), BATCH):
            one, other = (self.terms.features(side[start : start + BATCH]) for side in (left, right))
            found.append(self.regression.probabilities(one - other))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        self.regression.save(folder, self.terms.table(), terms.COLUMNS)


def _sides(records: pd.DataFrame, task: Pairwise) -> tuple[list[str], list[str]]:
    left, right = (joined(records, [field]) for field in task.sides)
    return left, right

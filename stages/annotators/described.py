"""Numbers that describe a file, into logistic regression: what annotators of pictures and of sounds have in common."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from stages.annotators import logistic
from stages.annotators.logistic import Logistic
from stages.annotators.texts import column
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 1_000  # records per prediction; fixed, since the batch size changes the last bits of a product


@dataclass(frozen=True)
class Described(ABC):
    """An annotator that describes each record's file by the same numbers; a record without a file has zeros.

    Parameters
    ----------
    field
        The field with the file.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    curve
        Shares of the labels on which it is fitted again, for the forecast of how many more are needed; none: ().
    """

    field: str
    c: float = 1.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model
    _known: dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    name: ClassVar[str]

    @abstractmethod
    def places(self) -> list[str]:
        """What each feature is."""

    @abstractmethod
    def describe(self, path: str) -> np.ndarray:
        """Give a file's features, as `places` says."""

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> DescribedModel:
        return DescribedModel(self, logistic.fit(self.features(records), values, task, self.c))

    def load(self, folder: Path, task: Task) -> DescribedModel:
        return DescribedModel(self, logistic.load(folder, task)[0])

    def features(self, records: pd.DataFrame) -> np.ndarray:
        """Describe each record's file, shape (records, features); each is read once, not once per fold."""
        import numpy as np

        paths, size = column(records, self.field), len(self.places())
        for path in paths:
            if path not in self._known:
                self._known[path] = self.describe(path) if path else np.zeros(size, dtype=np.float32)
        return np.array([self._known[path] for path in paths], dtype=np.float64).reshape(-1, size)


@dataclass(frozen=True)
class DescribedModel:
    settings: Described
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        found = [np.zeros((0, len(self.regression.task.labels)))]
        for start in range(0, len(records), BATCH):
            features = self.settings.features(records.iloc[start : start + BATCH])
            found.append(self.regression.probabilities(features))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        import pandas as pd

        self.regression.save(folder, pd.DataFrame({"feature": self.settings.places()}), {"feature": "text"})

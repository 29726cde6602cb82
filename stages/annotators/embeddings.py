"""A frozen encoder into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages import InputError, tables
from stages.annotators import logistic
from stages.annotators.base import NotEnough
from stages.annotators.encoders import Encoder
from stages.annotators.logistic import Logistic
from stages.annotators.texts import joined
from stages.annotators.vectors import vectors
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product


@dataclass(frozen=True)
class Embeddings:
    """Logistic regression over the vectors of a pretrained encoder: good from a few labels per class on.

    Parameters
    ----------
    fields
        The text fields to read, joined by a line end.
    encoder
        What turns a text into a vector.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    curve
        Shares of the labels on which the regression is fitted again, to forecast how many more are needed; none: ().
    """

    fields: tuple[str, ...]
    encoder: Encoder
    c: float = 10.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model

    @property
    def name(self) -> str:
        return "embeddings"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> EmbeddingsModel:
        if records.empty:
            raise NotEnough("there are no labels to learn from")
        return EmbeddingsModel(self, logistic.fit(self.features(records), values, task, self.c))

    def load(self, folder: Path, task: Task) -> EmbeddingsModel:
        learned = tables.read_json(folder / "encoder.json")["fingerprint"]
        if learned != self.encoder.fingerprint():
            raise InputError("annotator.encoder: another model than the one that was learned with; run dvc repro")
        return EmbeddingsModel(self, logistic.load(folder, task)[0])

    def features(self, records: pd.DataFrame) -> np.ndarray:
        """Give each record's vector, shape (records, dimensions)."""
        return vectors(joined(records, self.fields), self.encoder)


@dataclass(frozen=True)
class EmbeddingsModel:
    settings: Embeddings
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        features = self.settings.features(records)
        found = [np.zeros((0, len(self.regression.task.labels)))]
        found += [
            self.regression.probabilities(features[start : start + BATCH]) for start in range(0, len(records), BATCH)
        ]
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        import pandas as pd

        dimensions = pd.DataFrame({"dimension": [str(i) for i in range(self.regression.coefficients.shape[1])]})
        self.regression.save(folder, dimensions, {"dimension": "text"})
        tables.write_json(folder / "encoder.json", {"fingerprint": self.settings.encoder.fingerprint()})

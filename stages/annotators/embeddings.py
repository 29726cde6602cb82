"""A frozen encoder into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stages import InputError, tables
from stages.annotators import logistic
from stages.annotators.base import Annotator, NotEnough
from stages.annotators.encoders import Encoder
from stages.annotators.logistic import Logistic
from stages.annotators.texts import joined
from stages.annotators.vectors import vectors
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product
TINY = 1e-12


@dataclass(frozen=True)
class Embeddings:
    """Logistic regression over the vectors of a pretrained encoder: good from a few labels per class on.

    Weights are penalised less in directions in which the vectors of all records, labelled or not, vary more: records
    that lie close together tend to have the same label.

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

    References
    ----------
    T. Zhang and R. K. Ando, Analysis of Spectral Kernel Design based Semi-supervised Learning, NIPS (2005).
    """

    fields: tuple[str, ...]
    encoder: Encoder
    c: float = 10.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model

    @property
    def name(self) -> str:
        return "embeddings"

    def survey(
        self,
        records: pd.DataFrame,
        task: Task,  # noqa: ARG002
    ) -> Annotator:
        """Let all records say how vectors vary; no label is needed for that."""
        return SurveyedEmbeddings(self, records)

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
class SurveyedEmbeddings:
    """Embeddings that may look at all records."""

    settings: Embeddings
    records: pd.DataFrame

    @property
    def name(self) -> str:
        return self.settings.name

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> EmbeddingsModel:
        if records.empty:
            raise NotEnough("there are no labels to learn from")
        found = logistic.fit(self.settings.features(records) @ self.stretch, values, task, self.settings.c)
        return EmbeddingsModel(self.settings, replace(found, coefficients=found.coefficients @ self.stretch))

    def load(self, folder: Path, task: Task) -> EmbeddingsModel:
        return self.settings.load(folder, task)

    @cached_property
    def stretch(self) -> np.ndarray:
        """The square root of the vectors' covariance, scaled to leave their total variance: it squares the kernel."""
        import numpy as np

        features = self.settings.features(self.records)
        features -= features.mean(axis=0)
        variances, directions = np.linalg.eigh(features.T @ features / len(features))
        if variances.max() < TINY:  # all records are the same
            return np.eye(len(variances))
        variances = variances.clip(0)
        scales = np.sqrt(variances * variances.sum() / (variances**2).sum())
        # rounded, since the last bits differ between processors
        return ((directions * scales) @ directions.T).round(tables.DIGITS)


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

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
from stages.annotators.base import Annotator, NotEnough, above_zero
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

    def __post_init__(self) -> None:
        above_zero("c", self.c)  # not after texts were encoded for minutes
        if wrong := [share for share in self.curve if not 0 < share < 1]:
            raise InputError(f"curve: shares between 0 and 1 are expected, found {wrong[0]:g}")

    @property
    def name(self) -> str:
        return "embeddings"

    def survey(
        self,
        records: pd.DataFrame,
        task: Task,  # noqa: ARG002
    ) -> Annotator:
        """Let all records say how vectors vary; no label is needed for that."""
        return SurveyedEmbeddings(self.fields, self.encoder, self.c, self.curve, records=records)

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> EmbeddingsModel:
        if records.empty:
            raise NotEnough("there are no labels to learn from")
        return EmbeddingsModel(self, self.regression(self.features(records), values, task))

    def load(self, folder: Path, task: Task) -> EmbeddingsModel:
        learned = tables.read_json(folder / "encoder.json")["fingerprint"]
        if learned != self.encoder.fingerprint():
            raise InputError("annotator.encoder: another model than the one that was learned with; run dvc repro")
        return EmbeddingsModel(self, logistic.load(folder, task)[0])

    def features(self, records: pd.DataFrame) -> np.ndarray:
        """Give each record's vector, shape (records, dimensions)."""
        return vectors(joined(records, self.fields), self.encoder)

    def regression(self, features: np.ndarray, values: Sequence[Value], task: Task) -> Logistic:
        """Fit weights of the vectors' dimensions."""
        return logistic.fit(features, values, task, self.c)


@dataclass(frozen=True)
class SurveyedEmbeddings(Embeddings):
    """Embeddings that may look at all records."""

    records: pd.DataFrame = dataclasses.field(kw_only=True, repr=False, compare=False)

    def regression(self, features: np.ndarray, values: Sequence[Value], task: Task) -> Logistic:
        found = super().regression(features @ self.stretch, values, task)
        return replace(found, coefficients=found.coefficients @ self.stretch)

    @cached_property
    def stretch(self) -> np.ndarray:
        return stretching(self.features(self.records))


def stretching(features: np.ndarray, power: float = 0.5) -> np.ndarray:
    """Give a power of the vectors' covariance, scaled to leave their total variance; the root squares the kernel.

    Parameters
    ----------
    features
        Shape (records, dimensions).
    power
        Above 0, in what the vectors differ most counts more; of -1/2, all directions count the same.

    Returns
    -------
    Shape (dimensions, dimensions), to multiply vectors with.
    """
    import numpy as np

    features = features - features.mean(axis=0)
    variances, directions = np.linalg.eigh(features.T @ features / len(features))
    if variances.max() < TINY:  # all records are the same
        return np.eye(len(variances))
    scales = np.power(variances, power, out=np.zeros_like(variances), where=variances > TINY)
    scales *= np.sqrt(variances.sum() / (variances * scales**2).sum())
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

"""Word and character n-grams into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators import logistic
from stages.annotators.base import NotEnough
from stages.annotators.logistic import Logistic
from stages.annotators.texts import joined
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product
KINDS = ("word", "character")


@dataclass(frozen=True)
class Linear:
    """TF-IDF of words (1 and 2) and of characters within words (2 to 5), and logistic regression per label set.

    Seconds on a laptop, no download. A single choice is one multinomial regression, a multiple choice one binary
    regression per label.

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
        import numpy as np

        vectorizers = _vectorizers()
        texts = joined(records, self.fields)
        if not "".join(texts).strip():
            raise NotEnough("the labelled records have no text to learn from")
        features = _stack([vectorizer.fit_transform(texts) for vectorizer in vectorizers])
        regression = logistic.fit(features, values, task, self.c)
        vocabularies = [list(vectorizer.get_feature_names_out()) for vectorizer in vectorizers]
        frequencies = np.concatenate([vectorizer.idf_ for vectorizer in vectorizers])
        return LinearModel(self.fields, vocabularies, frequencies, regression)

    def load(self, folder: Path, task: Task) -> LinearModel:
        regression, terms = logistic.load(folder, task)
        vocabularies = [list(terms["term"][terms["kind"] == kind]) for kind in KINDS]
        return LinearModel(self.fields, vocabularies, terms["idf"].to_numpy(), regression)


@dataclass(frozen=True)
class LinearModel:
    fields: tuple[str, ...]
    vocabularies: list[list[str]]
    frequencies: np.ndarray
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        vectorizers = _vectorizers()
        parts = np.split(self.frequencies, [len(self.vocabularies[0])])
        for vectorizer, vocabulary, frequencies in zip(vectorizers, self.vocabularies, parts, strict=True):
            vectorizer.vocabulary_ = {term: i for i, term in enumerate(vocabulary)}
            vectorizer.fixed_vocabulary_ = True
            if vocabulary:
                vectorizer.idf_ = frequencies
        texts = joined(records, self.fields)
        found = [np.zeros((0, len(self.regression.task.labels)))]
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            features = _stack([vectorizer.transform(batch) for vectorizer in vectorizers])
            found.append(self.regression.probabilities(features))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        import pandas as pd

        kinds = [kind for kind, terms in zip(KINDS, self.vocabularies, strict=True) for _ in terms]
        names = [term for terms in self.vocabularies for term in terms]
        terms = pd.DataFrame({"kind": kinds, "term": names, "idf": self.frequencies.round(tables.DIGITS)})
        self.regression.save(folder, terms, {"kind": "text", "term": "text", "idf": "number"})


def _vectorizers() -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]+"),  # noqa: S106
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    ]


def _stack(parts: list[Any]) -> Any:
    from scipy.sparse import hstack

    return hstack(parts, format="csr")

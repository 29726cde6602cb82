"""Word and character n-grams into logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators.base import NotEnough
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 10_000  # records per prediction; fixed, since the batch size changes the last bits of a product


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
    """

    fields: tuple[str, ...]
    c: float = 10.0

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
        texts = _texts(records, self.fields)
        if not "".join(texts).strip():
            raise NotEnough("the labelled records have no text to learn from")
        features = _stack([vectorizer.fit_transform(texts) for vectorizer in vectorizers])
        codes = task.codes(values)
        coefficients, intercepts = (_binary if task.multiple else _multinomial)(features, codes, self.c)
        vocabularies = [list(vectorizer.get_feature_names_out()) for vectorizer in vectorizers]
        frequencies = np.concatenate([vectorizer.idf_ for vectorizer in vectorizers])
        return LinearModel(self.fields, task, vocabularies, frequencies, coefficients, intercepts)

    def load(self, folder: Path, task: Task) -> LinearModel:
        import numpy as np

        intercepts = tables.read_json(folder / "intercepts.json")
        terms = tables.read(folder / "terms")
        kinds = [terms[terms["kind"] == kind] for kind in ("word", "character")]
        ordered = terms.loc[[*kinds[0].index, *kinds[1].index]]
        return LinearModel(
            self.fields,
            task,
            [list(kind["term"]) for kind in kinds],
            ordered["idf"].to_numpy(),
            ordered[[f"weight_{i}" for i in range(len(task.labels))]].to_numpy().T,
            np.array([-np.inf if intercepts[label] is None else intercepts[label] for label in task.labels]),
        )


@dataclass(frozen=True)
class LinearModel:
    fields: tuple[str, ...]
    task: Task
    vocabularies: list[list[str]]
    frequencies: np.ndarray
    coefficients: np.ndarray  # (labels, terms)
    intercepts: np.ndarray  # (labels,)

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        vectorizers = _vectorizers()
        parts = np.split(self.frequencies, [len(self.vocabularies[0])])
        for vectorizer, vocabulary, frequencies in zip(vectorizers, self.vocabularies, parts, strict=True):
            vectorizer.vocabulary_ = {term: i for i, term in enumerate(vocabulary)}
            vectorizer.fixed_vocabulary_ = True
            if vocabulary:
                vectorizer.idf_ = frequencies
        texts = _texts(records, self.fields)
        scores = [np.zeros((0, len(self.task.labels)))]
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            features = _stack([vectorizer.transform(batch) for vectorizer in vectorizers])
            scores.append(features @ self.coefficients.T + self.intercepts)
        logits = np.vstack(scores)
        if self.task.multiple:
            return 1 / (1 + np.exp(-logits))
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> None:
        import pandas as pd

        kinds = [kind for kind, terms in zip(("word", "character"), self.vocabularies, strict=True) for _ in terms]
        weights = {f"weight_{i}": row.round(tables.DIGITS) for i, row in enumerate(self.coefficients)}
        names = [term for terms in self.vocabularies for term in terms]
        terms = pd.DataFrame({"kind": kinds, "term": names, "idf": self.frequencies, **weights})
        columns = {"kind": "text", "term": "text", "idf": "number", **dict.fromkeys(weights, "number")}
        tables.write(folder / "terms", [terms.round({"idf": tables.DIGITS})], columns)
        known = [float(intercept) if isfinite(intercept) else None for intercept in self.intercepts]
        intercepts = dict(zip(self.task.labels, known, strict=True))
        tables.write_json(folder / "intercepts.json", intercepts)


def _vectorizers() -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]+"),  # noqa: S106
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    ]


def _texts(records: pd.DataFrame, fields: Sequence[str]) -> list[str]:
    columns = [records[field].astype(object).fillna("").astype(str) for field in fields]
    return ["\n".join(row) for row in zip(*columns, strict=True)]


def _stack(parts: list[Any]) -> Any:
    from scipy.sparse import hstack

    return hstack(parts, format="csr")


def _multinomial(features: Any, codes: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit one regression over the labels that occur; those that do not get probability 0."""
    import numpy as np

    classes = codes.argmax(axis=1)
    present = np.unique(classes)
    coefficients = np.zeros((codes.shape[1], features.shape[1]))
    intercepts = np.full(codes.shape[1], -np.inf)
    if len(present) < 2:
        raise NotEnough("labels of at least two kinds are needed, each on two records or more")
    model = _solver(c).fit(features, classes)
    if len(present) == 2:  # one row of weights, for the second label
        coefficients[present[1]] = model.coef_[0]
        intercepts[present] = 0.0, model.intercept_[0]
    else:
        coefficients[present] = model.coef_
        intercepts[present] = model.intercept_
    return coefficients, intercepts


def _binary(features: Any, codes: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit one regression per label; a label that everything or nothing has gets its share, smoothed."""
    import numpy as np

    coefficients = np.zeros((codes.shape[1], features.shape[1]))
    intercepts = np.zeros(codes.shape[1])
    for i, column in enumerate(codes.T):
        if 0 < column.sum() < len(column):
            model = _solver(c).fit(features, column)
            coefficients[i], intercepts[i] = model.coef_[0], model.intercept_[0]
        else:
            intercepts[i] = np.log(column.sum() + 1) - np.log(len(column) - column.sum() + 1)
    return coefficients, intercepts


def _solver(c: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    # newton-cg takes few steps, so that another processor's rounding moves a probability by 1e-14; lbfgs by 1e-6
    return LogisticRegression(C=c, solver="newton-cg", max_iter=1000)

"""Logistic regression over features of any kind, which says how probable each label is."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators.base import NotEnough, above_zero, only
from stages.tasks import Choice, Rating, Task, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Logistic:
    """A fitted regression: one multinomial for a single choice, one binary per label for a multiple one.

    Of a rating there is a binary one per number, of whether the rating is above it, and the probability of a number is
    the difference of two (Frank and Hall, A Simple Approach to Ordinal Classification, ECML 2001).

    Attributes
    ----------
    task
        What a value is.
    coefficients
        Shape (labels, features).
    intercepts
        Shape (labels,); minus infinity for a label that was never given.
    """

    task: Choice
    coefficients: np.ndarray
    intercepts: np.ndarray

    def probabilities(self, features: Any) -> np.ndarray:
        """Give the probability of each label, shape (records, labels), from features, shape (records, features)."""
        import numpy as np

        logits = features @ self.coefficients.T + self.intercepts
        if isinstance(self.task, Rating):
            return _between(1 / (1 + np.exp(-logits)))
        if self.task.multiple:
            return 1 / (1 + np.exp(-logits))
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def save(self, folder: Path, features: pd.DataFrame, columns: tables.Columns) -> None:
        """Write a table of the features, of which the given columns say what each is, and of their weights."""
        weights = {f"weight_{i}": row.round(tables.DIGITS) for i, row in enumerate(self.coefficients)}
        kinds = {**columns, **dict.fromkeys(weights, "number")}
        tables.write(folder / "features", [features.assign(**weights)], kinds)
        known = [float(intercept) if isfinite(intercept) else None for intercept in self.intercepts]
        tables.write_json(folder / "intercepts.json", dict(zip(self.task.labels, known, strict=True)))


def fit(features: Any, values: Sequence[Value], task: Task, c: float) -> Logistic:
    """Fit a regression with an L2 penalty of inverse strength `c`.

    Parameters
    ----------
    features
        Shape (records, features), dense or sparse.
    values
        People's labels, one per row.
    task
        What a value is.
    c
        As in `sklearn.linear_model.LogisticRegression`.

    Raises
    ------
    NotEnough
        There are no labels of two kinds.
    InputError
        The task is not a choice, or `c` is not above 0.
    """
    task = only(task, Choice)
    above_zero("annotator.c", c)
    if not len(values):
        raise NotEnough("there are no labels to learn from")
    codes = task.codes(values)
    if isinstance(task, Rating):
        return Logistic(task, *_binary(features, 1 - codes.cumsum(axis=1), c))
    return Logistic(task, *(_binary if task.multiple else _multinomial)(features, codes, c))


def load(folder: Path, task: Task) -> tuple[Logistic, pd.DataFrame]:
    """Read what `Logistic.save` wrote: the regression, and the table of its features."""
    import numpy as np

    intercepts = tables.read_json(folder / "intercepts.json")
    features = tables.read(folder / "features")
    coefficients = features[[f"weight_{i}" for i in range(len(task.labels))]].to_numpy().T
    known = np.array([-np.inf if intercepts[label] is None else intercepts[label] for label in task.labels])
    return Logistic(only(task, Choice), coefficients, known), features


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


def _between(above: np.ndarray) -> np.ndarray:
    """Turn the probabilities of being above each number, shape (records, numbers), into those of the numbers."""
    import numpy as np

    ends = np.ones((len(above), 1)), np.zeros((len(above), 1))
    found = -np.diff(np.hstack([ends[0], above[:, :-1], ends[1]])).clip(max=0)  # the regressions may cross
    return found / found.sum(axis=1, keepdims=True)


def _solver(c: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    # newton-cg takes few steps, so that another processor's rounding moves a probability by 1e-14; lbfgs by 1e-6
    return LogisticRegression(C=c, solver="newton-cg", max_iter=1000)

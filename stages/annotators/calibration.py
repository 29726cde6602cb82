"""Make confidences say how often proposals are right, by labels that were held out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stages.tables import DIGITS
from stages.tasks import Choice, Proposal, Task, Value

if TYPE_CHECKING:
    import numpy as np

TINY = 1e-9

Calibration = dict[str, float]  # of a choice its `temperature`, of other tasks `slope` and `intercept`; empty: none
Predictions = Sequence[Any]  # what `Model.predict` gives, or its rows


def calibrate(predictions: Predictions, values: Sequence[Value], task: Task) -> Calibration:
    """Find the calibration under which held-out labels are most likely.

    Parameters
    ----------
    predictions
        Of records whose labels the models had not learned.
    values
        People's labels of these records.
    task
        What a value is.
    """
    import numpy as np

    if isinstance(task, Choice):
        scores, known = _scores(predictions, task)
        if not known.any():
            return {}
        return {"temperature": temperature(scores[known], task.codes(values)[known], task.multiple)}
    pairs = [(each, value) for each, value in zip(predictions, values, strict=True) if each is not None]
    if not pairs:
        return {}
    right = np.array([task.compare(value, each.value) >= task.bar for each, value in pairs])
    return platt(np.array([each.confidence for each, _ in pairs]), right)


def propose(predictions: Predictions, calibration: Calibration, task: Task) -> list[Proposal | None]:
    """Turn what a model predicts into proposals with calibrated confidence, rounded."""
    if not isinstance(task, Choice):
        return [each and replace(each, confidence=_scaled(each.confidence, calibration)) for each in predictions]
    scores, known = _scores(predictions, task)
    if calibration:
        scores = sharpen(scores, calibration["temperature"], task.multiple)
    decided = iter(task.decide(scores[known].round(DIGITS)))
    return [next(decided) if each else None for each in known]


def _scores(predictions: Predictions, task: Choice) -> tuple[np.ndarray, np.ndarray]:
    """Give the probabilities, shape (records, labels), and which records have some."""
    import numpy as np

    scores = np.asarray(predictions, dtype=float).reshape(-1, len(task.labels))
    return scores, ~np.isnan(scores).any(axis=1)


def temperature(scores: np.ndarray, codes: np.ndarray, multiple: bool) -> float:
    """Find the temperature of a choice (Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, 2017).

    Parameters
    ----------
    scores
        Probabilities of labels that were held out, shape (records, labels).
    codes
        The true labels, 0 and 1, of the same shape.
    multiple
        Whether labels exclude each other (False) or not (True).

    Returns
    -------
    Between 0.05 and 20, rounded to 4 digits; above 1 makes scores less sure, below 1 more.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    def loss(log_factor: float) -> float:
        sharp = sharpen(scores, float(np.exp(log_factor)), multiple)
        likelihood = np.where(codes == 1, sharp, 1 - sharp) if multiple else (sharp * codes).sum(axis=1)
        return float(-np.log(np.maximum(likelihood, TINY)).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded", options={"xatol": 1e-6})
    return round(float(np.exp(best.x)), 4)


def sharpen(scores: np.ndarray, factor: float, multiple: bool) -> np.ndarray:
    """Divide the log-odds by a temperature; the order of the labels of a record stays as it is."""
    import numpy as np

    with np.errstate(divide="ignore", over="ignore"):
        logs = np.log(scores) / factor
        if multiple:
            return 1 / (1 + np.exp(np.log1p(-scores) / factor - logs))
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def platt(confidences: np.ndarray, right: np.ndarray) -> Calibration:
    """Fit a logistic curve from log-odds of confidence to rightness.

    Rightness is smoothed as if one right and one wrong proposal more had been seen, and the slope is never negative, so
    that a more confident proposal stays so.

    References
    ----------
    J. Platt, Probabilistic Outputs for Support Vector Machines, Advances in Large Margin Classifiers (1999).
    """
    import numpy as np
    from scipy.optimize import minimize

    n = len(right)
    hits = int(right.sum())
    target = np.where(right, (hits + 1) / (hits + 2), 1 / (n - hits + 2))
    odds = _odds(confidences)

    def loss(given: np.ndarray) -> float:
        logits = given[0] * odds + given[1]
        return float((np.logaddexp(0, logits) - target * logits).sum())

    found = minimize(loss, [1.0, 0.0], method="L-BFGS-B", bounds=[(0.01, 20), (-20, 20)]).x
    return {"slope": round(float(found[0]), 3), "intercept": round(float(found[1]), 3)}


def _odds(confidences: Any) -> Any:
    import numpy as np

    inside = np.clip(confidences, 1e-6, 1 - 1e-6)
    return np.log(inside) - np.log1p(-inside)


def _scaled(confidence: float, calibration: Calibration) -> float:
    if not calibration:
        return round(confidence, DIGITS)
    logit = calibration["slope"] * float(_odds(confidence)) + calibration["intercept"]
    return round(1 / (1 + math.exp(-logit)), DIGITS)

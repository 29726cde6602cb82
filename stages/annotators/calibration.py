"""Make confidences say how often proposals are right, by labels that were held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from stages.annotators.curves import CURVES, NEAR, Parameters
from stages.tables import DIGITS
from stages.tasks import Choice, Proposal, Task, Value

if TYPE_CHECKING:
    import numpy as np

TINY = 1e-9
LEAD = 2 * 10.0**-DIGITS  # of a choice's likeliest label at least, so that rounding leaves it the likeliest

Calibration = dict[str, Any]  # `method`, its `parameters`, and each method's `likelihood`; empty: none
Predictions = Sequence[Any]  # what `Model.predict` gives, or its rows


def calibrate(predictions: Predictions, values: Sequence[Value], folds: Sequence[int], task: Task) -> Calibration:
    """Find the calibration under which held-out labels are most likely.

    Of a single choice temperature scaling is tried, and beta and isotonic calibration of the confidence; of several
    choices at once temperature alone, since the others could change which are chosen; of any other task Platt's, beta
    and isotonic. Each is fitted on all folds but one, and judged on that one.

    Parameters
    ----------
    predictions
        Of records whose labels the models had not learned.
    values
        People's labels of these records.
    folds
        Which records were predicted by the same model.
    task
        What a value is.

    Returns
    -------
    `method`, the `parameters` that it has on all of them, and under `likelihood` the mean log-likelihood of a held-out
    label by method, or null where there is but one fold.
    """
    import numpy as np

    held: _Held
    if isinstance(task, Choice):
        scores, known = _scores(predictions, task)
        held = _Choices(scores[known], task.codes(values)[known], task.multiple)
    else:
        known = np.array([each is not None for each in predictions], dtype=bool)
        pairs = [(each, value) for each, value in zip(predictions, values, strict=True) if each is not None]
        right = np.array([task.compare(value, each.value) >= task.bar for each, value in pairs], dtype=bool)
        held = _Proposals(np.array([each.confidence for each, _ in pairs]), right)
    if not known.any():
        return {}
    likelihood = _likelihood(held, np.asarray(folds)[known])
    best = max(held.methods, key=lambda method: likelihood[method] or 0)  # the first of those that are as likely
    return {"method": best, "parameters": held.fit(best), "likelihood": likelihood}


def propose(predictions: Predictions, calibration: Calibration, task: Task) -> list[Proposal | None]:
    """Turn what a model predicts into proposals with calibrated confidence, rounded. No label becomes another."""
    import numpy as np

    if not isinstance(task, Choice):
        known = [each for each in predictions if each is not None]
        confidences = np.array([each.confidence for each in known], dtype=float)
        if calibration:
            confidences = CURVES[calibration["method"]].apply(confidences, calibration["parameters"])
        sure = iter(confidences.round(DIGITS).tolist())
        return [each and replace(each, confidence=next(sure)) for each in predictions]
    scores, some = _scores(predictions, task)
    scores = scores[some]
    if calibration:
        scores = calibrated(scores, calibration["method"], calibration["parameters"], task.multiple)
    decided = iter(task.decide(scores.round(DIGITS)))
    return [next(decided) if each else None for each in some]


def calibrated(scores: np.ndarray, method: str, parameters: Mapping[str, Any], multiple: bool) -> np.ndarray:
    """Calibrate a choice's probabilities, shape (records, labels); the likeliest label stays the likeliest.

    A curve moves the probability of the likeliest label; the others keep their shares of the rest.
    """
    import numpy as np

    if method == "temperature":
        return sharpen(scores, parameters["temperature"], multiple)
    best = scores.round(9).argmax(axis=1)[:, None]  # a tie is a tie on every machine
    confidence = np.take_along_axis(scores, best, axis=1)
    others = scores.copy()
    np.put_along_axis(others, best, 0.0, axis=1)
    rest = others.sum(axis=1, keepdims=True)
    shares = np.where(rest > TINY, others / np.maximum(rest, TINY), 1 / (scores.shape[1] - 1))
    next_share = shares.max(axis=1, keepdims=True, where=np.arange(scores.shape[1]) != best, initial=0)
    raised = CURVES[method].apply(confidence, parameters)
    raised = np.clip(raised, next_share / (1 + next_share) + LEAD, 1.0)
    found = shares * (1 - raised)
    np.put_along_axis(found, best, raised, axis=1)
    return found


class _Held(Protocol):
    """What models said of held-out records, and what people did."""

    @property
    def methods(self) -> tuple[str, ...]: ...

    def take(self, rows: np.ndarray) -> _Held: ...

    def fit(self, method: str) -> Parameters: ...

    def likelihood(self, method: str, parameters: Mapping[str, Any]) -> np.ndarray: ...


@dataclass(frozen=True)
class _Choices:
    scores: np.ndarray
    codes: np.ndarray
    multiple: bool

    @property
    def methods(self) -> tuple[str, ...]:
        return ("temperature",) if self.multiple else ("temperature", "beta", "isotonic")

    def take(self, rows: np.ndarray) -> _Choices:
        return replace(self, scores=self.scores[rows], codes=self.codes[rows])

    def fit(self, method: str) -> Parameters:
        if method == "temperature":
            return {"temperature": temperature(self.scores, self.codes, self.multiple)}
        right = self.codes[range(len(self.codes)), self.scores.round(9).argmax(axis=1)] == 1
        return CURVES[method].fit(self.scores.max(axis=1), right)

    def likelihood(self, method: str, parameters: Mapping[str, Any]) -> np.ndarray:
        return _of_labels(calibrated(self.scores, method, parameters, self.multiple), self.codes, self.multiple)


@dataclass(frozen=True)
class _Proposals:
    confidence: np.ndarray
    right: np.ndarray
    methods: tuple[str, ...] = tuple(CURVES)

    def take(self, rows: np.ndarray) -> _Proposals:
        return replace(self, confidence=self.confidence[rows], right=self.right[rows])

    def fit(self, method: str) -> Parameters:
        return CURVES[method].fit(self.confidence, self.right)

    def likelihood(self, method: str, parameters: Mapping[str, Any]) -> np.ndarray:
        import numpy as np

        sure = CURVES[method].apply(self.confidence, parameters)
        return np.log(np.maximum(np.where(self.right, sure, 1 - sure), NEAR))


def _likelihood(held: _Held, folds: np.ndarray) -> dict[str, float | None]:
    import numpy as np

    parts = [folds == fold for fold in np.unique(folds)]
    if len(parts) < 2:
        return dict.fromkeys(held.methods)
    found: dict[str, float | None] = {}
    for method in held.methods:
        each = [held.take(part).likelihood(method, held.take(~part).fit(method)) for part in parts]
        found[method] = round(float(np.concatenate(each).mean()), DIGITS)
    return found


def _of_labels(scores: np.ndarray, codes: np.ndarray, multiple: bool) -> np.ndarray:
    """Give the log-likelihood of the labels, shape (records, labels) of several at once, (records,) of one."""
    import numpy as np

    likelihood = np.where(codes == 1, scores, 1 - scores) if multiple else (scores * codes).sum(axis=1)
    return np.log(np.maximum(likelihood, TINY))


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
        return -float(_of_labels(sharp, codes, multiple).mean())

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

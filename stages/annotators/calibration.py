"""Temperature scaling (Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TINY = 1e-9


def temperature(scores: np.ndarray, codes: np.ndarray, multiple: bool) -> float:
    """Find the temperature under which held-out labels are most likely.

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

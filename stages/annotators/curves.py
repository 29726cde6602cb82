"""Curves from a confidence to how often proposals of that confidence are right. All rise: a surer proposal stays so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.tables import DIGITS

if TYPE_CHECKING:
    import numpy as np

NEAR = 1e-6  # to 0 and to 1, no confidence is nearer

Parameters = dict[str, Any]


class Curve(NamedTuple):
    """How a kind of curve is fitted to confidences and whether each was right, and what it makes of a confidence."""

    fit: Callable[[np.ndarray, np.ndarray], Parameters]
    apply: Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]


def fit_platt(confidences: np.ndarray, right: np.ndarray) -> Parameters:
    """Fit a logistic curve from log-odds of confidence to rightness.

    References
    ----------
    J. Platt, Probabilistic Outputs for Support Vector Machines, Advances in Large Margin Classifiers (1999).
    """
    below, above = _logs(confidences)
    return dict(zip(("slope", "intercept"), _logistic([below - above], right, 3), strict=True))


def fit_beta(confidences: np.ndarray, right: np.ndarray) -> Parameters:
    """Fit a curve whose log-odds are a ln p - b ln(1 - p) + c, with a and b positive: Platt's, but for either end.

    References
    ----------
    M. Kull, T. M. Silva Filho and P. Flach, Beta calibration, AISTATS (2017).
    """
    below, above = _logs(confidences)
    return dict(zip("abc", _logistic([below, -above], right, 3), strict=True))


def fit_isotonic(confidences: np.ndarray, right: np.ndarray) -> Parameters:
    """Fit a rising curve of any form: straight lines between the centres of isotonic regression's steps, 0 and 1.

    The steps themselves would make many confidences the same, and a ranking by them blind.

    References
    ----------
    A. P. Oron and N. Flournoy, Centered Isotonic Regression, Statistics in Biopharmaceutical Research 9 (2017).
    """
    import numpy as np
    from sklearn.isotonic import isotonic_regression

    order = np.argsort(confidences, kind="stable")
    places, start = np.unique(confidences[order].round(DIGITS), return_index=True)
    counts = np.diff([*start, len(order)])
    shares = np.add.reduceat(_smoothed(right)[order], start) / counts
    steps, step = np.unique(isotonic_regression(shares, sample_weight=counts).round(DIGITS), return_inverse=True)
    centres = np.bincount(step, places * counts) / np.bincount(step, counts)
    return {
        "confidence": [0.0, *centres.round(DIGITS).tolist(), 1.0],
        "right": [0.0, *steps.tolist(), 1.0],
    }


def _platt(confidences: np.ndarray, given: Mapping[str, Any]) -> np.ndarray:
    below, above = _logs(confidences)
    return _squashed(given["slope"] * (below - above) + given["intercept"])


def _beta(confidences: np.ndarray, given: Mapping[str, Any]) -> np.ndarray:
    below, above = _logs(confidences)
    return _squashed(given["a"] * below - given["b"] * above + given["c"])


def _isotonic(confidences: np.ndarray, given: Mapping[str, Any]) -> np.ndarray:
    import numpy as np

    return np.interp(confidences, given["confidence"], given["right"])


CURVES = {
    "platt": Curve(fit_platt, _platt),
    "beta": Curve(fit_beta, _beta),
    "isotonic": Curve(fit_isotonic, _isotonic),
}


def _smoothed(right: np.ndarray) -> np.ndarray:
    """Take rightness as if one right and one wrong proposal more had been seen, so that nothing is certain."""
    import numpy as np

    hits = int(right.sum())
    return np.where(right, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))


def _logistic(features: list[np.ndarray], right: np.ndarray, digits: int) -> list[float]:
    """Fit logistic regression with positive weights, by likelihood; give the weights and the intercept."""
    import numpy as np
    from scipy.optimize import minimize

    rows, target = np.column_stack([*features, np.ones(len(right))]), _smoothed(right)

    def loss(given: np.ndarray) -> float:
        logits = rows @ given
        return float((np.logaddexp(0, logits) - target * logits).sum())

    bounds = [*[(0.01, 20)] * len(features), (-20, 20)]
    found = minimize(loss, [1.0] * len(features) + [0.0], method="L-BFGS-B", bounds=bounds).x
    return [round(float(each), digits) for each in found]


def _logs(confidences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    inside = np.clip(confidences, NEAR, 1 - NEAR)
    return np.log(inside), np.log1p(-inside)


def _squashed(logits: np.ndarray) -> np.ndarray:
    import numpy as np

    return 1 / (1 + np.exp(-logits))

"""How probably each of people's labels is wrong, by what models that had not seen it say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.tasks import Choice, Value

NEAR = 1e-6  # to 0, no probability is nearer: they come rounded
ONE_IN_TEN = -2.2  # in log-odds: how many labels are thought to be wrong before any is seen
ROUNDED = 4  # digits of what is fitted, so that it is the same on every machine


def suspicion(task: Choice, values: Sequence[Value], scores: np.ndarray) -> np.ndarray:
    """Give the log-odds that each label is wrong, above 0 if it is more probably wrong than right.

    A label is right, or a slip that has nothing to do with the record. Fitted together are the share of slips, which
    labels they are, and what makes the model's probabilities those of the right label: a temperature and a bias for
    each label. So a label that people tend to give where they err is doubted sooner, and a model that is unsure, since
    it learned from labels with slips, is taken to be surer. The slips do not depend on the right label: few labels
    would not tell a whole matrix. What is fitted has normal priors of variance 1: probabilities as they come, any slip
    as likely, one label in ten wrong.

    With several labels per record, each is such a question of yes or no, and the most suspicious answer counts.

    Parameters
    ----------
    task
        What a value is.
    values
        The labels as they were given.
    scores
        Shape (records, labels): out-of-fold probabilities, from models that had not learned the record's label.

    Returns
    -------
    Shape (records,). Beside other scores see `python -m benchmarks.label_errors`.

    References
    ----------
    J. Bootkrajang and A. Kabán, Label-Noise Robust Logistic Regression and Its Applications, ECML PKDD (2012).
    A. Alexandari, A. Kundaje and A. Shrikumar, Maximum Likelihood with Bias-Corrected Calibration Is Hard-To-Beat at
    Label Shift Adaptation, ICML (2020).
    """
    codes = task.codes(values)
    if not task.multiple:
        return _log_odds(scores, codes.astype(bool))
    answers = [np.stack([1 - each, each], axis=-1).reshape(-1, 2) for each in (scores, codes)]
    return _log_odds(answers[0], answers[1].astype(bool)).reshape(scores.shape).max(axis=1, initial=-np.inf)


def _log_odds(scores: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Tell slips from right labels; `given`, of the shape of the scores, is true at each record's label."""
    from scipy.optimize import minimize
    from scipy.special import expit, log_softmax

    logs = np.log(np.maximum(scores, NEAR))
    labels = logs.shape[1]
    expected = np.zeros(2 * labels + 2)
    expected[labels + 1] = ONE_IN_TEN

    def likelihood(found: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Log-probability of each label to be right and to be a slip, and of the label given to be either."""
        sharpness, bias, odds, slips = np.split(found, [1, labels + 1, labels + 2])
        truth, slip = log_softmax(np.exp(sharpness) * logs + bias, axis=1), log_softmax(slips)
        return truth, slip, truth[given] - np.logaddexp(0, odds), given @ slip - np.logaddexp(0, -odds)

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        truth, slip, right, wrong = likelihood(found)
        either = np.logaddexp(right, wrong)
        doubt = np.exp(wrong - either)
        residual = (given - np.exp(truth)) * (1 - doubt)[:, np.newaxis]
        rise = [
            [np.exp(found[0]) * (residual * logs).sum()],
            residual.sum(axis=0),
            [doubt.sum() - len(doubt) * expit(found[labels + 1])],
            doubt @ given - doubt.sum() * np.exp(slip),
        ]
        away = found - expected
        return away @ away / 2 - either.sum(), away - np.concatenate(rise)

    fitted = minimize(loss, expected, jac=True, method="L-BFGS-B").x.round(ROUNDED)
    _, _, right, wrong = likelihood(fitted)
    return wrong - right

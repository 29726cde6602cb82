"""Whether confidences mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from stages.quality.intervals import constant, interval, resample

BINS = 10
RECORDS = 60  # per bin at least; with fewer, noise passes for miscalibration


def calibration(confidence: np.ndarray, right: np.ndarray, seed: int) -> dict[str, dict[str, Any]]:
    """Expected calibration error and Brier score, with bootstrap intervals.

    The error is the mean, over bins of equal mass, of the distance between mean confidence and accuracy. Equal mass,
    since bins of equal width leave some nearly empty, whose noise then counts (Nixon et al. 2019; Roelofs et al. 2022).
    There are 10 bins, fewer where one would have under 60 records.

    Noise adds to such a distance, and resampling adds it once more: a plain percentile interval lies far above the
    truth of a well calibrated model. So the bootstrap's estimate of the bias (Efron and Tibshirani 1993, chapter 10) is
    taken off the error once and off the lower end twice; off the upper end once only, since the bias is smaller if the
    error is large. Confidences are taken to three digits, so that the cost does not grow with the number of records.

    Parameters
    ----------
    confidence, right
        Shape (records,): the probability given to each label, and whether it was right.
    seed
        Not negative.

    Returns
    -------
    `calibration_error` and `brier_score` with `value`, `low`, `high`, as `bootstrap` gives them.
    """
    confidence, right, counts, place = _binned(confidence, right)
    bins = int(place.max(initial=0)) + 1
    statistics = np.zeros((len(counts), bins + 2))
    statistics[np.arange(len(counts)), place] = confidence - right
    statistics[:, bins] = (confidence - right) ** 2
    statistics[:, bins + 1] = 1

    def score(sums: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore"):
            return {
                "calibration_error": np.abs(sums[..., :bins]).sum(axis=-1) / sums[..., bins + 1],
                "brier_score": sums[..., bins] / sums[..., bins + 1],
            }

    values, draws = resample(statistics, counts, score, seed)
    n = int(counts.sum())
    # both are at most the share of records whose confidence is not all right, so Wilson's end is none too near
    found = {name: constant(name, interval(values[name], draws[name]), n) for name in values}
    error = found["calibration_error"]
    if error["low"] is not None:
        bias = float(draws["calibration_error"].mean()) - error["value"]
        error |= {key: max(0.0, error[key] - times * bias) for key, times in (("value", 1), ("low", 2), ("high", 1))}
    return found


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    """Say per bin of `calibration` how many records it has, their mean confidence and their accuracy."""
    confidence, right, counts, place = _binned(confidence, right)
    return [
        {
            "bin": int(bin),
            "count": int(counts[place == bin].sum()),
            "confidence": float(np.average(confidence[place == bin], weights=counts[place == bin])),
            "accuracy": float(np.average(right[place == bin], weights=counts[place == bin])),
        }
        for bin in np.unique(place)
    ]


def _binned(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the different pairs of confidence and rightness, how often each occurs, and the bin of each."""
    thousandths = np.rint(np.asarray(confidence, dtype=float) * 1000).astype(int)
    bins = min(BINS, max(1, len(thousandths) // RECORDS))
    pairs, counts = np.unique(2 * thousandths + np.asarray(right, dtype=int), return_counts=True)
    edges = np.sort(thousandths)[len(thousandths) * np.arange(1, bins) // bins]
    place = np.searchsorted(edges, pairs // 2, side="right")
    return pairs // 2 / 1000, pairs % 2, counts, np.unique(place, return_inverse=True)[1]

"""Percentile bootstrap intervals over records."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

Score = Callable[[np.ndarray], Mapping[str, np.ndarray]]

CELLS = 1 << 22  # drawn at once, which bounds the memory
# Metrics that are no share: of errors and counts neither 0 nor 1 is an end; beyond chance 0 is not one.
ERRORS = ("mean_absolute_error", "word_error_rate", "character_error_rate")
COUNTS = ("missed_", "spurious_")
BEYOND_CHANCE = ("alpha", "kappa", "rank_correlation", "change")
SAME = "no interval: every resample says the same, so the records do not show how far it may be off"


def bootstrap(
    statistics: np.ndarray, score: Score, seed: int, replicates: int = 1000, level: float = 0.95
) -> dict[str, dict[str, Any]]:
    """Give each metric its value and a percentile interval (Efron and Tibshirani 1993, chapter 13).

    Records are drawn with replacement. Records with the same statistics are drawn together, as multinomial counts, so
    the cost grows with the number of different rows, not of records, and the order of the records does not matter.

    Parameters
    ----------
    statistics
        Shape (records, statistics), of `Task.statistics`.
    score
        Turns sums over records, shape (..., statistics), into metrics of shape (...); NaN where undefined. Such
        replicates are left out.
    seed
        Not negative.

    Returns
    -------
    Per metric its `value`, `low` and `high`; those that cannot be computed are None, with a `reason`. One that is the
    same in all replicates has the interval of `constant`.
    """
    rows, counts = distinct(statistics)
    values, draws = resample(rows, counts, score, seed, replicates)
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = score(rows)
    # a record has no part in a metric that of it alone is not defined; unless that is so of all, as with kappa
    parts = {name: int(counts[~np.isnan(alone[name])].sum()) or len(statistics) for name in values}
    return {name: constant(name, interval(values[name], draws[name], level), parts[name], level) for name in values}


def constant(name: str, found: dict[str, Any], n: int, level: float = 0.95) -> dict[str, Any]:
    """Give a metric that is the same in all replicates an interval: resampling says nothing of what no record shows.

    Where all or none of n records are as asked it is Wilson's, which is right of a share of records. Of a mean over
    labels, and of an agreement beyond chance that is perfect, its end is somewhat too near, since one record may weigh
    more than its share. Where there is nothing to be said, both ends are None, with a `reason`.
    """
    if found["low"] is None or found["low"] < found["high"]:
        return found
    ends = () if name.endswith(ERRORS) or name.startswith(COUNTS) else (1,) if name.endswith(BEYOND_CHANCE) else (0, 1)
    if found["value"] in ends:
        return wilson(n if found["value"] else 0, n, level)
    return found | {"low": None, "high": None, "reason": SAME}


def distinct(statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows, in order, and how often each occurs."""
    rows = statistics[np.lexsort(statistics.T)]  # np.unique(axis=0) takes fifteen times as long
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    starts = np.flatnonzero(first)
    return rows[starts], np.diff(np.append(starts, len(rows)))


def resample(
    rows: Any, counts: np.ndarray, score: Score, seed: int, replicates: int = 1000
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Compute metrics, and again for each of many samples drawn with replacement.

    Parameters
    ----------
    rows
        Different rows of statistics, shape (rows, statistics); may be sparse.
    counts
        How many records each row stands for.

    Returns
    -------
    The value of each metric, and its replicates; of fewer than two records there are none.
    """
    n = int(counts.sum())
    values = {name: float(value) for name, value in score(counts @ rows).items()}
    if n < 2:
        return values, {name: np.empty(0) for name in values}
    random = np.random.Generator(np.random.PCG64(seed))
    step = max(1, CELLS // len(counts))
    parts = [
        score(random.multinomial(n, counts / n, size=min(step, replicates - start)) @ rows)
        for start in range(0, replicates, step)
    ]
    return values, {name: np.concatenate([part[name] for part in parts]) for name in values}


def interval(value: float, draws: np.ndarray, level: float = 0.95) -> dict[str, Any]:
    """Put a value and the percentiles of its replicates into the form of the quality report."""
    if np.isnan(value):
        return {"value": None, "low": None, "high": None, "reason": "no records to compute it from"}
    draws = draws[~np.isnan(draws)]
    if not len(draws):
        return {"value": value, "low": None, "high": None, "reason": "an interval needs two records"}
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return {"value": value, "low": float(low), "high": float(high)}


def wilson(count: int, n: int, level: float = 0.95) -> dict[str, Any]:
    """Give the share count / n with its score interval (Wilson 1927), in the form of the quality report."""
    if not n:
        return {"value": None, "low": None, "high": None, "reason": "no records to compute it from"}
    z = NormalDist().inv_cdf((1 + level) / 2)  # importing scipy.stats takes more than a second of CPU
    centre = (count + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(count * (n - count) / n + z * z / 4)
    return {"value": count / n, "low": centre - half if count else 0.0, "high": centre + half if count < n else 1.0}

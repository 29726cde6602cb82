"""How far people agree with each other beyond chance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.quality.intervals import interval, resample
from stages.tasks import Value


def agreement(votes: Mapping[str, Mapping[str, Value]], seed: int) -> dict[str, Any]:
    """Krippendorff's alpha for nominal values, with a bootstrap interval over records.

    Two values agree if they are the same, a list as a whole. A record with fewer than two values pairs nothing and is
    left out. See Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.

    Parameters
    ----------
    votes
        Each record's values by annotator.
    seed
        Not negative.

    Returns
    -------
    `n`, the number of values that can be paired, and `alpha` with `value`, `low`, `high`; None with a `reason` if
    nothing can be paired or all values are the same.
    """
    patterns = Counter(tuple(sorted(map(_name, each.values()))) for each in votes.values() if len(each) > 1)
    n = sum(len(pattern) * count for pattern, count in patterns.items())
    if not patterns:
        return {"n": n, "alpha": _undefined("no record has labels from two people")}
    ordered = sorted(patterns)
    values, draws = resample(_statistics(ordered), np.array([patterns[each] for each in ordered]), _score, seed)
    if np.isnan(values["alpha"]):
        return {"n": n, "alpha": _undefined("all labels are the same, so agreement by chance is certain")}
    return {"n": n, "alpha": interval(values["alpha"], draws["alpha"])}


def _statistics(patterns: Sequence[tuple[str, ...]]) -> Any:
    """Per record how often each value occurs, and in the last column the disagreement within: a sparse matrix."""
    from scipy.sparse import csr_array

    columns = {name: i for i, name in enumerate(sorted({name for pattern in patterns for name in pattern}))}
    cells: list[tuple[int, int, float]] = []
    for row, pattern in enumerate(patterns):
        counts = Counter(pattern)
        m = len(pattern)
        cells += [(row, columns[name], count) for name, count in counts.items()]
        cells.append((row, len(columns), (m * m - sum(count * count for count in counts.values())) / (m - 1)))
    rows, places, data = zip(*cells, strict=True)
    return csr_array((data, (rows, places)), shape=(len(patterns), len(columns) + 1), dtype=float)


def _score(sums: np.ndarray) -> dict[str, np.ndarray]:
    counts, disagreement = sums[..., :-1], sums[..., -1]
    n = counts.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return {"alpha": 1 - (n - 1) * disagreement / (n * n - (counts * counts).sum(axis=-1))}


def _name(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _undefined(reason: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "reason": reason}

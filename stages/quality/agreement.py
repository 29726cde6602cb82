"""How far people agree with each other beyond chance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from stages.quality.intervals import bootstrap, constant, interval, resample, wilson
from stages.tasks import Choice, Rating, Task, Value


def agreement(votes: Mapping[str, Mapping[str, Value]], task: Task, seed: int) -> dict[str, Any]:
    """Krippendorff's alpha for choices, and for other task types how well people score against each other.

    Both with a bootstrap interval over records.

    Two values agree if they are the same, a list as a whole; ratings disagree by how many others lie between them
    (ordinal alpha). A record with fewer than two values pairs nothing and is
    left out. See Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.

    Parameters
    ----------
    votes
        Each record's values by annotator.
    task
        What a value is.
    seed
        Not negative.

    Returns
    -------
    `n`, the number of values that can be paired, and `alpha` with `value`, `low`, `high`; None with a `reason` if
    nothing can be paired or all values are the same. Beside it `person_error` and `consensus_error`, of `mistakes`.
    For tasks that are no choice these are None, and `pairwise` says what the task's headline metric is of one person's
    values against another's.
    """
    if not isinstance(task, Choice):
        return _pairwise(votes, task, seed)
    patterns = Counter(tuple(sorted(map(_name, each.values()))) for each in votes.values() if len(each) > 1)
    n = sum(len(pattern) * count for pattern, count in patterns.items())
    if not patterns:
        nothing = _undefined("no record has labels from two people")
        return {"n": n, "alpha": nothing, "person_error": nothing, "consensus_error": nothing}
    ordered = sorted(patterns)
    errors = mistakes(ordered, np.array([patterns[each] for each in ordered]), seed)
    ordinal = isinstance(task, Rating)
    rows = _coincidences(ordered, task) if ordinal else _statistics(ordered)
    score = _ordinal if ordinal else _score
    values, draws = resample(rows, np.array([patterns[each] for each in ordered]), score, seed)
    if np.isnan(values["alpha"]):
        alpha = _undefined("all labels are the same, so agreement by chance is certain")
    else:
        alpha = constant("alpha", interval(values["alpha"], draws["alpha"]), sum(patterns.values()))
    return {"n": n, "alpha": alpha, **errors}


def _pairwise(votes: Mapping[str, Mapping[str, Value]], task: Task, seed: int) -> dict[str, Any]:
    shared = [list(votes[record].values()) for record in sorted(votes) if len(votes[record]) > 1]
    rows = [task.statistics(*zip(*combinations(values, 2), strict=True)).sum(axis=0) for values in shared]
    unknown = _undefined(f"this is computed for choices alone, and the task is {task.type}")
    found = {"n": sum(map(len, shared)), "alpha": unknown, "person_error": unknown, "consensus_error": unknown}
    if not rows:
        nothing = _undefined("no record has labels from two people")
        return {**found, "pairwise": {"metric": task.headline, **nothing}}
    return {
        **found,
        "pairwise": {"metric": task.headline, **bootstrap(np.array(rows), task.score, seed)[task.headline]},
    }


def mistakes(patterns: Sequence[tuple[str, ...]], counts: np.ndarray, seed: int) -> dict[str, dict[str, Any]]:
    """Estimate from overlap how often people are wrong, and how often their consensus is.

    If people err independently, each with probability e, then two of them agree with probability (1 - e)^2, or a little
    more where errors agree by chance, which is left out. A consensus of n is wrong only if n / 2 of them or more are.
    Where some records are hard for everyone, people's errors go together, and the consensus is wrong more often than
    this says.

    Parameters
    ----------
    patterns, counts
        The different collections of values that records got from at least two people, and how often each occurs.
    seed
        Not negative.

    Returns
    -------
    `person_error` and `consensus_error` with `value`, `low`, `high`, as `bootstrap` gives them. Where people agree on
    every record, or on none, the ends are those that Wilson's interval of the share of such records leads to.
    """
    sizes = sorted({len(pattern) for pattern in patterns})
    rows = np.array(
        [
            [
                sum(count * (count - 1) for count in Counter(pattern).values()) / (len(pattern) * (len(pattern) - 1)),
                *(len(pattern) == size for size in sizes),
            ]
            for pattern in patterns
        ],
        dtype=float,
    )

    def score(sums: np.ndarray) -> dict[str, np.ndarray]:
        records = sums[..., 1:].sum(axis=-1)
        person = 1 - np.sqrt(sums[..., 0] / records)
        wrong = [_half_or_more(size, person) * sums[..., place] for place, size in enumerate(sizes, 1)]
        return {"person_error": person, "consensus_error": np.sum(wrong, axis=0) / records}

    values, draws = resample(rows, counts, score, seed)
    if values["person_error"] in (0, 1) and len(draws["person_error"]):
        n = int(counts.sum())
        agreed = wilson(0 if values["person_error"] else n, n)
        shares = counts @ rows[:, 1:] / n
        ends = {end: score(np.array([agreed[least], *shares])) for end, least in (("low", "high"), ("high", "low"))}
        return {name: {"value": values[name], **{end: float(ends[end][name]) for end in ends}} for name in values}
    return {name: constant(name, interval(values[name], draws[name]), int(counts.sum())) for name in values}


def _half_or_more(people: int, error: np.ndarray) -> np.ndarray:
    terms = [comb(people, k) * error**k * (1 - error) ** (people - k) for k in range(-(-people // 2), people + 1)]
    return np.asarray(np.sum(terms, axis=0))


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


def _coincidences(patterns: Sequence[tuple[str, ...]], task: Choice) -> np.ndarray:
    """Per record how often each value is paired with each, by rows, as Krippendorff weighs pairs."""
    n = len(task.labels)
    rows = np.zeros((len(patterns), n, n))
    for row, pattern in zip(rows, patterns, strict=True):
        counts = task.codes([json.loads(name) for name in pattern]).sum(axis=0)
        row += (np.outer(counts, counts) - np.diag(counts)) / (len(pattern) - 1)
    return rows.reshape(len(patterns), -1)


def _ordinal(sums: np.ndarray) -> dict[str, np.ndarray]:
    n = round(sums.shape[-1] ** 0.5)
    pairs = sums.reshape(*sums.shape[:-1], n, n)
    counts = pairs.sum(axis=-1)
    middle = counts.cumsum(axis=-1) - counts / 2
    apart = (middle[..., :, None] - middle[..., None, :]) ** 2
    chance = (counts[..., :, None] * counts[..., None, :] * apart).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"alpha": 1 - (counts.sum(axis=-1) - 1) * (pairs * apart).sum(axis=(-2, -1)) / chance}


def _name(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _undefined(reason: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "reason": reason}

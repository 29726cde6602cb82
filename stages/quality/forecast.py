"""How many labels more it takes until the annotator is as good as a gate asks: learning curves, prolonged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, inf
from typing import Any, NamedTuple

import numpy as np

from stages.quality.intervals import distinct, interval, resample
from stages.quality.settings import Gate
from stages.tasks import Task, Value

Block = dict[str, Any]

EXPONENTS = np.linspace(0.1, 1.5, 29)
REACH = 100  # times the labels there are; beyond it nothing is said
SIZES = 3  # of the curve, at least
ESTIMATES = ("annotator.cross_validated.", "annotator.audit.")


class Effort(NamedTuple):
    """What one label more costs people."""

    learned: float  # the share of people's labels that the annotator may learn from
    answers: float  # per label
    seconds: float | None  # per answer; None where it is not known


def forecast(
    gates: Mapping[str, Gate | None],
    truth: Sequence[Value],
    given: Mapping[int, Sequence[Value]],
    effort: Effort,
    task: Task,
    seed: int,
    nothing: str | None = None,
) -> Block:
    """Forecast how many labels more it takes until a metric of the annotator reaches what a gate asks.

    The error 1 - metric of annotators that learned from parts of the labels is prolonged as an inverse power law,
    a + b n^-c, with a, b ≥ 0, by least squares (Cortes et al. 1993; Figueroa et al., Predicting sample size required
    for classification performance, 2012). The interval is a bootstrap over the records that they were judged on; it
    knows nothing of curves of another form (Viering and Loog, The Shape of Learning Curves, 2022), nor of luck in which
    records were learned. The labels to come are taken to be like those learned so far.

    Parameters
    ----------
    gates
        Those on a metric of `annotator.cross_validated` or `annotator.audit` with `at_least` are forecast, both by the
        cross-validated curve.
    truth
        What people said of the records of the random queue.
    given
        By the number of labels learned from, what was proposed for these records by annotators that had not learned
        them. The largest number is that of all labels.
    effort
        What a label costs.
    task, seed
        What a value is, and what the bootstrap draws by.
    nothing
        Why there is no curve; None if there is one.

    Returns
    -------
    By gate: `metric`, `target`, the `curve` (by size, with intervals), `labels` that people still have to give, and
    `hours` that it takes them, each with `value`, `low` and `high`; null with a `reason` where it is not reached, or
    not known.
    """
    targets = {name: gate for name, gate in gates.items() if gate and gate.at_least is not None and _metric(gate)}
    if nothing is None and (len(given) < SIZES or not truth):
        nothing = f"{SIZES} sizes of the learning curve and records of the random queue are needed"
    if not targets:
        return {"reason": "no gate asks for a least value of a metric of the annotator"}
    if nothing:
        return {"reason": nothing}
    sizes = sorted(given)
    parts = [task.statistics(truth, given[size]) for size in sizes]
    width = parts[0].shape[1]

    def score(sums: np.ndarray) -> dict[str, np.ndarray]:
        each = [task.score(sums[..., place * width : (place + 1) * width]) for place in range(len(sizes))]
        return {f"{metric} {size}": one[metric] for size, one in zip(sizes, each, strict=True) for metric in one}

    values, draws = resample(*distinct(np.hstack(parts)), score, seed)
    found = {}
    for name, gate in targets.items():
        keys = [f"{_metric(gate)} {size}" for size in sizes]
        if keys[0] in values:
            joint = np.column_stack([draws[key] for key in keys])
            found[name] = _forecast(gate, sizes, np.array([values[key] for key in keys]), joint, effort)
    return found or {"reason": "no gate asks for a metric that the curve has"}


def power_law(sizes: Sequence[int], errors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit errors ≈ a + b (n / largest n)^-c with a, b ≥ 0 to each row, by least squares.

    Parameters
    ----------
    sizes
        n, ascending.
    errors
        Shape (rows, sizes).

    Returns
    -------
    a, b and c, each of shape (rows,).
    """
    n = np.array(sizes) / sizes[-1]
    best = np.full(len(errors), inf)
    a, b, c = (np.zeros(len(errors)) for _ in range(3))
    for exponent in EXPONENTS:
        z = n**-exponent
        spread = z - z.mean()
        slope = np.maximum(errors @ spread / (spread @ spread), 0)
        level = errors.mean(axis=1) - slope * z.mean()
        slope = np.where(level < 0, errors @ z / (z @ z), slope)
        level = np.maximum(level, 0)
        loss = ((errors - level[:, None] - slope[:, None] * z) ** 2).sum(axis=1)
        better = loss < best
        for kept, new in ((best, loss), (a, level), (b, slope), (c, exponent)):
            np.copyto(kept, new, where=better)
    return a, b, c


def reached(sizes: Sequence[int], errors: np.ndarray, target: float) -> np.ndarray:
    """Say at how many labels each row's curve falls to the target; infinite if not within 100 times the largest size.

    Parameters
    ----------
    sizes, errors
        As in `power_law`.
    target
        The error to be reached.
    """
    a, b, c = power_law(sizes, errors)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        times = np.where(target > a, ((target - a) / b) ** (-1 / c), inf)
    return np.where(times > REACH, inf, times * sizes[-1])


def _metric(gate: Gate) -> str | None:
    found = [gate.metric.removeprefix(each) for each in ESTIMATES if gate.metric.startswith(each)]
    return found[0] if found else None


def _forecast(gate: Gate, sizes: Sequence[int], values: np.ndarray, draws: np.ndarray, effort: Effort) -> Block:
    target = float(gate.at_least or 0)
    told: Block = {
        "metric": gate.metric,
        "target": target,
        "curve": {str(size): interval(float(values[i]), draws[:, i]) for i, size in enumerate(sizes)},
    }
    if np.isnan(values).any():
        unknown = _unknown("the metric is not known for each size")
        return told | {"labels": unknown, "hours": unknown}
    whole = draws[~np.isnan(draws).any(axis=1)]
    ends = reached(sizes, 1 - np.vstack([values, whole]), 1 - target)
    more = np.maximum(ends - sizes[-1], 0) / effort.learned
    if values[-1] >= target:
        more[0] = 0.0  # it is reached, whatever the curve says
    low, high = np.quantile(more[1:], [0.025, 0.975], method="inverted_cdf") if len(whole) else (inf, inf)
    labels = _told(more[0], low, high, f"by the curve it is not reached within {REACH} times the labels there are")
    return told | {"labels": labels, "hours": _hours(labels, effort)}


def _told(value: float, low: float, high: float, reason: str) -> Block:
    named = {"value": value, "low": low, "high": high}
    ends = {name: None if each == inf else ceil(each) for name, each in named.items()}
    return ends if value < inf else ends | {"reason": reason}


def _hours(labels: Block, effort: Effort) -> Block:
    if effort.seconds is None:
        return _unknown("the rounds do not say how long answers took")
    hours = effort.answers * effort.seconds / 3600
    return {key: each if key == "reason" or each is None else each * hours for key, each in labels.items()}


def _unknown(reason: str) -> Block:
    return {"value": None, "low": None, "high": None, "reason": reason}

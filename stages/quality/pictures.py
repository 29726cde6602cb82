"""Average precision of objects that are proposed with a confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from stages.quality.intervals import constant, interval
from stages.tables import DIGITS
from stages.tasks import Value
from stages.tasks.pictures import Boxes, Masks, Objects
from stages.tasks.pictures.boxes import KEYS

BARS = np.linspace(0.5, 0.95, 10)  # as pycocotools has them, to the last bit
RECALLS = np.linspace(0, 1, 101)
MOST = 100  # objects of one label that count in one picture
REPLICATES = 200


@dataclass(frozen=True)
class Detections:
    """The proposed objects of one label, most confident first.

    Attributes
    ----------
    records
        The place of each one's record, shape (objects,).
    hits
        Whether it is matched to a true object, at each bar of overlap, shape (bars, objects).
    true
        How many true objects each record has, shape (records,).
    """

    records: np.ndarray
    hits: np.ndarray
    true: np.ndarray


def average_precision(
    task: Objects | Masks, truth: Sequence[Value], given: Sequence[Value], scores: Sequence[Sequence[float]], seed: int
) -> dict[str, dict[str, Any]]:
    """Give the mean average precision over labels, as COCO defines it, with a bootstrap interval over records.

    Precision is interpolated at 101 recalls. Objects are matched in the order of their confidence, each to the free
    true object that it overlaps most; of one label in one picture the 100 most confident count. Labels without a true
    object are left out. Overlaps are rounded to the digits that values are written with: boxes in whole pixels often
    overlap by a bar exactly.

    Parameters
    ----------
    task
        Boxes, polygons, or masks; all that is marked with one label in one picture is one mask.
    truth, given
        Per record the true and the proposed objects; of masks, one proposed for each label at most.
    scores
        The confidence of each proposed object.
    seed
        What the 200 replicates are drawn by.

    Returns
    -------
    `ap50`, at an overlap of one half, and `ap50_95`, the mean over overlaps from .5 to .95 in steps of .05; each with
    `value`, `low` and `high`.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: Common Objects in Context, ECCV (2014); https://cocodataset.org/#detection-eval
    """
    found = detections(task, truth, given, scores)
    n = len(truth)
    value = mean(found, np.ones(n))
    random = np.random.Generator(np.random.PCG64(seed))
    replicates = REPLICATES if n > 1 else 0
    draws = np.array([mean(found, random.multinomial(n, np.full(n, 1 / n))) for _ in range(replicates)]).reshape(-1, 2)
    stated = {name: interval(float(value[i]), draws[:, i]) for i, name in enumerate(("ap50", "ap50_95"))}
    return {name: constant(name, each, n) for name, each in stated.items()}


def mean(found: Sequence[Detections], weights: np.ndarray) -> np.ndarray:
    """Give `ap50` and `ap50_95` of records that count so often each; NaN if they have no true object."""
    known = [_precision(each, weights, positives) for each in found if (positives := float(each.true @ weights)) > 0]
    by_bar = np.mean(known, axis=0) if known else np.full(len(BARS), np.nan)
    return np.array([by_bar[0], by_bar.mean()])


def _precision(found: Detections, weights: np.ndarray, positives: float) -> np.ndarray:
    """Average precision of one label at each bar."""
    each = weights[found.records]
    hits = np.cumsum(found.hits * each, axis=1)
    precision = hits / np.maximum(np.cumsum(each), 1)  # where no record has counted yet: 0
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    envelope = np.pad(envelope, ((0, 0), (0, 1)))  # 0 at recalls that are not reached
    recall = hits / positives
    return np.array([line[np.searchsorted(at, RECALLS)].mean() for line, at in zip(envelope, recall, strict=True)])


def detections(
    task: Objects | Masks, truth: Sequence[Value], given: Sequence[Value], scores: Sequence[Sequence[float]]
) -> list[Detections]:
    """Match proposed objects to true ones; one entry per label of the task."""
    n = len(task.labels)
    if isinstance(task, Masks):
        truth = [task.united(value) for value in truth]
    true, true_groups = _flat(task, truth)
    proposed, groups = _flat(task, given)
    confidence = np.array([score for each in scores for score in each], dtype=float)
    order = np.lexsort((-confidence, groups))
    groups = groups[order]
    order = order[_ranks(groups) < MOST]
    groups, confidence = groups[_ranks(groups) < MOST], confidence[order]
    true_order = np.argsort(true_groups, kind="stable")
    one, other = _pairs(groups, true_groups[true_order])
    overlaps = _overlaps(task, [proposed[i] for i in order], [true[i] for i in true_order], groups, one, other)
    hits = _matched(one, other, overlaps.round(DIGITS), _ranks(groups), len(true))
    found = []
    for label in range(n):
        mine = np.flatnonzero(groups % n == label)
        mine = mine[np.argsort(-confidence[mine], kind="stable")]
        counts = np.bincount(true_groups[true_groups % n == label] // n, minlength=len(truth))
        found.append(Detections(groups[mine] // n, hits[mine].T, counts))
    return found


def _flat(task: Objects | Masks, values: Sequence[Value]) -> tuple[list[Any], np.ndarray]:
    """Give all objects, and the group of each: its record and label."""
    places = {label: place for place, label in enumerate(task.labels)}
    groups = [record * len(places) + places[each["label"]] for record, value in enumerate(values) for each in value]
    return [each for value in values for each in value], np.array(groups, dtype=int)


def _ranks(groups: np.ndarray) -> np.ndarray:
    """Give the place of each object within its group; groups are sorted."""
    return np.arange(len(groups)) - np.searchsorted(groups, groups)


def _pairs(groups: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the places of all pairs of a proposed and a true object of one group; both are sorted by group."""
    first, last = np.searchsorted(true, groups), np.searchsorted(true, groups, side="right")
    counts = last - first
    one = np.repeat(np.arange(len(groups)), counts)
    within = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    return one, np.repeat(first, counts) + within


def _overlaps(
    task: Objects | Masks, proposed: list[Any], true: list[Any], groups: np.ndarray, one: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Give the overlap of each pair."""
    if isinstance(task, Boxes) and not any(each["rotation"] for each in (*proposed, *true)):
        mine, theirs = (
            np.array([[each[key] for key in KEYS] for each in side]).reshape(-1, 4) for side in (proposed, true)
        )
        mine, theirs = mine[one], theirs[other]
        low = np.maximum(mine[:, :2], theirs[:, :2])
        high = np.minimum(mine[:, :2] + mine[:, 2:], theirs[:, :2] + theirs[:, 2:])
        shared = (high - low).clip(0).prod(axis=1)
        return shared / (mine[:, 2:].prod(axis=1) + theirs[:, 2:].prod(axis=1) - shared)
    parts = [np.empty(0)]
    starts = np.flatnonzero(np.diff(groups[one], prepend=-1))
    for start, end in pairwise([*starts, len(one)]):
        sides = ([side[i] for i in np.unique(places[start:end])] for side, places in ((proposed, one), (true, other)))
        parts.append(task.overlaps(*sides).ravel())
    return np.concatenate(parts)


def _matched(one: np.ndarray, other: np.ndarray, overlaps: np.ndarray, ranks: np.ndarray, true: int) -> np.ndarray:
    """Match greedily, in all groups at once, their first objects, then their second ones, and so on.

    Returns
    -------
    Whether each proposed object is matched at each bar, shape (objects, bars).
    """
    hits = np.zeros((len(ranks), len(BARS)), dtype=bool)
    free = np.ones((true, len(BARS)), dtype=bool)
    near = overlaps >= BARS[0]
    one, other, overlaps = one[near], other[near], overlaps[near]
    for rank in np.unique(ranks[one]):
        now = np.flatnonzero(ranks[one] == rank)
        starts = np.flatnonzero(np.diff(one[now], prepend=-1))
        each = overlaps[now, None] * (free[other[now]] & (overlaps[now, None] >= BARS))
        best = np.maximum.reduceat(each, starts, axis=0)
        best_of = np.repeat(best, np.diff([*starts, len(now)]), axis=0)
        places = np.where((each == best_of) & (each > 0), np.arange(len(now))[:, None], -1)
        last = np.maximum.reduceat(places, starts, axis=0)  # of true objects that it overlaps alike, the last
        row, bar = np.nonzero(last >= 0)
        chosen = now[last[row, bar]]
        hits[one[chosen], bar] = True
        free[other[chosen], bar] = False
    return hits

"""What looks wrong in a picture that people marked: objects missed, wrongly named, badly placed, or too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stages.tasks.base import Doubt, Value

if TYPE_CHECKING:
    import numpy as np

TOUCHING = 0.1  # the overlap from which on two may be meant to be the same


def doubts(
    value: Value,
    proposed: Value,
    scores: Sequence[float] | None,
    confidence: float,
    overlap: Callable[[Value, Value], np.ndarray],
    bar: float,
) -> list[Doubt]:
    """Compare what people marked with what the annotator proposes, object by object, as `Locating.doubts` has it.

    Parameters
    ----------
    value, proposed, scores, confidence
        As there; of each object its overlap counts, too.
    overlap
        The intersection over union of each pair of objects.
    bar
        The overlap from which on two objects of one label are the same.

    References
    ----------
    U. Tkachenko, A. Thyagarajan and J. Mueller, ObjectLab: Automated Diagnosis of Mislabeled Images in Object Detection
    Data, arXiv 2309.00832 (2023), from which the first three kinds are.
    """
    import numpy as np

    sure = [confidence] * len(proposed) if scores is None else scores
    if not value or not proposed:
        return [Doubt("missed", each["label"], score) for each, score in zip(proposed, sure, strict=True)] + [
            Doubt("spurious", each["label"], confidence) for each in value
        ]
    overlaps = overlap(value, proposed).round(6)  # as exact as values are
    alike = np.array([[mine["label"] == theirs["label"] for theirs in proposed] for mine in value])
    found = []
    explained = np.zeros(len(value), dtype=bool)
    for column in sorted(range(len(proposed)), key=lambda each: (-sure[each], each)):
        rank = overlaps[:, column] + (alike[:, column] & (overlaps[:, column] >= TOUCHING)) - 2.0 * explained
        row = int(rank.argmax())
        shared, label, score = float(overlaps[row, column]), proposed[column]["label"], sure[column]
        if explained[row] or shared < TOUCHING:
            found.append(Doubt("missed", label, score))
            continue
        if not alike[row, column] and shared < bar:  # something else beside it
            found.append(Doubt("missed", label, score))
            continue
        explained[row] = True
        if not alike[row, column]:
            found.append(Doubt("wrong_label", label, score))
        elif shared < bar:
            found.append(Doubt("badly_placed", label, score * (1 - shared)))
    found += [
        Doubt("spurious", each["label"], confidence) for each, known in zip(value, explained, strict=True) if not known
    ]
    return found

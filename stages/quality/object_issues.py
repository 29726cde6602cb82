"""What looks wrong in a picture that people marked: objects missed, wrongly named, badly placed, or too many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from stages.tasks import Masks, Objects, Value

Kind = Literal["missed", "wrong_label", "badly_placed", "spurious"]

TOUCHING = 0.1  # the overlap from which on two may be meant to be the same


class Doubt(NamedTuple):
    """One object of which the annotator says something else than people.

    Attributes
    ----------
    kind
        `missed`: it is proposed where people marked nothing; `wrong_label`: they gave it another label;
        `badly_placed`: it has the same label, and overlaps by less than the bar; `spurious`: they marked it, and
        nothing is proposed there.
    label
        What it is called, by the annotator, or by people if it is spurious.
    degree
        How sure the annotator is, from 0 to 1.
    """

    kind: Kind
    label: str
    degree: float


def doubts(
    task: Objects | Masks, value: Value, proposed: Value, scores: Sequence[float] | None, confidence: float, bar: float
) -> list[Doubt]:
    """Compare what people marked with what the annotator proposes, object by object.

    Parameters
    ----------
    task
        Boxes, polygons, or masks, of which each label has one.
    value, proposed
        People's and the annotator's.
    scores
        The confidence of each proposed object; None: that of the record counts for each.
    confidence
        The probability that the whole proposal is right.
    bar
        The overlap from which on two objects of one label are the same.

    References
    ----------
    U. Tkachenko, A. Thyagarajan and J. Mueller, ObjectLab: Automated Diagnosis of Mislabeled Images in Object Detection
    Data, arXiv 2309.00832 (2023), from which the first three kinds are.
    """
    if isinstance(task, Masks):
        value = task.united(value)
    sure = [confidence] * len(proposed) if scores is None else scores
    if not value or not proposed:
        return [Doubt("missed", each["label"], score) for each, score in zip(proposed, sure, strict=True)] + [
            Doubt("spurious", each["label"], confidence) for each in value
        ]
    overlaps = task.overlaps(value, proposed).round(6)  # as exact as values are
    alike = np.array([[mine["label"] == theirs["label"] for theirs in proposed] for mine in value])
    found = []
    explained = np.zeros(len(value), dtype=bool)
    for column in sorted(range(len(proposed)), key=lambda each: (-sure[each], each)):
        rank = overlaps[:, column] + (alike[:, column] & (overlaps[:, column] >= TOUCHING)) - 2.0 * explained
        row = int(rank.argmax())
        overlap, label, score = float(overlaps[row, column]), proposed[column]["label"], sure[column]
        if explained[row] or overlap < TOUCHING:
            found.append(Doubt("missed", label, score))
            continue
        if not alike[row, column] and overlap < bar:  # something else beside it
            found.append(Doubt("missed", label, score))
            continue
        explained[row] = True
        if not alike[row, column]:
            found.append(Doubt("wrong_label", label, score))
        elif overlap < bar:
            found.append(Doubt("badly_placed", label, score * (1 - overlap)))
    found += [
        Doubt("spurious", each["label"], confidence) for each, known in zip(value, explained, strict=True) if not known
    ]
    return found

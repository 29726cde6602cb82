"""People's labels that look wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.tasks import Choice, Value


def suspicious(task: Choice, ids: Sequence[str], values: Sequence[Value], scores: np.ndarray) -> list[str]:
    """Find suspicious labels by confident learning (Northcutt, Jiang and Chuang 2021).

    The threshold of a class is the mean probability that it gets from the records labelled with it. A record belongs
    confidently to the most probable of the classes whose threshold it reaches. If that is not its label (off the
    diagonal of the confident joint), the label is suspicious. With several labels per record, each label is such a
    question of yes or no, and one suspicious answer is enough.

    Parameters
    ----------
    ids, values
        Of the labelled records.
    scores
        Shape (records, labels): out-of-fold probabilities, from models that did not see the record's label.

    Returns
    -------
    Ids, most suspicious first: by how far the label's probability falls behind the best other; ties by id.
    """
    codes = task.codes(values).astype(int)
    if task.multiple:
        answers = [(codes[:, i], np.column_stack([1 - scores[:, i], scores[:, i]])) for i in range(len(task.labels))]
    else:
        answers = [(codes.argmax(axis=1), scores)]
    margin = np.min([_margin(given, probabilities) for given, probabilities in answers], axis=0)
    return [id for each, id in sorted(zip(margin.tolist(), ids, strict=True)) if each < np.inf]


def _margin(given: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Probability of the given class less that of the best other, for suspicious records; infinite for the rest."""
    each = np.arange(len(given))
    own = scores[each, given]
    with np.errstate(invalid="ignore"):  # a class that nobody was given has no threshold, and none reaches it
        threshold = np.bincount(given, own, scores.shape[1]) / np.bincount(given, minlength=scores.shape[1])
    confident = np.where(scores >= threshold, scores, -np.inf)
    off_diagonal = (confident.max(axis=1) > -np.inf) & (confident.argmax(axis=1) != given)
    others = scores.copy()
    others[each, given] = -np.inf
    return np.where(off_diagonal, own - others.max(axis=1), np.inf)

"""The mask that several people's masks most probably mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages import InputError
from stages.review.consensus import Consensus, Votes
from stages.tasks import Task, Value
from stages.tasks.pictures import Masks

if TYPE_CHECKING:
    import numpy as np

ITERATIONS, TOLERANCE = 1000, 1e-9
FIRST = 0.99999  # sensitivity and specificity, as in the paper
SUREST = 1 - 1e-12


def staple(task: Task, votes: Votes) -> dict[str, Consensus]:
    """Weigh each person by how their mask of the same picture errs: STAPLE, label by label.

    The confidence is the share of the people whose masks are as good as the consensus, as in `majority`.

    Parameters
    ----------
    task
        Masks.
    votes
        Each record's values by annotator.

    Raises
    ------
    InputError
        The task is another.
    """
    if not isinstance(task, Masks):
        raise InputError(f"review.consensus: staple is for masks, this task is {task.type}; take majority")
    agreed = {}
    for record in sorted(votes):
        given = [votes[record][name] for name in sorted(votes[record])]
        value = list(given[0]) if len(given) == 1 else _merged(task, given)
        same = sum(task.compare(each, value) >= task.bar for each in given)
        agreed[record] = Consensus(value, same / len(given), f"staple over {len(given)} people")
    return agreed


def _merged(task: Masks, votes: list[Value]) -> Value:
    import numpy as np

    kept = []
    for label in task.labels:
        masks = [task.mask(vote, label) for vote in votes]
        shape = next((mask.shape for mask in masks if mask is not None), None)
        if shape is not None:
            marked = np.array([np.zeros(shape, dtype=bool) if mask is None else mask for mask in masks])
            most = probability(marked.reshape(len(votes), -1)).reshape(shape) > 0.5
            kept += [task.region(most, label)] if most.any() else []
    return task.ordered(kept)


def probability(marked: np.ndarray) -> np.ndarray:
    """Give the probability that a pixel belongs to what several people marked, by expectation maximisation.

    Parameters
    ----------
    marked
        Booleans, shape (people, pixels).

    Returns
    -------
    Shape (pixels,), rounded to 9 digits, so that a half is a half on every machine.

    References
    ----------
    S. K. Warfield, K. H. Zou and W. M. Wells, Simultaneous Truth and Performance Level Estimation (STAPLE), IEEE
    Transactions on Medical Imaging 23 (2004).
    """
    import numpy as np

    kinds: np.ndarray = np.zeros(marked.shape[1], dtype=np.int64)
    for each in marked:  # pixels that the same people marked are of one kind
        codes = 2 * kinds + each
        kinds = (np.cumsum(np.bincount(codes) > 0) - 1)[codes]
    counts = np.bincount(kinds)
    example = np.zeros_like(counts)
    example[kinds] = np.arange(kinds.size)
    said = marked[:, example].T.astype(float)
    prior = float(marked.mean())
    if prior in (0, 1):
        return np.full(marked.shape[1], prior)
    sensitivity = specificity = np.full(len(marked), FIRST)
    truth = np.zeros(len(said))
    for _ in range(ITERATIONS):
        hit, miss = (np.log(np.clip(each, 1 - SUREST, SUREST)) for each in (sensitivity, 1 - sensitivity))
        right, wrong = (np.log(np.clip(each, 1 - SUREST, SUREST)) for each in (specificity, 1 - specificity))
        inside = np.log(prior) + said @ hit + (1 - said) @ miss
        outside = np.log1p(-prior) + said @ wrong + (1 - said) @ right
        before, truth = truth, 1 / (1 + np.exp(np.clip(outside - inside, -700, 700)))
        if abs(truth - before).max() < TOLERANCE:
            break
        of, off = counts * truth, counts * (1 - truth)
        # rounded, lest the order of summing tip a balance between people who err alike
        sensitivity = (of @ said / max(float(of.sum()), 1 - SUREST)).round(12)
        specificity = (off @ (1 - said) / max(float(off.sum()), 1 - SUREST)).round(12)
    return truth.round(9)[kinds]

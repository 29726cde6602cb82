"""What people prefer on the whole, where each record compares two things that have names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.tasks import Pairwise, Task, Value

if TYPE_CHECKING:
    import numpy as np

PRIOR = 2.0  # standard deviation of strengths, in log-odds: it keeps what always won from being infinitely strong
SURE = 1.96  # standard errors to either side, for 95 %
STEPS, TOLERANCE = 50, 1e-10
DIGITS = 9


def compared(items: Sequence[str], task: Task, fields: Collection[str]) -> Sequence[str]:
    """Give the fields that name what a record compares, the left one first; none where nothing is to be ranked.

    Raises
    ------
    InputError
        The task compares nothing, or there is no such field.
    """
    if items and not isinstance(task, Pairwise):
        raise InputError(f"review.items: these are for pairwise comparisons, this task is {task.type}; set it to null")
    for name in items:
        if name not in fields:
            raise InputError(f"review.items: there is no field {name!r}; the dataset has {', '.join(fields)}")
    return items


def ranking(votes: Mapping[str, Mapping[str, Value]], items: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Rank what was compared by the model of Bradley and Terry.

    The log-odds that the left one is preferred are the difference of both strengths, and how far people lean to the
    left whatever stands there. A record counts once, its votes share it: several people who look at the same pair are
    no independent comparisons. Strengths have a normal prior with a standard deviation of 2, and intervals of 95 % are
    those of its normal approximation.

    Parameters
    ----------
    votes
        Each record's choices between `left` and `right`, by annotator.
    items
        What stands left and right of each record; a record with twice the same, or without, compares nothing.

    Returns
    -------
    `records`, the number of comparisons; `left`, how far people lean to that side, and `items`, the strongest first,
    each with its `strength` in log-odds around a mean of zero, both with `low` and `high`; and of each item the number
    of `records` that it stands in, and in how many of them it was `preferred`. None with a `reason` if nothing is
    compared.

    References
    ----------
    R. A. Bradley and M. E. Terry, Rank Analysis of Incomplete Block Designs: The Method of Paired Comparisons,
    Biometrika 39 (1952).
    """
    import numpy as np

    named = {id: (str(one), str(other)) for id, (one, other) in items.items() if None not in (one, other)}
    judged = sorted(id for id in votes if votes[id] and id in named and named[id][0] != named[id][1])
    if not judged:
        return {"records": 0, "left": None, "items": None, "reason": "no labelled record compares two named things"}
    names = sorted({name for id in judged for name in named[id]})
    place = {name: number for number, name in enumerate(names)}
    left, right = (np.array([place[named[id][side]] for id in judged]) for side in (0, 1))
    won = np.array([sum(vote == "left" for vote in votes[id].values()) / len(votes[id]) for id in judged])
    strengths, errors = fit(left, right, won, len(names))
    seen = np.bincount(left, minlength=len(names)) + np.bincount(right, minlength=len(names))
    preferred = np.bincount(left, won, len(names)) + np.bincount(right, 1 - won, len(names))
    ends = np.column_stack([strengths, strengths - SURE * errors, strengths + SURE * errors]).round(DIGITS).tolist()
    found = [
        {"item": name, **dict(zip(("strength", "low", "high"), ends[n], strict=True))}
        | {"records": int(seen[n]), "preferred": float(preferred[n])}
        for n, name in enumerate(names)
    ]
    return {
        "records": len(judged),
        "left": dict(zip(("value", "low", "high"), ends[-1], strict=True)),
        "items": sorted(found, key=lambda each: (-each["strength"], each["item"])),
    }


def fit(left: np.ndarray, right: np.ndarray, won: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit strengths, and last the lean to the left, by Newton's method.

    Parameters
    ----------
    left, right
        Numbers of the items compared, from 0, shape (comparisons,).
    won
        The share of the votes for the left one.
    count
        How many items there are.

    Returns
    -------
    The maximum of the posterior, with a mean of zero over the items, and standard errors around that mean; both of
    shape (count + 1,).
    """
    import numpy as np

    ones = np.ones(len(left))
    terms = ((left, ones), (right, -ones), (np.full(len(left), count), ones))  # columns of a row, and what is in them
    found = np.zeros(count + 1)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-(found[left] - found[right] + found[-1])))
        slope, weight = won - chance, chance * (1 - chance)
        gradient = -found / PRIOR**2
        hessian = np.eye(count + 1) / PRIOR**2
        for one, sign in terms:
            np.add.at(gradient, one, sign * slope)
            for other, turned in terms:
                np.add.at(hessian, (one, other), sign * turned * weight)
        step = np.linalg.solve(hessian, gradient)
        found += step
        if abs(step).max() < TOLERANCE:
            break
    centred = np.eye(count + 1)
    centred[:count, :count] -= 1 / count
    spread = centred @ np.linalg.inv(hessian) @ centred.T
    return centred @ found, np.sqrt(np.diag(spread))

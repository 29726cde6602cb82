"""Linear-chain conditional random field, for many texts at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from stages.annotators.base import above_zero

ITERATIONS = 100
LONGEST = 1_000  # tokens of a piece
BARRED = -1e4  # the weight of a step that may not be taken; its power is exactly 0


@dataclass(frozen=True)
class Packed:
    """Texts of different lengths, token by token: first the first tokens of all, longest text first, and so on.

    Attributes
    ----------
    rows
        The tokens' places when the texts stand one after the other.
    sizes
        How many texts have a first, a second, … token.
    order
        The texts, longest first.
    """

    rows: np.ndarray
    sizes: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, lengths: Sequence[int]) -> Packed:
        known = np.asarray(lengths, dtype=np.int64)
        order = np.argsort(-known, kind="stable")
        starts = np.concatenate([[0], np.cumsum(known)])[:-1][order]
        sizes = np.array([(known > step).sum() for step in range(known.max(initial=0))], dtype=np.int64)
        rows = [starts[:size] + step for step, size in enumerate(sizes)]
        return cls(np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64), sizes, order)

    @property
    def steps(self) -> list[slice]:
        ends = np.cumsum(self.sizes)
        return [slice(int(end - size), int(end)) for end, size in zip(ends, self.sizes, strict=True)]


def cut(lengths: Sequence[int], inside: Sequence[bool] | None = None) -> list[list[int]]:
    """Cut texts into pieces, which are read side by side: the steps of a text are taken one after the other.

    Parameters
    ----------
    lengths
        How many tokens each text has.
    inside
        Which of all the tokens belong to what is before them: no piece begins with one.

    Returns
    -------
    How many tokens each piece of each text has, `LONGEST` in most.
    """
    found, start = [], 0
    for length in lengths:
        cuts = [start, *range(start + LONGEST, start + length, LONGEST), start + length]
        for place in range(1, len(cuts) - 1):
            while inside is not None and cuts[place] < cuts[-1] and inside[cuts[place]]:
                cuts[place] += 1
        cuts = sorted(set(cuts))
        found.append([end - begin for begin, end in pairwise(cuts)])
        start += length
    return found


class Decoded(NamedTuple):
    """A text's likeliest tags.

    Attributes
    ----------
    tags
        The number of each token's tag.
    confidence
        How probable it is that all of them are right.
    tokens
        How probable each is, whatever the others are.
    steps
        How probable each is after the one before it; the first, at all.
    """

    tags: list[int]
    confidence: float
    tokens: list[float]
    steps: list[float]


def whole(pieces: Sequence[Decoded]) -> Decoded:
    """Put the pieces of a text together."""
    return Decoded(
        [tag for each in pieces for tag in each.tags],
        math.prod(each.confidence for each in pieces),
        [sure for each in pieces for sure in each.tokens],
        [sure for each in pieces for sure in each.steps],
    )


def fit(features: Any, tags: np.ndarray, lengths: Sequence[int], barred: np.ndarray, c: float) -> np.ndarray:
    """Fit weights that make the tags most likely, under an L2 penalty.

    Parameters
    ----------
    features
        A sparse matrix, one row per token, the texts one after the other.
    tags
        The number of each token's tag.
    lengths
        How many tokens each text has.
    barred
        Which tag may not follow which, shape (tags + 1, tags); the last row is for the first token.
    c
        Inverse strength of the penalty, as in `sklearn.linear_model.LogisticRegression`.

    Returns
    -------
    Shape (features + tags + 1, tags): the weight of each feature for each tag, then of each tag after each, and first.

    Raises
    ------
    InputError
        `c` is not above 0.

    References
    ----------
    J. Lafferty, A. McCallum and F. Pereira, Conditional Random Fields, ICML (2001).
    """
    from scipy.optimize import minimize

    above_zero("annotator.c", c)
    count = len(barred) - 1
    packed = Packed.of(lengths)
    known = features[packed.rows].tocsr()
    flipped = known.T.tocsr()
    gold = np.eye(count)[tags[packed.rows]]
    steps = packed.steps
    seen = np.zeros((count + 1, count))
    seen[-1] = gold[steps[0]].sum(axis=0)
    for one, two in pairwise(steps):
        seen[:-1] += gold[one][: two.stop - two.start].T @ gold[two]
    target = np.vstack([flipped @ gold, seen])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, count)
        emissions = known @ weights[: -count - 1]
        total, tokens, pairs, _ = expected(emissions, np.where(barred, BARRED, weights[-count - 1 :]), steps)
        slope = np.vstack([flipped @ tokens, pairs]) - target + weights / c
        return total.sum() - (target * weights).sum() + 0.5 * (weights**2).sum() / c, slope.ravel()

    start = np.zeros((features.shape[1] + count + 1) * count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "maxcor": 6})
    return np.asarray(found.x).reshape(-1, count)


def expected(
    emissions: np.ndarray, moves: np.ndarray, steps: Sequence[slice]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Run forwards and backwards over packed tokens.

    Parameters
    ----------
    emissions
        The weight of each tag for each token, shape (tokens, tags).
    moves
        The weight of each tag after each, and as the first, shape (tags + 1, tags).
    steps
        Where the first, the second, … tokens are.

    Returns
    -------
    The logarithm of each text's sum over all sequences, longest first; how probable each tag of each token is; how
    often each tag is expected after each, and first; and what speaks for each tag of each token but the first, apart
    from the tag before it.
    """
    peak = emissions.max(axis=1, keepdims=True)
    power = np.exp(emissions - peak)
    after, first = np.exp(moves[:-1]), np.exp(moves[-1])
    forward, scale = np.zeros_like(power), np.zeros(len(power))
    for place, step in enumerate(steps):
        size = step.stop - step.start
        before = forward[steps[place - 1]][:size] @ after if place else first
        forward[step] = before * power[step]
        scale[step] = forward[step].sum(axis=1)
        forward[step] /= scale[step][:, None]
    backward, coming = np.ones_like(power), np.zeros_like(power)
    pairs = np.zeros_like(moves)
    for place in range(len(steps) - 1, 0, -1):
        step, before = (
            steps[place],
            slice(steps[place - 1].start, steps[place - 1].start + steps[place].stop - steps[place].start),
        )
        coming[step] = power[step] * backward[step] / scale[step][:, None]
        backward[before] = coming[step] @ after.T
        pairs[:-1] += forward[before].T @ coming[step]
    tokens = forward * backward
    pairs[:-1] *= after
    pairs[-1] = tokens[steps[0]].sum(axis=0)
    logs = np.log(scale) + peak[:, 0]
    total = np.zeros(steps[0].stop)
    for step in steps:
        total[: step.stop - step.start] += logs[step]
    return total, tokens, pairs, coming


def decode(emissions: np.ndarray, lengths: Sequence[int], weights: np.ndarray, barred: np.ndarray) -> list[Decoded]:
    """Give each text's likeliest tags, and how probable they are (Viterbi)."""
    found = [Decoded([], 1.0, [], [])] * len(lengths)
    if not len(emissions):
        return found
    moves = np.where(barred, BARRED, weights)
    packed = Packed.of(lengths)
    steps, known = packed.steps, emissions[packed.rows]
    total, tokens, _, coming = expected(known, moves, steps)
    after = np.exp(moves[:-1])
    best, came = np.zeros_like(known), np.zeros(known.shape, dtype=np.int64)
    for place, step in enumerate(steps):
        if place:
            ways = best[steps[place - 1]][: step.stop - step.start, :, None] + moves[:-1]
            came[step], best[step] = ways.argmax(axis=1), ways.max(axis=1) + known[step]
        else:
            best[step] = moves[-1] + known[step]
    for rank, text in enumerate(packed.order.tolist()):
        rows = [step.start + rank for step in steps[: lengths[text]]]
        if rows:
            tag = int(best[rows[-1]].argmax())
            sure = float(np.exp(min(0.0, best[rows[-1], tag] - total[rank])))
            path = [tag]
            for row in rows[:0:-1]:
                path.append(int(came[row, path[-1]]))
            tags = path[::-1]
            alone, follows = tokens[rows, tags].tolist(), after[tags[:-1]] * coming[rows[1:]]
            after_one = follows[range(len(follows)), tags[1:]] / follows.sum(axis=1)
            found[text] = Decoded(tags, sure, alone, [alone[0], *after_one.tolist()])
    return found

"""How right each labelling function is, learned from how they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ABSTAIN = -1
EXPECTED = 0.7  # an accuracy before anything is known
HELD = (
    0.5  # that belief counts as much as this share of a function's votes, or functions that agree lift each other to 1
)
WORTH = 10.0  # what is learned without labels counts as much as so many votes on records that people have labelled
ROUNDS, CLOSE = 200, 1e-9


def accuracies(votes: np.ndarray, truth: np.ndarray, labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Learn how often each function's votes are right.

    The model of Dawid and Skene with one number per function: a vote is right with the function's accuracy, and
    otherwise any other label alike; whether a function votes says nothing. It is fitted by expectation maximisation
    over the records without a label, all labels being equally likely; the votes on records with one then correct it.

    Parameters
    ----------
    votes
        Numbers of labels, shape (records, functions); -1 for abstaining.
    truth
        Numbers of people's labels, shape (records,); -1 where there is none.
    labels
        How many labels there are.

    Returns
    -------
    Accuracies, shape (functions,), and the labels' shares, shape (labels,): even, or as people gave them.

    References
    ----------
    A. P. Dawid and A. M. Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm, Applied
    Statistics 28 (1979). A. Ratner, C. De Sa, S. Wu, D. Selsam and C. Ré, Data Programming, NIPS (2016).
    """
    import numpy as np

    known = truth != ABSTAIN
    guessed = _agreement(votes[~known], labels)
    right = (votes[known] == truth[known, None]).sum(axis=0)
    cast = (votes[known] != ABSTAIN).sum(axis=0)
    counts = np.bincount(truth[known], minlength=labels) + 1
    return (right + WORTH * guessed) / (cast + WORTH), counts / counts.sum()


def _agreement(votes: np.ndarray, labels: int) -> np.ndarray:
    import numpy as np

    # equal rows once, in a fixed order: faster, and the sums do not depend on the records' order
    votes, counts = np.unique(votes, axis=0, return_counts=True)
    cast = (votes != ABSTAIN) * counts[:, None]
    held = HELD * cast.sum(axis=0) + 1
    even, found = np.full(labels, 1 / labels), np.full(votes.shape[1], EXPECTED)
    for _ in range(ROUNDS):
        beliefs = posterior(votes, found, even)
        right = (np.take_along_axis(beliefs, np.maximum(votes, 0), axis=1) * cast).sum(axis=0)
        last, found = found, (right + EXPECTED * held) / (cast.sum(axis=0) + held)
        if np.abs(found - last).max(initial=0) < CLOSE:
            break
    return found


def posterior(votes: np.ndarray, accuracy: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Give the probability of each label, shape (records, labels), by the votes and the functions' accuracies."""
    import numpy as np

    labels = len(shares)
    gain = np.log(accuracy) - np.log((1 - accuracy) / max(labels - 1, 1))
    logs = np.tile(np.log(shares), (len(votes), 1))
    for column, each in zip(votes.T, gain, strict=True):
        logs += each * (column[:, None] == np.arange(labels))
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def majority(votes: np.ndarray, labels: int) -> np.ndarray:
    """Give each label's share of the votes, shape (records, labels), with one vote more that is split evenly.

    That vote makes three that agree surer than one.
    """
    import numpy as np

    counts = (votes[:, :, None] == np.arange(labels)).sum(axis=1) + 1 / labels
    return counts / counts.sum(axis=1, keepdims=True)

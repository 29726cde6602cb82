"""Several people's votes become one label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from stages import InputError
from stages.tasks import Choice, Rating, Spans, Task, Value

if TYPE_CHECKING:
    import numpy as np

Votes = Mapping[str, Mapping[str, Value]]  # by record, then by annotator

ITERATIONS, TOLERANCE = 50, 1e-5
PRIOR = 5.0  # how many votes an annotator must give to weigh as much as what is known of all annotators
RATINGS = 20.0  # the same of ratings, which have more answers to be learned (chosen on simulated raters)
NEVER = 1e-6  # pseudo-votes for an error that nobody has made


class Consensus(NamedTuple):
    """One label for a record: its value, from 0 to 1 how sure it is, and how it came about."""

    value: Value
    confidence: float
    why: str


def majority(task: Task, votes: Votes) -> dict[str, Consensus]:
    """Take what most people say; the confidence is its share of the votes."""
    agreed = {}
    for record in sorted(votes):
        value, share, same = task.merge(list(votes[record].values()))
        agreed[record] = Consensus(value, share, f"{same} of {len(votes[record])} people")
    return agreed


def token_vote(task: Task, votes: Votes) -> dict[str, Consensus]:
    """Keep what most people marked, character by character; the confidence is the share of those who said just that.

    Raises
    ------
    InputError
        The task is not spans.
    """
    if not isinstance(task, Spans):
        raise InputError(f"review.consensus: token_vote is for spans, this task is {task.type}; take majority")
    agreed = {}
    for record in sorted(votes):
        value, share, same = task.vote(list(votes[record].values()))
        agreed[record] = Consensus(value, share, f"token_vote over {len(votes[record])} people, {same} said just this")
    return agreed


def dawid_skene(task: Task, votes: Votes) -> dict[str, Consensus]:
    """Weigh each vote by how its annotator errs, learnt from all votes by expectation maximisation.

    The confidence is the posterior probability of the value. An annotator's error rates are smoothed towards those of
    all annotators together, and learnt only from records with two votes or more: a record with one says nothing of
    errors, and would make people who saw other records look biased. Where no record has two, the vote stands. With
    several choices per record, each label is a question of its own with the answers yes and no. Of ratings it begins at
    the medians, which are nearer to the truth than the shares of the votes.

    Parameters
    ----------
    task
        A choice; other task types have no fixed set of answers.
    votes
        Each record's values by annotator.

    Raises
    ------
    InputError
        The task is not a choice.

    References
    ----------
    A. P. Dawid and A. M. Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm,
    Journal of the Royal Statistical Society C 28 (1979).
    """
    import numpy as np

    if not isinstance(task, Choice):
        raise InputError(f"review.consensus: dawid_skene is for choices, this task is {task.type}; take majority")
    if not votes:
        return {}
    records = sorted(votes)
    given = [votes[record] for record in records]
    counts = list(map(len, given))
    starts = np.cumsum([0, *counts])
    annotators = _places(list(chain.from_iterable(given)))[1]
    flat = list(chain.from_iterable(each.values() for each in given))
    values, places = _places([tuple(value) for value in flat] if task.multiple else flat)
    codes = task.codes(values)[places]
    if task.multiple:
        columns = [_posterior(starts, annotators, codes[:, label], 2)[:, 1] for label in range(len(task.labels))]
        scores = np.column_stack(columns)
    else:
        medians = [task.merge(list(each.values()))[0] for each in given] if isinstance(task, Rating) else []
        beginning = (task.codes(medians).astype(float), RATINGS) if medians else (None, PRIOR)
        scores = _posterior(starts, annotators, codes.argmax(axis=1), len(task.labels), *beginning)
    likeliest = task.likeliest(scores.round(9))  # rounded: a tie is a tie on every machine
    why = {count: f"dawid_skene over {count} people" for count in set(counts)}
    return dict(zip(records, map(Consensus, *likeliest, map(why.__getitem__, counts)), strict=True))


def _places(items: Sequence[Any]) -> tuple[list[Any], np.ndarray]:
    """Give the different items, sorted, and the place of each item among them."""
    import numpy as np

    different = sorted(set(items))
    place = {item: number for number, item in enumerate(different)}
    return different, np.fromiter(map(place.__getitem__, items), dtype=np.int32, count=len(items))


def _posterior(
    starts: np.ndarray,
    annotators: np.ndarray,
    answers: np.ndarray,
    classes: int,
    beginning: np.ndarray | None = None,
    weight: float = PRIOR,
) -> np.ndarray:
    """Probability of each class, shape (records, classes), of votes sorted by record and where each record's start."""
    import numpy as np
    from scipy.sparse import csr_array

    count = annotators.max() + 1
    votes, ones = np.diff(starts), np.ones(len(answers))
    taken = csr_array((ones, annotators * classes + answers, starts), shape=(len(votes), count * classes))
    shares = csr_array((ones, answers, starts), shape=(len(votes), classes)).toarray()
    truth = shares / votes[:, np.newaxis] if beginning is None else beginning
    telling = (votes > 1)[:, np.newaxis]  # what errors are learnt from
    for _ in range(ITERATIONS):
        confusion = (taken.T @ (telling * truth)).reshape(count, classes, classes)  # annotator, answer, truth
        everyone = confusion.sum(axis=0) + np.eye(classes) + NEVER
        confusion += weight * everyone / everyone.sum(axis=0)
        confusion /= confusion.sum(axis=1, keepdims=True)
        prior = truth.sum(axis=0) + 1
        logs = taken @ np.log(confusion.reshape(-1, classes)) + np.log(prior / prior.sum())
        # with so few classes, reduce over the transpose is several times faster than .max(axis=1) and .sum(axis=1)
        before, truth = truth, np.exp(logs - reduce(np.maximum, logs.T)[:, np.newaxis])
        truth /= reduce(np.add, truth.T)[:, np.newaxis]
        if abs(truth - before).max() < TOLERANCE:
            break
    return truth

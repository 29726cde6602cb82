"""Words, the tokens that a pretrained model makes of them, and what its classes say of both."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages import InputError
from stages.annotators.finding import check, named
from stages.tasks import Proposal, Spans
from stages.tasks.iob import Token, value_of

if TYPE_CHECKING:
    import numpy as np

SCHEMES = {**dict.fromkeys("BSU", 1), **dict.fromkeys("IELM", 0)}  # what begins a span in IOB, BIOES and BILOU
SKIPPED = -100  # what torch's cross entropy leaves out


@dataclass(frozen=True)
class Window:
    """A stretch of a text: which text, its tokens, and where each stands; special ones stand nowhere."""

    text: int
    ids: list[int]
    places: list[tuple[int, int]]


def meanings(names: Sequence[str], labels: Mapping[str, str], task: Spans) -> np.ndarray:
    """Say which tag each class of a checkpoint means.

    Parameters
    ----------
    names
        The classes, with or without a prefix of a tagging scheme, such as `B-PER`.
    labels
        What is called otherwise in the interface.
    task
        What a value is.

    Returns
    -------
    Shape (classes, tags), 0 and 1; what is no label of the interface is outside.

    Raises
    ------
    InputError
        None is a label of the interface, or `labels` names one that is not there.
    """
    import numpy as np

    check(labels, task)
    found = np.zeros((len(names), 1 + 2 * len(task.labels)))
    for row, name in enumerate(names):
        scheme, kind = (name[0], name[2:]) if name[1:2] == "-" and name[0] in SCHEMES else ("I", name)
        label = named(kind, labels, task)
        found[row, 2 + 2 * task.labels.index(label) - SCHEMES[scheme] if label else 0] = 1
    if not found[:, 1:].any():
        said = ", ".join(names)
        raise InputError(f"annotator.labels: the checkpoint knows none of the interface's labels; it has {said}")
    return found


def words_of(words: Sequence[Token], places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """Give each word in a window the first token that it has a part in, and whether an earlier word has that, too."""
    real = [(start, end, token) for token, (start, end) in enumerate(places) if start < end]
    starts = [start for start, _, _ in real]
    before = None
    for word, (_, begin, _) in enumerate(words):
        last = bisect_right(starts, begin) - 1
        if last >= 0:
            first = bisect_left(starts, starts[last])  # of the bytes of one character
            _, end, token = real[first]
            if begin < end:
                yield word, token, token == before
                before = token


def targets(window: Window, words: Sequence[Token], tags: Sequence[int]) -> list[int]:
    """Give each token of a window the tag of the word that begins with it, to be learned; the others none."""
    found = [SKIPPED] * len(window.ids)
    for word, token, begun in words_of(words, window.places):
        if not begun:
            found[token] = tags[word]
    return found


def decided(words: Sequence[Token], scores: np.ndarray, within: np.ndarray, task: Spans) -> Proposal:
    """Take the likeliest tag of each word.

    Parameters
    ----------
    words
        Of a text.
    scores
        How probable each tag is, shape (words, tags), up to a factor for each word; all zero for a word that no token
        stands for, which is outside.
    within
        Whether a word shares its token with the word before; it goes on as that does.
    task
        What a value is.
    """
    totals = scores.sum(axis=1)
    tags = scores.argmax(axis=1).tolist()
    for word in range(1, len(words)):
        if within[word]:
            tags[word] = tags[word - 1] + tags[word - 1] % 2
    told = (totals > 0) & ~within
    confidence = math.prod((scores[told].max(axis=1) / totals[told]).tolist())
    return Proposal(value_of(words, tags, task), confidence)

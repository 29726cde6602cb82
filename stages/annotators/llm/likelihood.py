"""How probable each possible value of an answer was, from the log-probabilities of tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from math import exp

Token = tuple[bytes, float, Sequence[tuple[bytes, float]]]  # its text, log-probability, and the most likely ones there


def chances(
    content: str, tokens: Sequence[Token], path: Sequence[str], candidates: Sequence[str]
) -> list[float] | None:
    """Share out the probability of a member's value over all the values that it might have had.

    The tokens are followed as far as they tell candidates apart. At each, the tokens that were likely there give their
    probability to the candidates that go on so. A candidate that goes on with none of them was less likely than they:
    it gets the least of their probabilities, or its part of what is left, whichever is less.

    Parameters
    ----------
    content
        The answer, JSON.
    tokens
        What it was made of, and what may have stood around it.
    path
        The keys that lead to the member.
    candidates
        The values that it might have, as JSON; none is the beginning of another.

    Returns
    -------
    One probability per candidate, in their order, which sum to 1; None if tokens and answer do not fit together.
    """
    whole, place = _aligned(content, tokens, path)
    if place is None:
        return None
    texts = [candidate.encode() for candidate in candidates]
    found = [0.0] * len(texts)
    reached, before, end = list(range(len(texts))), 1.0, 0  # whom the tokens so far leave open, and their probability
    for text, logarithm, beside in tokens:
        begin, end = end, end + len(text)
        if end <= place:
            continue
        lead, said = whole[begin : max(begin, place)], whole[place : max(begin, place)]
        seen = {other: exp(min(each, 0.0)) for other, each in beside} | {text: exp(min(logarithm, 0.0))}
        fitting = {
            other: [i for i in reached if other.startswith(lead) and _fits(texts[i], said + other[len(lead) :])]
            for other in seen
        }
        unseen = sorted(set(reached).difference(*fitting.values()))
        rest = max(0.0, 1 - sum(seen.values())) / max(1, len(unseen))
        for i in unseen:
            found[i] += before * min(rest, *seen.values())
        for other in sorted(seen.keys() - {text}):
            for i in fitting[other]:
                found[i] += before * seen[other] / len(fitting[other])
        reached, before = fitting[text], before * seen[text]
        if len(reached) <= 1:
            break
    for i in reached:
        found[i] += before / len(reached)
    total = sum(found)
    return [each / total for each in found] if reached and total > 0 else None


def mean(content: str, tokens: Sequence[Token], path: Sequence[str]) -> float | None:
    """Give the geometric mean of the probabilities of the tokens from a member's value on, whatever its length.

    None if tokens and answer do not fit together.

    References
    ----------
    A. Malinin and M. Gales, Uncertainty Estimation in Autoregressive Structured Prediction, ICLR (2021).
    """
    _, place = _aligned(content, tokens, path)
    if place is None:
        return None
    logarithms, end = [], 0
    for text, logarithm, _ in tokens:
        end += len(text)
        if end > place:
            logarithms.append(min(logarithm, 0.0))
    return exp(sum(logarithms) / len(logarithms))


def _aligned(content: str, tokens: Sequence[Token], path: Sequence[str]) -> tuple[bytes, int | None]:
    """Give all text of the tokens, and where in it a member's value begins; None if it is not there."""
    whole, place = b"".join(text for text, _, _ in tokens), _place(content, path)
    if place is None or content.encode() not in whole:  # a server may leave out white space around it, and its end
        return whole, None
    return whole, whole.index(content.encode()) + place


def _fits(candidate: bytes, text: bytes) -> bool:
    return candidate.startswith(text) or text.startswith(candidate)


def _place(content: str, path: Sequence[str]) -> int | None:
    """Find where a member's value begins, in bytes."""
    place = 0
    for key in path:
        pattern = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:\s*")
        found = pattern.search(content, place)  # within a text its quotation marks would be escaped
        if not found:
            return None
        place = found.end()
    return len(content[:place].encode())

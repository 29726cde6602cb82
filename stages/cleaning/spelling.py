"""Which values of a column may be spellings of one: a proposal that a person confirms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MOST = 5_000  # values that are compared, the most frequent ones; all pairs of them


@dataclass(frozen=True)
class Spelling:
    """A value that may be another one misspelt.

    Attributes
    ----------
    value, count
        What is written, and how often.
    of, times
        What may be meant, the most frequent of the like ones, and how often that is written.
    similarity
        From 0 to 1.
    """

    value: str
    count: int
    of: str
    times: int
    similarity: float


def spellings(counts: Mapping[str, int], similarity: float = 0.85) -> list[Spelling]:
    """Propose for each value a more frequent one that it is much like.

    Likeness is the normalised Indel similarity of RapidFuzz (`fuzz.ratio`), without regard to case and marks. Numbers
    are like none.

    Parameters
    ----------
    counts
        How often each value is written.
    similarity
        From which two values are alike.

    Returns
    -------
    In the order of what may be meant, the most frequent first.
    """
    from rapidfuzz import fuzz, utils

    forms = {value: utils.default_process(value) for value in counts}
    worded = [value for value, form in forms.items() if any(sign.isalpha() for sign in form)]
    ordered = sorted(worded, key=lambda value: (-counts[value], value))[:MOST]
    meant: list[str] = []
    found: list[Spelling] = []
    for value in ordered:
        alike = [(fuzz.ratio(forms[value], forms[each], score_cutoff=similarity * 100) / 100, each) for each in meant]
        best, of = max(alike, key=lambda each: each[0], default=(0.0, ""))
        if best >= similarity:
            found.append(Spelling(value, counts[value], of, counts[of], round(best, 2)))
        else:
            meant.append(value)
    return sorted(found, key=lambda each: (-each.times, each.of, -each.count, each.value))

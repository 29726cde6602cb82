"""What is marked in a text moves along with it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any

from stages import InputError
from stages.augmenting.operators import Edit, Editor, edited
from stages.tasks import Relations, Spans, Value

Span = dict[str, Any]
Pool = Mapping[str, Sequence[str]]  # by label, the mentions in the training records, sorted


@dataclass(frozen=True)
class Mention:
    """Put another mention of the same label, from the training records, in the place of one.

    A mention that overlaps with another stays.

    Parameters
    ----------
    share
        Of the mentions, how many are replaced, on average.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"share: a number from 0 to 1 is expected, found {self.share}")

    def apply(self, text: str, rng: Random) -> str:  # noqa: ARG002
        raise InputError("a mention can be replaced only where spans are labelled; set it to null")

    def replace(self, text: str, spans: Sequence[Span], pool: Pool, rng: Random) -> Iterator[Edit]:
        """Give edits from the last mention to the first, so that each is one of the text as it is."""
        alone = _alone(spans)
        for place in reversed(range(len(spans))):
            start, end, known = spans[place]["start"], spans[place]["end"], pool[spans[place]["label"]]
            own = bisect_left(known, text[start:end])
            there = own < len(known) and known[own] == text[start:end]
            others = len(known) - there
            if place in alone and others and rng.random() < self.share:
                other = int(rng.random() * others)
                yield start, end, known[other + (there and other >= own)]


def _alone(spans: Sequence[Span]) -> set[int]:
    """Give the places of those that overlap with no other."""
    order = sorted(range(len(spans)), key=lambda place: spans[place]["start"])
    starts = [*(spans[place]["start"] for place in order[1:]), float("inf")]
    before = accumulate((spans[place]["end"] for place in order), max, initial=0)
    return {
        place
        for place, end, start in zip(order, before, starts, strict=False)
        if end <= spans[place]["start"] and spans[place]["end"] <= start
    }


def mentions(texts: Iterable[tuple[str, Value]], task: Spans | Relations) -> dict[str, list[str]]:
    """Give the different mentions of each label, sorted."""
    found: dict[str, set[str]] = {label: set() for label in task.labels}
    for text, value in texts:
        for span in spans_of(value):
            found[span["label"]].add(text[span["start"] : span["end"]])
    return {label: sorted(each) for label, each in found.items()}


def spans_of(value: Value) -> list[dict[str, Any]]:
    """Give the spans of a value: of spans itself, of relations a part."""
    return value["spans"] if isinstance(value, dict) else value


def changed(
    text: str, value: Value, operators: Sequence[Editor | Mention], task: Spans | Relations, pool: Pool, rng: Random
) -> tuple[str, Value] | None:
    """Change a text and move what is marked in it; None if an edit goes over the border of a span, or empties one."""
    spans = spans_of(value)
    moving = _Moving(spans)
    for operator in operators:
        if isinstance(operator, Mention):
            edits: Iterable[Edit] = operator.replace(text, moving.spans(), pool, rng)
        else:
            edits = _leasts(text, operator.edits(text, rng))
        for edit in edits:
            text = edited(text, edit)
            if not moving.along(edit):
                return None
    now = moving.spans()
    keys = [(span["start"], span["end"], span["label"]) for span in now]
    if len(set(keys)) < len(keys):
        return None
    if isinstance(task, Spans):
        return text, task.ordered(now)
    drawn = [(keys[each["head"]], keys[each["tail"]], each["label"]) for each in value["relations"]]
    return text, task.ordered(now, drawn)


def _leasts(text: str, edits: Iterable[Edit]) -> Iterator[Edit]:
    """Take from edits what stays as it is at both their ends."""
    for start, end, new in edits:
        old = text[start:end]
        before = _shared(old, new)
        after = _shared(old[before:][::-1], new[before:][::-1])
        yield start + before, end - after, new[before : len(new) - after]
        text = edited(text, (start, end, new))


def _shared(one: str, other: str) -> int:
    """Give how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


class _Moving:
    """Spans in a text that changes, by the order of their starts, so that an edit looks at those near it alone."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.given = spans
        self.order = sorted(range(len(spans)), key=lambda place: spans[place]["start"])
        self.starts = [spans[place]["start"] for place in self.order]
        self.ends = [spans[place]["end"] for place in self.order]
        self.longest = max((end - start for start, end in zip(self.starts, self.ends, strict=True)), default=0)

    def spans(self) -> list[Span]:
        """Give them as they stand, in the order in which they were given."""
        now = list(self.given)
        for place, start, end in zip(self.order, self.starts, self.ends, strict=True):
            now[place] = {**now[place], "start": start, "end": end}
        return now

    def along(self, edit: Edit) -> bool:
        """Move them; False if the edit goes over the border of one, or empties it."""
        start, end, new = edit
        longer = len(new) - (end - start)
        after = bisect_left(self.starts, end)
        for place in range(bisect_right(self.starts, start - self.longest), after):
            if self.ends[place] <= start:
                continue
            if self.starts[place] > start or self.ends[place] < end or self.ends[place] + longer <= self.starts[place]:
                return False
            self.ends[place] += longer
        if longer:
            self.starts[after:] = [each + longer for each in self.starts[after:]]
            self.ends[after:] = [each + longer for each in self.ends[after:]]
            self.longest += max(longer, 0)
        return True

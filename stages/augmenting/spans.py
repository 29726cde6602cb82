"""What is marked in a text moves along with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from stages import InputError
from stages.augmenting.operators import Edit, Editor, edited
from stages.tasks import Relations, Spans, Value

Span = dict[str, Any]
Pool = Mapping[str, Sequence[str]]  # by label, the mentions in the training records


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
        for place in reversed(range(len(spans))):
            span = spans[place]
            alone = all(
                other is span or other["end"] <= span["start"] or span["end"] <= other["start"] for other in spans
            )
            others = [each for each in pool[span["label"]] if each != text[span["start"] : span["end"]]]
            if alone and others and rng.random() < self.share:
                yield span["start"], span["end"], others[int(rng.random() * len(others))]


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
    now: list[Span] = [dict(span) for span in spans]
    for operator in operators:
        if isinstance(operator, Mention):
            edits: Iterable[Edit] = operator.replace(text, now, pool, rng)
        else:
            edits = _leasts(text, operator.edits(text, rng))
        for edit in edits:
            text = edited(text, edit)
            moved = [_moved(span, edit) for span in now]
            now = [span for span in moved if span is not None]
            if len(now) < len(spans):
                return None
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


def _moved(span: Span, edit: Edit) -> Span | None:
    start, end, new = edit
    longer = len(new) - (end - start)
    if start >= span["end"]:
        return span
    if end <= span["start"]:
        return {**span, "start": span["start"] + longer, "end": span["end"] + longer}
    if span["start"] <= start and end <= span["end"] and span["end"] + longer > span["start"]:
        return {**span, "end": span["end"] + longer}
    return None

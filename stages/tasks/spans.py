"""Spans of a text: mentions, flat, overlapping or nested."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks.base import Doubt, Value
from stages.tasks.quotes import located, standing
from stages.tasks.regions import Region, Regions, grouped
from stages.tasks.span_doubts import span_doubts

if TYPE_CHECKING:
    import numpy as np

Key = tuple[int, int, str]
NEAR = 0.5  # the least overlap of marks of different people that may mean the same mention


@dataclass(frozen=True)
class Spans(Regions):
    r"""A Label Studio `Labels` control over a `Text`.

    A span has `start` and `end` (the first character, and the first after it) and `label`; a value is sorted by them,
    and none is there twice. They count code points, as Python does: Label Studio converts what a browser counts
    (`charsToCodePoints` in its editor), and takes `\r` and `\n` for one character each. The text that a result may
    carry is read only if the record has changed since: a browser shortens its white space.

    Parameters
    ----------
    field
        The text field that is marked; without one, that with the name of what the control labels, else the first.
    """

    field: str = ""

    type: ClassVar[str] = "spans"
    control: ClassVar[str] = "labels"
    column: ClassVar[Any] = [{"start": "whole", "end": "whole", "label": "text"}]
    bar: ClassVar[float] = 1.0
    headline: ClassVar[str] = "f1"

    def place(self, item: Mapping[str, Any]) -> Region:
        value = item["value"]
        start, end = value.get("start"), value.get("end")
        if type(start) is not int or type(end) is not int or not 0 <= start < end:
            raise ValueError(f"'start' and 'end' must be whole numbers, 0 <= start < end, found {value!r:.200}")
        return {"start": start, "end": end}

    def shown(self, each: Region) -> dict[str, Any]:
        return {"value": {"start": each["start"], "end": each["end"]}}

    def ordered(self, regions: Sequence[Region]) -> Value:
        return [{"start": start, "end": end, "label": label} for start, end, label in sorted(_keys(regions))]

    def compare(self, one: Value, other: Value) -> float:
        """F1 of one value's spans against the other's, borders and label alike; 1 where neither has any."""
        mine, theirs = _keys(one), _keys(other)
        return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine or theirs else 1.0

    def doubts(self, value: Value, proposed: Value, scores: Sequence[float] | None, confidence: float) -> list[Doubt]:
        return span_doubts(value, proposed, scores, confidence)

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Keep what most people marked.

        Spans of different people with the same label are put together, the pair with the greatest overlap first, as
        long as they overlap by half and nobody has two of them. What more than half of the people marked is kept, with
        the median of its starts and of its ends (of an even number, the lower one).
        """
        value = self.ordered([span for span, _ in self.agreed(votes)])
        same = sum(vote == value for vote in votes)
        return value, same / len(votes), same

    def agreed(self, votes: Sequence[Value]) -> list[tuple[Region, list[Region]]]:
        """Give each span that `merge` keeps, and the marks that it was made of: the very objects in the votes."""
        groups = [group for part in _apart(votes) for group in grouped(part, self.labels, _overlaps, NEAR)]
        return [(_median(group), group) for group in groups if 2 * len(group) > len(votes)]

    def vote(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Keep each character that more than half of the people gave a label, whatever the borders they drew.

        Neighbours belong to the same span, unless more than half of the people begin one of that label in between. So
        of spans that nest, those with the same label become one.
        """
        said = [(label, [[each for each in vote if each["label"] == label] for vote in votes]) for label in self.labels]
        kept = [span for label, marks in said for span in _covered(marks, label)]
        value = self.ordered(kept)
        same = sum(vote == value for vote in votes)
        return value, same / len(votes), same

    def schema(self) -> dict[str, Any]:
        mention = {"text": {"type": "string"}, "label": {"type": "string", "enum": list(self.labels)}}
        members = {"type": "object", "properties": mention, "required": [*mention], "additionalProperties": False}
        told = "Every mention, quoted word for word, in the order in which they stand in the text"
        return {"type": "array", "description": told, "items": members}

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:
        """Find quotations in the text: each is the first that is left of its kind, outside of another if there is one.

        A quotation that is not in the text, or not so often, is left out.
        """
        labels = ", ".join(json.dumps(label, ensure_ascii=False) for label in self.labels)
        quoted = []
        for each in answer if isinstance(answer, list) else [None]:
            if not isinstance(each, dict) or set(each) != {"text", "label"} or not isinstance(each["text"], str):
                raise ValueError('it must be a list of objects with "text" and "label"')
            if each["label"] not in self.labels:
                raise ValueError(f'each "label" must be one of {labels}')
            quoted.append((each["text"], each["label"]))
        return self.ordered(located(quoted, self.text_of(texts)))

    def answer(self, value: Value, texts: Mapping[str, str]) -> Any:
        text = self.text_of(texts)
        return [{"text": text[each["start"] : each["end"]], "label": each["label"]} for each in value]

    def text_of(self, texts: Mapping[str, str]) -> str:
        """Give the text that is marked."""
        return texts.get(self.field or self.to_name, next(iter(texts.values()), ""))

    def beyond(self, value: Value, texts: Mapping[str, str]) -> str | None:
        end, length = max((each["end"] for each in value), default=0), len(self.text_of(texts))
        return f"a span ends at {end:,}, and the text has {length:,} characters" if end > length else None

    def stands(self, result: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> bool:
        values = [item["value"] for item in result]
        return standing([((each["start"], each["end"]), each.get("text")) for each in values], self.text_of(texts))

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Per record: for each label the found, the true, the given and the touched spans; right as a whole; 1."""
        import numpy as np

        n = len(self.labels)
        column = {label: place for place, label in enumerate(self.labels)}
        rows = np.zeros((len(truth), 4 * n + 2))
        for row, one, other in zip(rows, map(_keys, truth), map(_keys, given), strict=True):
            counted = (one & other, one, other, _touched(one, other))
            for block, spans in enumerate(counted):
                for *_, label in spans:
                    row[block * n + column[label]] += 1
            row[-2] = one == other
        rows[:, -1] = 1
        return rows

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Precision, recall and F1 of spans; `accuracy` is the share of records whose spans are all right.

        A span counts if borders and label are (CoNLL-2003). Of `overlap_f1` it counts if it shares a character with one
        of the same label, each with one at most. `macro_f1` is the mean over the labels that occur.
        """
        import numpy as np

        n = len(self.labels)
        hits, true, given, touched = (sums[..., block * n : (block + 1) * n] for block in range(4))
        with np.errstate(divide="ignore", invalid="ignore"):
            each, precision, recall = 2 * hits / (true + given), hits / given, hits / true
            metrics = {
                "f1": 2 * hits.sum(axis=-1) / (true + given).sum(axis=-1),
                "precision": hits.sum(axis=-1) / given.sum(axis=-1),
                "recall": hits.sum(axis=-1) / true.sum(axis=-1),
                "macro_f1": np.nansum(each, axis=-1) / (true + given > 0).sum(axis=-1),
                "overlap_f1": 2 * touched.sum(axis=-1) / (true + given).sum(axis=-1),
                "accuracy": sums[..., 4 * n] / sums[..., 4 * n + 1],
            }
        for i, label in enumerate(self.labels):
            metrics[f"precision_{label}"] = precision[..., i]
            metrics[f"recall_{label}"] = recall[..., i]
            metrics[f"f1_{label}"] = each[..., i]
        return metrics


def _keys(value: Value) -> set[Key]:
    return {(each["start"], each["end"], each["label"]) for each in value}


def _apart(votes: Sequence[Value]) -> Iterator[list[list[Region]]]:
    """Part votes where nobody's span goes on, so that not all spans of a long text are held against each other."""
    marks = sorted(
        ((each, person) for person, vote in enumerate(votes) for each in vote),
        key=lambda pair: (pair[0]["start"], pair[0]["end"]),
    )
    part: list[list[Region]] = [[] for _ in votes]
    reached = 0
    for each, person in marks:
        if each["start"] >= reached and any(part):
            yield part
            part = [[] for _ in votes]
        part[person].append(each)
        reached = max(reached, each["end"])
    if any(part):
        yield part


def _covered(votes: Sequence[Value], label: str) -> Iterator[Region]:
    """Give the stretches that more than half cover, parted where more than half begin a span."""
    begun = Counter(each["start"] for vote in votes for each in vote)
    change: Counter[int] = Counter()
    for vote in votes:
        for start, end in _joined(vote):
            change[start] += 1
            change[end] -= 1
    people, opened = 0, None
    for place in sorted({*change, *begun}):
        people += change[place]
        if opened is not None and (2 * people <= len(votes) or 2 * begun[place] > len(votes)):
            yield {"start": opened, "end": place, "label": label}
            opened = None
        if opened is None and 2 * people > len(votes):
            opened = place


def _joined(spans: Sequence[Region]) -> list[tuple[int, int]]:
    """Give the stretches that spans cover, each once."""
    stretches: list[tuple[int, int]] = []
    for start, end in sorted((each["start"], each["end"]) for each in spans):
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def _touched(one: set[Key], other: set[Key]) -> set[Key]:
    """Give the spans of one that have a counterpart in the other: first the equal ones, then from left to right."""
    found = one & other
    left = sorted(other - found)
    for start, end, label in sorted(one - found):
        match = next((each for each in left if each[0] < end and start < each[1] and each[2] == label), None)
        if match:
            left.remove(match)
            found.add((start, end, label))
    return found


def _overlaps(one: Sequence[Region], other: Sequence[Region]) -> np.ndarray:
    """Give the shared characters of each pair among those of both, shape (one, other)."""
    import numpy as np

    starts, ends = (
        [np.array([each[edge] for each in side], dtype=float) for side in (one, other)] for edge in ("start", "end")
    )
    shared = np.minimum(ends[0][:, None], ends[1]) - np.maximum(starts[0][:, None], starts[1])
    covered = np.maximum(ends[0][:, None], ends[1]) - np.minimum(starts[0][:, None], starts[1])
    return shared.clip(0) / covered


def _median(same: Sequence[Region]) -> Region:
    starts, ends = (sorted(each[edge] for each in same) for edge in ("start", "end"))
    middle = (len(same) - 1) // 2
    return {"start": starts[middle], "end": ends[middle], "label": same[0]["label"]}

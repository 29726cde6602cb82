"""Which spans of a text are related, by what they are and what stands between them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.annotators import logistic
from stages.annotators.asking import refuse_asking
from stages.annotators.base import Annotator, Model, NotEnough, only
from stages.annotators.calibration import propose
from stages.annotators.logistic import Logistic
from stages.annotators.tagger import matrix
from stages.annotators.texts import joined
from stages.tasks import Choice, Proposal, Relations, Task, Value
from stages.tasks.iob import tokens

if TYPE_CHECKING:
    import pandas as pd

NOTHING = ""  # what most pairs are to each other
NEAR = 12  # tokens between two spans that are told apart

Pair = tuple[int, int]  # places of head and tail


class Reading(NamedTuple):
    """A pair of spans from left to right, with the words around them."""

    before: str
    one: str
    between: Sequence[str]
    other: str
    after: str


@dataclass(frozen=True)
class Related:
    """Spans by another annotator, and each pair of them into logistic regression. No download.

    A pair is described by the labels and words of both spans, their order and distance, and the words between, before
    and after them. Its confidence is the product of those of the spans and of all pairs. It learns from people's spans,
    and of several relations of a pair the first.

    Parameters
    ----------
    field
        The text field to read.
    spans
        The annotator that proposes spans.
    reach
        How many characters at most are between two spans that may be related.
    c
        Inverse strength of the L2 penalty.
    """

    field: str
    spans: Annotator
    reach: int = 100
    c: float = 10.0

    def __post_init__(self) -> None:
        refuse_asking(self.spans, "spans")

    @property
    def name(self) -> str:
        return "related"

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> RelatedModel:
        task = only(task, Relations)
        if not any(value["relations"] for value in values):
            raise NotEnough("people have drawn no relation yet")
        described, said = [], []
        for text, value in zip(joined(records, (self.field,)), values, strict=True):
            drawn = {(each["head"], each["tail"]): each["label"] for each in reversed(value["relations"])}
            for pair, names in self.pairs(text, value["spans"]):
                described.append(names)
                said.append(drawn.get(pair, NOTHING))
        counts = Counter(name for names in described for name in names)
        vocabulary = sorted(name for name, count in counts.items() if count > 1)
        regression = logistic.fit(matrix([described], vocabulary), said, _kinds(task), self.c)
        spans = self.spans.fit(records, [value["spans"] for value in values], task.spans, seed)
        return RelatedModel(self, task, spans, vocabulary, regression)

    def load(self, folder: Path, task: Task) -> RelatedModel:
        task = only(task, Relations)
        regression, features = logistic.load(folder, _kinds(task))
        spans = self.spans.load(folder / "spans", task.spans)
        return RelatedModel(self, task, spans, features["feature"].tolist(), regression)

    def pairs(self, text: str, spans: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Pair, list[str]]]:
        """Give the pairs of spans within reach, and the features of each."""
        words = tokens(text)
        starts, ends = [start for _, start, _ in words], [end for _, _, end in words]
        for first, one in enumerate(spans):
            for second, other in enumerate(spans[first + 1 :], first + 1):
                if other["start"] - one["end"] > self.reach:
                    break  # spans are sorted
                inside = slice(bisect_left(starts, one["end"]), bisect_right(ends, other["start"]))
                left, right = bisect_right(ends, one["start"]) - 1, bisect_left(starts, other["end"])
                read = Reading(
                    words[left][0] if left >= 0 else "",
                    text[one["start"] : one["end"]],
                    [word for word, _, _ in words[inside]],
                    text[other["start"] : other["end"]],
                    words[right][0] if right < len(words) else "",
                )
                labels = f"{one['label']} {other['label']}"
                yield (first, second), list(_features(f"forward {labels}", read))
                yield (second, first), list(_features(f"backward {labels}", read))


@dataclass(frozen=True)
class RelatedModel:
    settings: Related
    task: Relations
    spans: Model
    vocabulary: list[str]
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        texts = joined(records, (self.settings.field,))
        marked = propose(list(self.spans.predict(records)), {}, self.task.spans)
        return [each and self._related(text, each) for text, each in zip(texts, marked, strict=True)]

    def save(self, folder: Path) -> None:
        import pandas as pd

        (folder / "spans").mkdir()
        self.spans.save(folder / "spans")
        self.regression.save(folder, pd.DataFrame({"feature": self.vocabulary}), {"feature": "text"})

    def _related(self, text: str, marked: Proposal) -> Proposal:
        spans = marked.value
        pairs = list(self.settings.pairs(text, spans))
        found = self.regression.task.decide(
            self.regression.probabilities(matrix([[names for _, names in pairs]], self.vocabulary))
        )
        keys = [(each["start"], each["end"], each["label"]) for each in spans]
        drawn = [
            (keys[head], keys[tail], each.value)
            for ((head, tail), _), each in zip(pairs, found, strict=True)
            if each.value != NOTHING
        ]
        sure = math.prod((each.confidence for each in found), start=marked.confidence)
        return Proposal(self.task.ordered(spans, drawn), sure)


def _features(kind: str, read: Reading) -> Iterator[str]:
    """Describe a pair of spans; `kind` is its direction and its labels."""
    yield "bias"
    yield kind
    yield f"{kind} {min(len(read.between), NEAR).bit_length()}"
    yield f"{kind} before {read.before}"
    yield f"{kind} after {read.after}"
    yield f"{kind} one {read.one}"
    yield f"{kind} other {read.other}"
    if len(read.between) <= NEAR:
        yield f"{kind} all {' '.join(read.between)}"
        yield from (f"{kind} between {word}" for word in sorted(set(read.between)))


def _kinds(task: Relations) -> Choice:
    return Choice("", "", (*task.types, NOTHING))

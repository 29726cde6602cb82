"""Finders: what marks mentions without having learned to, and what people's labels say of how right it is."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages import InputError, tables
from stages.annotators.base import only
from stages.annotators.texts import column
from stages.tasks import Proposal, Spans, Task, Value

if TYPE_CHECKING:
    import pandas as pd


class Mention(NamedTuple):
    """What was found: where, as what, and by which part of the finder."""

    start: int
    end: int
    label: str
    by: str


@dataclass(frozen=True)
class Counts:
    """What people's labels say of a finder.

    Attributes
    ----------
    given, right
        How many mentions each of its parts found in labelled records, and how many of them people marked, too.
    records, complete
        How many records are labelled, and in how many of them it found all that people marked.
    """

    given: Mapping[str, int]
    right: Mapping[str, int]
    records: int
    complete: int

    def confidence(self, found: Sequence[Mention]) -> float:
        """Multiply the precision of what found each mention, and the chance that none is missing.

        Both are smoothed as if one right and one wrong had been seen (Laplace), so without labels each is one half.
        """
        sure = (self.complete + 1) / (self.records + 2)
        for each in found:
            sure *= (self.right.get(each.by, 0) + 1) / (self.given.get(each.by, 0) + 2)
        return sure


@dataclass(frozen=True)
class Finder(ABC):
    """An annotator that marks mentions in a text field, and learns from labels only how sure it may be of them.

    Parameters
    ----------
    field
        The text field to read.
    """

    field: str
    _seen: dict[str, list[Mention]] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    def find(self, texts: Sequence[str], task: Spans) -> Iterable[list[Mention]]:
        """Give the mentions in each text."""

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> Found:
        given: Counter[str] = Counter()
        right: Counter[str] = Counter()
        complete = 0
        for found, value in zip(self.mentions(records, only(task, Spans)), values, strict=True):
            marked = {(each["start"], each["end"], each["label"]) for each in value}
            given.update(each.by for each in found)
            right.update(each.by for each in found if each[:3] in marked)
            complete += marked <= {each[:3] for each in found}
        counts = Counts(dict(sorted(given.items())), dict(sorted(right.items())), len(values), complete)
        return Found(self, only(task, Spans), counts)

    def load(self, folder: Path, task: Task) -> Found:
        return Found(self, only(task, Spans), Counts(**tables.read_json(folder / "counts.json")))

    def mentions(self, records: pd.DataFrame, task: Spans) -> list[list[Mention]]:
        """Give the mentions in each record's text; each text is searched once, not once per fold."""
        texts = column(records, self.field)
        if new := [text for text in dict.fromkeys(texts) if text not in self._seen]:
            self._seen.update(zip(new, self.find(new, task), strict=True))
        return [self._seen[text] for text in texts]


@dataclass(frozen=True)
class Found:
    finder: Finder
    task: Spans
    counts: Counts

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        return [self._proposed(found) for found in self.finder.mentions(records, self.task)]

    def save(self, folder: Path) -> None:
        tables.write_json(folder / "counts.json", asdict(self.counts))

    def describe(self, records: pd.DataFrame, labels: Mapping[str, Value]) -> dict[str, Any]:  # noqa: ARG002
        """Say of each part how many mentions it found, in what share of the records, and how many people agree with."""
        mentions = self.finder.mentions(records, self.task)
        total = Counter(each.by for found in mentions for each in found)
        covered = Counter(by for found in mentions for by in {each.by for each in found})
        parts = {}
        for name in sorted(total):
            given = self.counts.given.get(name, 0)
            parts[name] = {
                "mentions": total[name],
                "coverage": covered[name] / len(mentions),
                "precision": self.counts.right.get(name, 0) / given if given else None,
                "judged": given,
                "reason": None if given else "it found nothing in the records that people have labelled",
            }
        judged = self.counts.records
        complete = self.counts.complete / judged if judged else None
        return {"parts": parts, "complete": complete, "reason": None if judged else "no record is labelled"}

    def _proposed(self, found: Sequence[Mention]) -> Proposal:
        value = [{"start": each.start, "end": each.end, "label": each.label} for each in sorted(found)]
        return Proposal(self.task.ordered(value), self.counts.confidence(found))


def named(label: str, labels: Mapping[str, str], task: Spans) -> str | None:
    """Give what the interface calls a finder's label; None if it has no such label."""
    called = labels.get(label, label)
    return called if called in task.labels else None


def check(labels: Mapping[str, str], task: Spans) -> None:
    """Refuse to translate to a label that the interface does not have."""
    for known, label in labels.items():
        if label not in task.labels:
            allowed = ", ".join(task.labels)
            raise InputError(f"annotator.labels.{known}: {label!r} is not in the interface; it has {allowed}")

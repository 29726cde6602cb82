"""Which labelled records a model is shown as examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from stages import InputError, tables
from stages.annotators.encoders import Encoder
from stages.annotators.vectors import vectors
from stages.tasks import Task

if TYPE_CHECKING:
    import numpy as np

BATCH = 1_000  # records compared at once


@dataclass(frozen=True)
class Examples:
    """How many examples, and how they are picked from people's labels.

    Parameters
    ----------
    count
        How many; 0 for none.
    strategy
        `fixed`: the same for all records, each set of labels in turn, in the order of a hash. `diverse`: the same for
        all records, each as unlike those before it as can be. `nearest`: for each record those most like it, the most
        alike last. Alike are texts with the same words (cosine of TF-IDF), or what an encoder puts close together.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    count: int = 8
    strategy: Literal["fixed", "diverse", "nearest"] = "fixed"

    def __post_init__(self) -> None:
        if not 0 <= self.count <= 100:
            raise InputError(f"examples.count: 0 to 100 are expected, found {self.count}")


@dataclass(frozen=True)
class Example:
    """A labelled record; `key` orders it among others."""

    key: str
    shown: dict[str, Any]
    value: Any


def pool(settings: Examples, labelled: Sequence[Example], task: Task, encoder: Encoder | None = None) -> list[Example]:
    """Give the examples that are for all records, or for `nearest` those that they are picked from."""
    ordered = sorted(labelled, key=lambda each: each.key)
    if settings.count == 0 or not ordered:
        return []
    if settings.strategy == "nearest":
        return ordered
    if settings.strategy == "diverse":
        return _diverse(ordered, settings.count, encoder)
    return _in_turn(ordered, settings.count, task)


def pick(
    settings: Examples, pool: Sequence[Example], shown: Sequence[dict[str, Any]], encoder: Encoder | None = None
) -> list[list[Example]]:
    """Give each record its examples, in the order in which the model sees them."""
    if settings.strategy != "nearest" or not pool:
        return [list(pool)] * len(shown)
    import numpy as np

    known, texts = [_text(each.shown) for each in pool], [_text(each) for each in shown]
    vectorize = _vectorizer(known, encoder)
    given = vectorize(known)
    found: list[list[Example]] = []
    for start in range(0, len(texts), BATCH):
        alike = _cosines(vectorize(texts[start : start + BATCH]), given)
        nearest = np.argsort(-alike, axis=1, kind="stable")[:, : settings.count]
        found += [[pool[i] for i in reversed(row)] for row in nearest.tolist()]
    return found


def order(seed: int, id: str) -> str:
    """Give what orders a labelled record among others."""
    return sha256(f"example|{seed}|{id}".encode()).hexdigest()


def _in_turn(ordered: Sequence[Example], count: int, task: Task) -> list[Example]:
    groups: dict[tuple[str, ...], list[Example]] = {}
    for each in ordered:
        present = tuple(label for label, times in task.count([each.value]).items() if times)
        groups.setdefault(present, []).append(each)
    turns = [(turn, name, each) for name, group in groups.items() for turn, each in enumerate(group)]
    return [each for _, _, each in sorted(turns, key=lambda place: place[:2])[:count]]


def _diverse(ordered: Sequence[Example], count: int, encoder: Encoder | None) -> list[Example]:
    """Take the record that is least like all those taken (Gonzalez, Theoretical Computer Science 38, 1985)."""
    import numpy as np

    texts = [_text(each.shown) for each in ordered]
    known = _vectorizer(texts, encoder)(texts)
    taken = [0]
    alike = np.zeros(len(ordered))
    while len(taken) < min(count, len(ordered)):
        alike = np.maximum(alike, _cosines(known, known[[taken[-1]]])[:, 0])
        alike[taken] = np.inf
        taken.append(int(alike.argmin()))
    return [ordered[i] for i in taken]


def _text(shown: dict[str, Any]) -> str:
    return "\n".join(str(each) for each in shown.values() if each is not None)


def _vectorizer(texts: Sequence[str], encoder: Encoder | None) -> Callable[[Sequence[str]], Any]:
    """Give what turns texts into vectors of length 1: TF-IDF as learned from some, or the encoder."""
    if encoder is not None:
        return lambda given: vectors(given, encoder)
    from sklearn.feature_extraction.text import TfidfVectorizer

    # characters within words serve languages that do not part words, too
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    vectorizer.fit([*texts, "."])  # texts may all be empty
    return vectorizer.transform


def _cosines(vectors: Any, others: Any) -> np.ndarray:
    found = vectors @ others.T
    return (found.toarray() if hasattr(found, "toarray") else found).round(tables.DIGITS)

"""Several controls in one interface: a choice with spans, a choice with a rating."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from stages import InputError
from stages.tasks.base import Askable, Quoting, Task, Textual, Value
from stages.tasks.relations import Relations, is_relation

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Combined:
    """The tasks of all controls of an interface; a value holds that of each by the control's name.

    Parameters
    ----------
    parts
        The tasks, in the order of the interface. A label that more than one of them has is called `<name>: <label>`.
    """

    parts: tuple[Task, ...]

    type: ClassVar[str] = "combined"
    bar: ClassVar[float] = 1.0
    headline: ClassVar[str] = "accuracy"

    @property
    def name(self) -> str:
        return ", ".join(part.name for part in self.parts)

    @property
    def to_name(self) -> str:
        return ", ".join(dict.fromkeys(part.to_name for part in self.parts))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(name for _, _, name in self._named())

    @property
    def column(self) -> dict[str, Any]:
        return {part.name: part.column for part in self.parts}

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        if not isinstance(result, list):
            raise ValueError(f"a list of results is expected, found {result!r:.200}")
        items, value = self._items(result), {}
        for part in self.parts:
            try:
                value[part.name] = part.parse(items[part.name])
            except ValueError as error:
                raise ValueError(f"{part.name}: {error}") from error
        return value

    def _items(self, result: Sequence[Any]) -> dict[str, list[Any]]:
        """Give each part what is its of a result."""
        items: dict[str, list[Any]] = {part.name: [] for part in self.parts}
        related = next((part.name for part in self.parts if isinstance(part, Relations)), None)
        for item in result:
            name = related if is_relation(item) else item.get("from_name") if isinstance(item, Mapping) else None
            if name not in items:
                raise ValueError(f"a result of one of {', '.join(items)} is expected, found {item!r:.200}")
            items[name].append(item)
        return items

    def show(self, value: Value) -> list[dict[str, Any]]:
        return [item for part in self.parts for item in part.show(value[part.name])]

    def compare(self, one: Value, other: Value) -> float:
        """Give 1 if all parts are the same, each by its own bar, else 0."""
        return float(all(part.compare(one[part.name], other[part.name]) >= part.bar for part in self.parts))

    def count(self, values: Sequence[Value]) -> dict[str, int]:
        counts = {part.name: part.count([value[part.name] for value in values]) for part in self.parts}
        return {name: counts[part.name][label] for part, label, name in self._named()}

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Merge each part by itself."""
        value = {part.name: part.merge([vote[part.name] for vote in votes])[0] for part in self.parts}
        same = sum(self.compare(vote, value) >= self.bar for vote in votes)
        return value, same / len(votes), same

    def schema(self) -> dict[str, Any]:
        parts = {part.name: part.schema() for part in self._askable()}
        return {"type": "object", "properties": parts, "required": [*parts], "additionalProperties": False}

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:
        names = [part.name for part in self.parts]
        if not isinstance(answer, dict) or set(answer) != set(names):
            raise ValueError(f"it must be an object with the keys {', '.join(names)}")
        value = {}
        for part in self._askable():
            try:
                value[part.name] = part.answered(answer[part.name], texts)
            except ValueError as error:
                raise ValueError(f"{part.name}: {error}") from error
        return value

    def answer(self, value: Value, texts: Mapping[str, str]) -> Any:
        return {
            part.name: part.answer(value[part.name], texts) if isinstance(part, Quoting) else value[part.name]
            for part in self.parts
        }

    def beyond(self, value: Value, texts: Mapping[str, str]) -> str | None:
        found = (part.beyond(value[part.name], texts) for part in self.parts if isinstance(part, Textual))
        return next(filter(None, found), None)

    def stands(self, result: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> bool:
        items = self._items(result)
        return all(part.stands(items[part.name], texts) for part in self.parts if isinstance(part, Textual))

    def _askable(self) -> Iterator[Askable]:
        for part in self.parts:
            if not isinstance(part, Askable):
                raise InputError(f"annotator: a language model cannot be asked for {part.type} ({part.name!r})")
            yield part

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Per record: what each part counts; whether all are right; 1."""
        import numpy as np

        sides = [[[value[part.name] for value in side] for side in (truth, given)] for part in self.parts]
        right = [self.compare(*pair) for pair in zip(truth, given, strict=True)]
        blocks = [part.statistics(*pair) for part, pair in zip(self.parts, sides, strict=True)]
        return np.hstack([*blocks, np.column_stack([right, np.ones(len(right))])])

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Give each part's metrics, `<name>_<metric>`; `accuracy` is the share of records whose parts are all right."""
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            metrics = {"accuracy": sums[..., -2] / sums[..., -1]}
        ends = np.cumsum([0, *(part.statistics([], []).shape[1] for part in self.parts)]).tolist()
        for part, (start, end) in zip(self.parts, pairwise(ends), strict=True):
            metrics |= {f"{part.name}_{name}": each for name, each in part.score(sums[..., start:end]).items()}
        return metrics

    def _named(self) -> Iterator[tuple[Task, str, str]]:
        """Give each part's labels, and what they are called here."""
        counts = Counter(label for part in self.parts for label in part.labels)
        for part in self.parts:
            for label in part.labels:
                yield part, label, f"{part.name}: {label}" if counts[label] > 1 else label

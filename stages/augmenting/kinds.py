"""What is changed: texts, pictures or numbers, and the labels that move along."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Protocol

from stages import InputError, of_kind
from stages.augmenting import numbers, spans
from stages.media import Store
from stages.tables import Shard, plain
from stages.tasks import Choice, Outlined, Relations, Spans, Task, Value

Operators = Mapping[str, Any]  # by name what changes texts, pictures or numbers, or null
METHODS = {"pictures": "transform", "numbers": "vary", "texts": "apply"}  # what an operator must have to change them


class Kind(Protocol):
    """How values of one kind are changed. It pickles."""

    @property
    def task(self) -> Task | None:
        """What is marked in the values, where labels say where and move along; else None."""
        ...

    @property
    def unlike(self) -> bool:
        """Whether a copy must differ from every record, and not from its parent alone."""
        ...

    def open(self, cell: Any) -> Any:
        """Give the value that a cell of the table holds, or names."""
        ...

    def change(self, values: Sequence[Any], label: Value, rng: Random) -> tuple[Sequence[Any], Value] | None:
        """Change a record's values, None where one is missing, and what is marked in them.

        All chances are taken from `rng`. None if these chances leave nothing to be marked.
        """
        ...

    def print(self, value: Any) -> Hashable:
        """Give what is equal for equal values."""
        ...

    def close(self, value: Any, name: str) -> Any:
        """Give the cell for a value; the name is its own."""
        ...


@dataclass(frozen=True)
class Texts:
    """Texts, changed by operators in order.

    Parameters
    ----------
    operators
        What changes them; where labels say where something is, those of `spans.changed`.
    task
        What is marked in them, where labels say where; else None.
    pool
        The mentions of each label, if there are any.
    """

    operators: Sequence[Any]
    task: Spans | Relations | None = None
    pool: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unlike: ClassVar[bool] = True

    def open(self, cell: str) -> str:
        return cell

    def change(
        self, values: Sequence[str | None], label: Value, rng: Random
    ) -> tuple[Sequence[str | None], Value] | None:
        if self.task is None or values[0] is None:
            return [None if value is None else self._changed(value, rng) for value in values], label
        moved = spans.changed(values[0], label, self.operators, self.task, self.pool, rng)
        return moved and ([moved[0]], moved[1])

    def _changed(self, value: str, rng: Random) -> str:
        for operator in self.operators:
            value = operator.apply(value, rng)
        return value

    def print(self, value: str) -> str:
        return value

    def close(self, value: str, name: str) -> str:  # noqa: ARG002
        return value


def chosen(
    operators: Operators,
    fields: Mapping[str, str],
    parents: Sequence[Shard],
    store: Store,
    task: Task,
    visibility: float,
) -> Kind:
    """Choose how the fields are changed.

    Parameters
    ----------
    operators
        What changes them, in order.
    fields
        Names and types of the fields to change.
    parents
        The records of the train split, from which mentions and other numbers are taken.
    store
        Where the copies' pictures are put.
    task
        What a label is.
    visibility
        The least share of a region that must stay inside a picture.

    Raises
    ------
    InputError
        The operators do not change what the fields hold, or would make labels wrong.
    """
    told = _held(fields)
    for name, operator in operators.items():
        if operator is not None and not hasattr(operator, METHODS[told]):
            raise InputError(
                f"augmentation.operators.{name}: {type(operator).__name__} does not change {told}, and the fields "
                f"({', '.join(fields)}) hold {told}; choose another option in params.yaml"
            )
    used: list[Any] = [operator for operator in operators.values() if operator]
    if isinstance(task, Choice):
        if told == "numbers":
            return numbers.fitted(used, list(fields), parents)
        return _pictures(used, store) if told == "pictures" else Texts(used)
    if isinstance(task, Spans | Relations) and len(fields) == 1 and told == "texts":
        for name, operator in operators.items():
            if operator and not isinstance(operator, spans.Mention) and not hasattr(operator, "edits"):
                raise InputError(
                    f"augmentation.operators.{name}: {type(operator).__name__} has no `edits`, so that spans would not "
                    "move along with the text; set it to null"
                )
        wanted = any(isinstance(each, spans.Mention) for each in used)
        return Texts(used, task, spans.mentions(_marked(parents, *fields), task) if wanted else {})
    if used and not (len(fields) == 1 and told == "pictures" and isinstance(task, Outlined)):
        raise InputError(
            f"augmentation: the labels ({task.type}) say where something is, and would not move along with "
            f"{', '.join(fields) or 'nothing'}; choose augmentation: none in params.yaml"
        )
    return _pictures(used, store, task, visibility) if used else Texts([])


def _pictures(*settings: Any) -> Kind:
    kind: Kind = of_kind("pictures", "augmenting").Pictures(*settings)
    return kind


def changing(operators: Operators, fields: Mapping[str, str]) -> dict[str, str]:
    """Leave of some fields the numbers alone, where operators change numbers."""
    if not any(hasattr(each, METHODS["numbers"]) for each in operators.values()):
        return dict(fields)
    return {name: kind for name, kind in fields.items() if kind == "number"} or dict(fields)


def _held(fields: Mapping[str, str]) -> str:
    if sounds := [name for name, kind in fields.items() if kind == "audio"]:
        raise InputError(f"augmentation.fields: {sounds[0]!r} is audio, which no operator changes; choose none")
    if "image" in fields.values():
        if set(fields.values()) != {"image"}:
            raise InputError(f"augmentation.fields: {', '.join(fields)}: all must be images, or none")
        return "pictures"
    return "numbers" if "number" in fields.values() else "texts"


def _marked(parents: Sequence[Shard], field: str) -> Iterator[tuple[str, Value]]:
    """Give the labelled texts of a table with their labels."""
    for shard in parents:
        frame = shard.read([field, "label"]).dropna()
        yield from zip(frame[field].tolist(), map(plain, frame["label"].tolist()), strict=True)

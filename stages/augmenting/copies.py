"""Augmented copies of records: what they show changes, what their labels say does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from stages import InputError
from stages.augmenting import spans
from stages.augmenting.operators import Operator
from stages.augmenting.pictures import PictureOperator, Pictures
from stages.augmenting.settings import Augmentation
from stages.engine import Engine
from stages.media import Store
from stages.tables import Columns, Shard, plain, sort_by_id
from stages.tasks import Boxes, Choice, Masks, Polygons, Relations, Spans, Task, Value

if TYPE_CHECKING:
    import pandas as pd

TRIES = 20  # chances for a copy that differs from every original, before there is none

Cells = tuple[Any, ...]  # a record's values in the fields that change


class Kind(Protocol):
    """How values of one kind are changed. It pickles."""

    @property
    def task(self) -> Task | None:
        """What is marked in the values, where labels say where; else None."""
        ...

    def open(self, cell: str) -> Any:
        """Give the value that a cell of the table holds, or names."""
        ...

    def change(self, value: Any, rng: Random) -> Any:
        """Change a value, with all chances taken from `rng`."""
        ...

    def move(self, value: Any, label: Value, rng: Random) -> tuple[Any, Value] | None:
        """Change a value and what is marked in it; None if these chances leave nothing to be marked."""
        ...

    def print(self, value: Any) -> Hashable:
        """Give what is equal for equal values."""
        ...

    def close(self, value: Any, name: str) -> str:
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

    def open(self, cell: str) -> str:
        return cell

    def change(self, value: str, rng: Random) -> str:
        for operator in self.operators:
            value = operator.apply(value, rng)
        return value

    def move(self, value: str, label: Value, rng: Random) -> tuple[str, Value] | None:
        """Change a text and what is marked in it; None if that is cut."""
        assert self.task is not None
        return spans.changed(value, label, self.operators, self.task, self.pool, rng)

    def print(self, value: str) -> str:
        return value

    def close(self, value: str, name: str) -> str:  # noqa: ARG002
        return value


def augment(
    parents: Sequence[Shard],
    settings: Augmentation,
    operators: Mapping[str, Operator | PictureOperator | None],
    fields: Mapping[str, str],
    originals: Sequence[pd.DataFrame],
    store: Store,
    engine: Engine,
    task: Task,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Make augmented copies of the labelled records of a table.

    A copy depends on its record, its number, the settings and the seed alone: each has its own random numbers, seeded
    by the SHA-256 of `augment|<seed>|<id>|<number>`. No copy equals its parent or another copy of it; a text equals no
    other text either.

    Parameters
    ----------
    parents
        The records to copy, with the columns `id`, `label` (null if there is none) and the fields.
    settings
        How many copies, and which fields change.
    operators
        What changes them, in order.
    fields
        Names and types of the dataset's fields.
    originals
        The fields of all records, in any split.
    store
        Where the copies' pictures are put.
    engine
        Where the work runs.
    task
        What a label is: of boxes, polygons and masks it moves along with the picture, of spans with the text.
    seed
        The only source of chance.

    Returns
    -------
    The copies, sorted by id (`<parent's id>~<number>`), with a column `parent`; and how many copies are lacking, since
    what they show could not be changed, or only into something that there is already.

    Raises
    ------
    InputError
        A field to change is not a field of the dataset; or the operators do not change what it holds, or would make
        labels wrong.
    """
    import pandas as pd

    for name in settings.fields:
        if name not in fields:
            raise InputError(f"augmentation: fields: {name!r} is not a field of the dataset")
    kind = _kind(operators, {name: fields[name] for name in settings.fields}, store, task, settings.visibility)
    if isinstance(kind, Texts) and kind.task and any(isinstance(each, spans.Mention) for each in kind.operators):
        kind = replace(kind, pool=spans.mentions(_marked(parents, settings.fields[0]), kind.task))
    taken = set() if isinstance(kind, Pictures) else {each for frame in originals for each in _cells(frame, settings)}
    parts = engine.map(partial(_worker, settings, kind, taken, seed), parents, what="augment")
    copies = sort_by_id(pd.concat([copies for copies, _ in parts]))
    if settings.fields:
        copies = copies.drop_duplicates(settings.fields, ignore_index=True)
    return copies, sum(wanted for _, wanted in parts) - len(copies)


def columns(fields: Mapping[str, str], label: Any) -> Columns:
    """The columns of the copies' table; `label` is the kind of column that holds a value (`Task.column`)."""
    payload = {name: "number" if kind == "number" else "text" for name, kind in fields.items()}
    return {
        "id": "text",
        "parent": "text",
        **payload,
        "source": "text",
        "label": label,
        "origin": "text",
        "confidence": "number",
    }


def _kind(
    operators: Mapping[str, Operator | PictureOperator | None],
    fields: Mapping[str, str],
    store: Store,
    task: Task,
    visibility: float,
) -> Pictures | Texts:
    pictures = "image" in fields.values()
    if pictures and set(fields.values()) != {"image"}:
        raise InputError(f"augmentation: fields: {', '.join(fields)}: all must be images, or none")
    wanted = "transform" if pictures else "apply"
    for name, operator in operators.items():
        if operator is not None and not hasattr(operator, wanted):
            told = "pictures" if pictures else "texts"
            raise InputError(
                f"augmentation.operators.{name}: {type(operator).__name__} does not change {told}, and the fields "
                f"({', '.join(fields)}) hold {told}; choose another option in params.yaml"
            )
    chosen: list[Any] = [operator for operator in operators.values() if operator]
    if isinstance(task, Choice):
        return Pictures(chosen, store) if pictures else Texts(chosen)
    if isinstance(task, Spans | Relations) and len(fields) == 1 and not pictures:
        for name, operator in operators.items():
            if operator and not isinstance(operator, spans.Mention) and not hasattr(operator, "edits"):
                raise InputError(
                    f"augmentation.operators.{name}: {type(operator).__name__} has no `edits`, so that spans would not "
                    "move along with the text; set it to null"
                )
        return Texts(chosen, task)
    if chosen and not (len(fields) == 1 and pictures and isinstance(task, Boxes | Polygons | Masks)):
        raise InputError(
            f"augmentation: the labels ({task.type}) say where something is, and would not move along with "
            f"{', '.join(fields) or 'nothing'}; choose augmentation: none in params.yaml"
        )
    return Pictures(chosen, store, task, visibility) if chosen else Texts([])  # type: ignore[arg-type]


def _worker(
    settings: Augmentation, kind: Kind, taken: Collection[Cells], seed: int
) -> Callable[[Shard], tuple[pd.DataFrame, int]]:
    def copy(shard: Shard) -> tuple[pd.DataFrame, int]:
        frame = shard.read()
        frame = frame[frame["label"].notna()]
        rows: list[int] = []
        ids: list[str] = []
        made: list[Cells] = []
        labels: list[Any] = []
        given = zip(frame["id"].tolist(), _cells(frame, settings), frame["label"].tolist(), strict=True)
        for row, (id, cells, label) in enumerate(given):
            for name, changed, value in _copies(id, cells, label, settings.copies, kind, taken, seed):
                rows.append(row)
                ids.append(name)
                made.append(changed)
                labels.append(value)
        copies = frame.iloc[rows].rename(columns={"id": "parent"}).assign(id=ids)
        if kind.task is not None:
            copies["label"] = labels
        for name, values in zip(settings.fields, zip(*made, strict=True), strict=False):
            copies[name] = list(values)
        return copies, len(frame) * settings.copies

    return copy


def _marked(parents: Sequence[Shard], field: str) -> Iterator[tuple[str, Value]]:
    """Give the labelled texts of a table with their labels."""
    for shard in parents:
        frame = shard.read([field, "label"]).dropna()
        yield from zip(frame[field].tolist(), map(plain, frame["label"].tolist()), strict=True)


def _copies(
    id: str, cells: Cells, label: Any, count: int, kind: Kind, taken: Collection[Cells], seed: int
) -> Iterator[tuple[str, Cells, Any]]:
    """Give the copies of a record: their ids, what they hold in the fields that change, and their labels."""
    values = [None if cell is None else kind.open(cell) for cell in cells]
    mine = {tuple(value if value is None else kind.print(value) for value in values)}
    for number in range(1, count + 1):
        rng = Random(int.from_bytes(sha256(f"augment|{seed}|{id}|{number}".encode()).digest()[:8], "big"))  # noqa: S311
        for _ in range(TRIES):
            if kind.task is not None and values[0] is not None:
                moved = kind.move(values[0], plain(label), rng)
                if moved is None:
                    continue
                changed, label_now = [moved[0]], moved[1]
            else:
                changed = [None if value is None else kind.change(value, rng) for value in values]
                label_now = label
            prints = tuple(value if value is None else kind.print(value) for value in changed)
            if prints not in taken and prints not in mine:
                mine.add(prints)
                endings = [""] if len(values) == 1 else [f"-{place}" for place in range(1, len(values) + 1)]
                names = [f"{id}~{number}{ending}" for ending in endings]
                yield (
                    f"{id}~{number}",
                    tuple(
                        None if value is None else kind.close(value, name)
                        for value, name in zip(changed, names, strict=True)
                    ),
                    label_now,
                )
                break


def _cells(frame: pd.DataFrame, settings: Augmentation) -> Iterator[Cells]:
    """Give each row's values of the fields to change, None where they are missing."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in settings.fields]
    return zip(*columns, strict=True) if columns else iter([()] * len(frame))

"""Augmented copies of records: what they show changes, what their labels say does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.augmenting import kinds
from stages.augmenting.kinds import Kind, Operators
from stages.augmenting.settings import Augmentation
from stages.engine import Engine
from stages.media import Store
from stages.tables import Columns, Shard, plain, sort_by_id
from stages.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

TRIES = 20  # chances for a copy that differs from every original, before there is none

Cells = tuple[Any, ...]  # a record's values in the fields that change


def augment(
    parents: Sequence[Shard],
    settings: Augmentation,
    operators: Operators,
    fields: Mapping[str, str],
    originals: Sequence[pd.DataFrame],
    store: Store,
    engine: Engine,
    task: Task,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Make augmented copies of the labelled records of a table.

    A copy depends on its record, its number, the settings and the seed alone, and on the train split where an operator
    takes mentions or numbers of other records: each has its own random numbers, seeded by the SHA-256 of
    `augment|<seed>|<id>|<number>`. No copy equals its parent or another copy of it; texts and numbers equal those of no
    other record either.

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
            raise InputError(f"augmentation.fields: {name!r} is not a field of the dataset")
    changing = kinds.changing(operators, {name: fields[name] for name in settings.fields})
    settings = replace(settings, fields=list(changing))
    kind = kinds.chosen(operators, changing, parents, store, task, settings.visibility)
    taken = {each for frame in originals for each in _cells(frame, settings)} if kind.unlike else set()
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


def _worker(
    settings: Augmentation, kind: Kind, taken: Collection[Cells], seed: int
) -> Callable[[Shard], tuple[pd.DataFrame, int]]:
    import pandas as pd

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
            copies["label"] = pd.Series(labels, copies.index, dtype=object)  # also where there is none
        for name, values in zip(settings.fields, zip(*made, strict=True), strict=False):
            copies[name] = list(values)
        return copies, len(frame) * settings.copies

    return copy


def _copies(
    id: str, cells: Cells, label: Any, count: int, kind: Kind, taken: Collection[Cells], seed: int
) -> Iterator[tuple[str, Cells, Any]]:
    """Give the copies of a record: their ids, what they hold in the fields that change, and their labels."""
    values = [None if cell is None else kind.open(cell) for cell in cells]
    mine = {tuple(value if value is None else kind.print(value) for value in values)}
    for number in range(1, count + 1):
        rng = Random(int.from_bytes(sha256(f"augment|{seed}|{id}|{number}".encode()).digest()[:8], "big"))  # noqa: S311
        for _ in range(TRIES):
            made = kind.change(values, plain(label), rng)
            if made is None:
                continue
            changed, label_now = made
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

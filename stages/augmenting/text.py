"""Augmented copies of records: their texts change, their labels do not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.augmenting.operators import Operator
from stages.augmenting.settings import Augmentation
from stages.engine import Engine
from stages.tables import Shard, sort_by_id

if TYPE_CHECKING:
    import pandas as pd

TRIES = 20  # chances for a copy that differs from every original, before there is none

Texts = tuple[Any, ...]  # a record's values in the fields that change


def augment(
    parents: Sequence[Shard],
    settings: Augmentation,
    operators: Mapping[str, Operator | None],
    originals: Sequence[pd.DataFrame],
    engine: Engine,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Make augmented copies of the labelled records of a table.

    A copy depends on its record, its number, the settings and the seed alone: each has its own random numbers, seeded
    by the SHA-256 of `augment|<seed>|<id>|<number>`. No copy equals an original or another copy.

    Parameters
    ----------
    parents
        The records to copy, with the columns `id`, `label` (null if there is none) and the fields.
    settings
        How many copies, and which fields change.
    operators
        What changes a text, in order.
    originals
        The fields of all records, in any split.
    engine
        Where the work runs.
    seed
        The only source of chance.

    Returns
    -------
    The copies, sorted by id (`<parent's id>~<number>`), with a column `parent`; and how many copies are lacking, since
    a text could not be changed, or only into one that there is already.

    Raises
    ------
    InputError
        A field to change is not a field of the dataset.
    """
    import pandas as pd

    for name in settings.fields:
        if any(name not in frame for frame in originals):
            raise InputError(f"augmentation: fields: {name!r} is not a field of the dataset")
    steps = [operator for operator in operators.values() if operator]
    taken = {texts for frame in originals for texts in _texts(frame, settings.fields)}
    parts = engine.map(partial(_worker, settings, steps, taken, seed), parents, what="augment")
    copies = sort_by_id(pd.concat([copies for copies, _ in parts]))
    if settings.fields:
        copies = copies.drop_duplicates(settings.fields, ignore_index=True)
    return copies, sum(wanted for _, wanted in parts) - len(copies)


def columns(fields: Mapping[str, str], label: str) -> dict[str, str]:
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
    settings: Augmentation, operators: Sequence[Operator], taken: Collection[Texts], seed: int
) -> Callable[[Shard], tuple[pd.DataFrame, int]]:
    def copy(shard: Shard) -> tuple[pd.DataFrame, int]:
        frame = shard.read()
        frame = frame[frame["label"].notna()]
        numbers = range(1, settings.copies + 1)
        rows: list[int] = []
        ids: list[str] = []
        made: list[Texts] = []
        for row, (id, texts) in enumerate(zip(frame["id"].tolist(), _texts(frame, settings.fields), strict=True)):
            mine: list[Texts] = []
            for number in numbers:
                changed = _changed(texts, operators, taken, mine, f"augment|{seed}|{id}|{number}")
                if changed is not None:
                    mine.append(changed)
                    rows.append(row)
                    ids.append(f"{id}~{number}")
            made += mine
        copies = frame.iloc[rows].rename(columns={"id": "parent"}).assign(id=ids)
        for name, values in zip(settings.fields, zip(*made, strict=True), strict=False):
            copies[name] = list(values)
        return copies, len(frame) * len(numbers)

    return copy


def _changed(
    texts: Texts, operators: Sequence[Operator], taken: Collection[Texts], mine: Collection[Texts], seed: str
) -> Texts | None:
    rng = Random(int.from_bytes(sha256(seed.encode()).digest()[:8], "big"))  # noqa: S311
    for _ in range(TRIES):
        made = tuple(_apply(operators, text, rng) for text in texts)
        if made not in taken and made not in mine:
            return made
    return None


def _apply(operators: Sequence[Operator], text: Any, rng: Random) -> Any:
    if isinstance(text, str):
        for operator in operators:
            text = operator.apply(text, rng)
    return text


def _texts(frame: pd.DataFrame, fields: Sequence[str]) -> Iterator[Texts]:
    """Give each row's values of the fields, None where they are missing."""
    values = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in fields]
    return zip(*values, strict=True) if values else iter([()] * len(frame))

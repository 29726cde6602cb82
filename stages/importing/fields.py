"""Labels that a field of the records has, such as a column of a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from math import isnan
from typing import Any

from stages import InputError
from stages.importing.labelled import Labelled
from stages.tasks import Choice, Interface, Text, Value


def labelled(field: str, cells: Iterable[tuple[str, Any]], interface: Interface) -> Iterator[Labelled]:
    """Read labels; an empty cell is none.

    Parameters
    ----------
    field
        Its name, for messages.
    cells
        Records' ids, and what the field has of each: a label as the interface calls it, a rating, or a text; where
        several labels may be chosen a list, or a list in JSON.
    interface
        What may be said; labels of an earlier label set that it corrects are taken.

    Raises
    ------
    InputError
        A cell has no label of the interface, or the interface asks for what no cell holds.
    """
    task = interface.task
    if not isinstance(task, Choice | Text):
        raise InputError(f"field: the labelling interface asks for {task.type}; choices, ratings and texts can be read")
    for record, cell in cells:
        if cell is None or (isinstance(cell, float) and isnan(cell)) or cell == "":
            continue
        where = f"record {record!r:.100}, field {field!r}"
        try:
            value = task.answered(cell, {}) if isinstance(task, Text) else _chosen(cell, task, interface.corrections)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error
        yield Labelled(where, record, task.show(value))


def _chosen(cell: Any, task: Choice, corrections: Collection[str]) -> Value:
    if not task.multiple:
        return _label(cell, task, corrections)
    try:
        labels = json.loads(cell) if isinstance(cell, str) else list(cell)
    except (ValueError, TypeError):
        labels = None
    if not isinstance(labels, list):
        raise ValueError(f'a list of labels in JSON is expected, such as ["a", "b"], found {cell!r:.100}')
    return sorted({_label(each, task, corrections) for each in labels})


def _label(cell: Any, task: Choice, corrections: Collection[str]) -> Value:
    label = f"{cell:g}" if isinstance(cell, float) else str(cell).strip()  # a rating in a column of decimals
    if label in corrections:
        return label  # rounds are corrected when they are read
    if label not in task.labels:
        raise ValueError(
            f"the label {label!r:.100} is not in the labelling interface; it has {', '.join(task.labels)} (what an "
            "earlier label is called now: conf/labeling/<name>.yaml)"
        )
    return task.values[task.labels.index(label)]

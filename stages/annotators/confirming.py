"""Whether a fitted annotator gives records the labels that they have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.annotators.base import Annotator
from stages.annotators.calibration import propose
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import pandas as pd


def confirmed(
    annotator: Annotator, folder: Path, records: pd.DataFrame, labels: Sequence[Value], task: Task
) -> list[bool]:
    """Say of each record whether the annotator proposes its label, or what counts as the same.

    Parameters
    ----------
    annotator, folder
        What was fitted, and where its model is saved; a folder without any confirms nothing.
    records, labels
        The records, and the label that each has.
    task
        What a label is.
    """
    if not len(records) or not any(folder.iterdir()):
        return [False] * len(records)
    proposals = propose(list(annotator.load(folder, task).predict(records)), {}, task)
    return [
        each is not None and task.compare(each.value, label) >= task.bar
        for each, label in zip(proposals, labels, strict=True)
    ]

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class Model(Protocol):
    """A fitted annotator."""

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        """Give each record's probability per label, shape (records, labels), in the order of the task's labels."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into a folder that exists; the same model gives the same bytes."""
        ...


class Annotator(Protocol):
    """Settings of a kind of model, and how to fit one. `_target_` in `conf/annotator/` names a class like this."""

    @property
    def name(self) -> str: ...

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> Model:
        """Learn from labelled records.

        Parameters
        ----------
        records
            One row per record, with the columns of `data/clean/records`.
        values
            People's labels, one per row.
        task
            What a value is.
        seed
            The only source of randomness.

        Raises
        ------
        NotEnough
            The labels are too few to learn from; its text says what is missing.
        """
        ...

    def load(self, folder: Path, task: Task) -> Model:
        """Read what `Model.save` wrote."""
        ...


class NotEnough(Exception):  # noqa: N818
    """There are too few labels to learn from."""

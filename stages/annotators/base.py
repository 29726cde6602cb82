from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from stages import InputError
from stages.tasks import Proposal, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


Kind = TypeVar("Kind", bound=Task)


class Model(Protocol):
    """A fitted annotator."""

    def predict(self, records: pd.DataFrame) -> np.ndarray | list[Proposal | None]:
        """Say what each record's label may be.

        Returns
        -------
        Of a choice, the probability of each label, shape (records, labels), in the order of the task's labels; a row of
        NaN proposes nothing. Of any other task type a proposal for each record, or None.
        """
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
            One row per record, with the columns of `data/clean/records`. None at all while there are too few labels to
            learn from and to check on: an annotator that needs no label proposes even so.
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


@runtime_checkable
class Surveyor(Protocol):
    """An annotator that also learns from records without labels."""

    def survey(self, records: pd.DataFrame, task: Task) -> Annotator:
        """Look at all records, once, and give the annotator that is fitted in its place; no label is shown to it."""
        ...


@runtime_checkable
class Describable(Protocol):
    """A model that has something of its own to say in `reports/annotator.json`."""

    def describe(self, records: pd.DataFrame, labels: Mapping[str, Value]) -> dict[str, Any]:
        """Say it as plain JSON, of all records and of the labels by record that people gave."""
        ...


@runtime_checkable
class Composite(Protocol):
    """An annotator that is made of others."""

    @property
    def members(self) -> Mapping[str, Annotator]: ...

    def having(self, members: Mapping[str, Annotator]) -> Annotator:
        """Give the same of other members."""
        ...


@runtime_checkable
class Committee(Protocol):
    """A model made of several, which need not agree."""

    def consult(self, records: pd.DataFrame) -> tuple[np.ndarray | list[Proposal | None], list[float | None]]:
        """Predict as `Model.predict` does, and say for each record how much they disagree.

        Disagreement is from 0 to 1; None where fewer than two of them propose anything.
        """
        ...


def surveyed(annotator: Annotator, records: pd.DataFrame, task: Task) -> Annotator:
    """Let an annotator, or the members of one, look at all records, where they want to."""
    if isinstance(annotator, Composite):
        return annotator.having({name: surveyed(each, records, task) for name, each in annotator.members.items()})
    return annotator.survey(records, task) if isinstance(annotator, Surveyor) else annotator


def only(task: Task, kind: type[Kind]) -> Kind:
    """Give the task as one of a kind, for an annotator that proposes nothing else.

    Raises
    ------
    InputError
        It is of another.
    """
    if not isinstance(task, kind):
        raise InputError(
            f"annotator: this one proposes {kind.type}, and the labelling interface asks for {task.type}; choose "
            "another in params.yaml (conf/annotator/ says what each is for)"
        )
    return task


def above_zero(key: str, number: float) -> None:
    """Check a setting.

    Raises
    ------
    InputError
        It is not above 0, or not finite.
    """
    if not (isfinite(number) and number > 0):
        raise InputError(f"{key}: above 0 is expected, found {number:g}")


class NotEnough(Exception):  # noqa: N818
    """There are too few labels to learn from."""

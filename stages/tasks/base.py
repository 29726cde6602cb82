from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

Value = Any  # what a label says; its form depends on the task type, and it is plain JSON


@dataclass(frozen=True)
class Proposal:
    """A label that a model gives.

    Attributes
    ----------
    value
        The label.
    confidence
        The probability that it is right as a whole, from 0 to 1.
    scores
        What the model says of its parts, if it does: of a choice the probability of each label by name, of objects the
        confidence of each, in their order.
    """

    value: Value
    confidence: float
    scores: Mapping[str, float] | Sequence[float] | None = None


class Task(Protocol):
    """One task type with its label set, read from a labelling interface."""

    @property
    def type(self) -> str: ...

    @property
    def to_name(self) -> str:
        """The name of what the control labels."""
        ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def column(self) -> Any:
        """The kind of column that holds a value in a table, as `tables.Columns` names it."""
        ...

    @property
    def bar(self) -> float:
        """From which `compare` on one value counts as the same as another."""
        ...

    @property
    def headline(self) -> str:
        """The metric of `score` that says most."""
        ...

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        """Turn Label Studio's result list into a value.

        Raises
        ------
        ValueError
            The result does not belong to this interface: an unknown label, control or type, or nothing chosen.
        """
        ...

    def show(self, value: Value) -> list[dict[str, Any]]:
        """Turn a value into Label Studio's result list; `parse(show(value)) == value`."""
        ...

    def compare(self, one: Value, other: Value) -> float:
        """Say how alike two values are, from 0 to 1; 1 means the same."""
        ...

    def count(self, values: Sequence[Value]) -> dict[str, int]:
        """Count how often each label is given, in the order of the labels."""
        ...

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Turn several people's values into one: the value, its share of the votes, and how many gave the same.

        Independent of the order of the votes.
        """
        ...

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Count per record what the metrics need: shape (records, statistics), to be summed over any set of records."""
        ...

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Turn sums of `statistics`, shape (..., statistics), into metrics, each of shape (...); NaN if undefined."""
        ...

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

Value = Any  # what a label says; its form depends on the task type, and it is plain JSON


@dataclass(frozen=True)
class Proposal:
    """A label that a model gives, with its probability of being right."""

    value: Value
    confidence: float


class Task(Protocol):
    """One task type with its label set, read from a labelling interface."""

    @property
    def type(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def multiple(self) -> bool:
        """Whether a value may have several labels."""
        ...

    @property
    def column(self) -> str:
        """The kind of column that holds a value in a table: text, texts."""
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

    def decide(self, scores: np.ndarray) -> list[Proposal]:
        """Turn probabilities, one row per record and one column per label, into proposals."""
        ...

    def codes(self, values: Sequence[Value]) -> np.ndarray:
        """Turn values into a matrix of 0 and 1, one row per value and one column per label."""
        ...

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Turn several people's values into one: the value, its share of the votes, and how many gave it.

        Independent of the order of the votes; ties go to the value that comes first among the labels.
        """
        ...

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Count per record what the metrics need: shape (records, statistics), to be summed over any set of records."""
        ...

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Turn sums of `statistics`, shape (..., statistics), into metrics, each of shape (...); NaN if undefined."""
        ...

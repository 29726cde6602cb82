from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

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
    def name(self) -> str:
        """The control's name."""
        ...

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


DoubtKind = Literal["missed", "wrong_label", "badly_placed", "spurious"]


class Doubt(NamedTuple):
    """One region of which the annotator says something else than people.

    Attributes
    ----------
    kind
        `missed`: it is proposed where people marked nothing; `wrong_label`: they gave it another label;
        `badly_placed`: it has the same label, and other borders; `spurious`: they marked it, and nothing is proposed
        there.
    label
        What it is called, by the annotator, or by people if it is spurious.
    degree
        How sure the annotator is, from 0 to 1.
    """

    kind: DoubtKind
    label: str
    degree: float


@runtime_checkable
class Locating(Task, Protocol):
    """A task whose values are lists of regions, each with a label of its own."""

    def doubts(self, value: Value, proposed: Value, scores: Sequence[float] | None, confidence: float) -> list[Doubt]:
        """Compare what people marked with what the annotator proposes, region by region.

        Parameters
        ----------
        value, proposed
            People's and the annotator's.
        scores
            The confidence of each proposed region; None: that of the record counts for each.
        confidence
            The probability that the whole proposal is right.
        """
        ...


@runtime_checkable
class Textual(Task, Protocol):
    """A task whose values say where in a text something is: they are wrong once the text has moved."""

    def beyond(self, value: Value, texts: Mapping[str, str]) -> str | None:
        """Say what of a value lies beyond the text; None if nothing does.

        Parameters
        ----------
        value
            What somebody said.
        texts
            The fields of the record with text, by name, in their order.
        """
        ...

    def stands(self, result: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> bool:
        """Tell whether a result, given of an earlier text, says the same of this one.

        Each span must quote, as Label Studio writes it, what stands in its place, and stands nowhere else unmarked.
        """
        ...


@runtime_checkable
class Outlined(Locating, Protocol):
    """A task whose regions are areas of a picture."""

    def outlines(self, value: Value, width: float, height: float) -> list[list[tuple[float, float]]]:
        """Give the border of each area, in pixels of a picture of that size."""
        ...


@runtime_checkable
class Askable(Task, Protocol):
    """A task that a language model can be asked for."""

    def schema(self) -> dict[str, Any]:
        """Give the JSON schema of an answer.

        What `enum` lists, and what is true or false, the model's own probabilities can tell apart. A `description` says
        to the model what the schema cannot.
        """
        ...

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:
        """Turn an answer into a value.

        Of a list, what is not there in the texts is left out; by how much a list got shorter is counted and reported.

        Parameters
        ----------
        answer
            Parsed JSON, which may be anything.
        texts
            The fields of the record with text that the model was shown, by name, in their order.

        Raises
        ------
        ValueError
            It is no answer; the text says why, to the model.
        """
        ...


@runtime_checkable
class Quoting(Askable, Protocol):
    """A task whose answers have another form than its values; of others, a value is its own answer."""

    def answer(self, value: Value, texts: Mapping[str, str]) -> Any:
        """Give the answer that says a value of a record with these texts, as plain JSON."""
        ...

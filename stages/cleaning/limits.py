"""What a value may be: the length and the pattern of a text, the bounds of a measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stages import InputError
from stages.cleaning.base import Outcome, flags, reasons, texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Length:
    """Reject texts that are too short or too long, in characters; a bound that is null does not count."""

    field: str
    minimum: int | None = None
    maximum: int | None = None

    def __post_init__(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise InputError(f"'minimum' {self.minimum} is above 'maximum' {self.maximum}")

    def apply(self, table: pd.DataFrame) -> Outcome:
        import numpy as np
        import pyarrow.compute as pc

        column = texts(table, self.field)
        lengths = pc.utf8_length(column)
        low = self.minimum if self.minimum is not None else 0
        high = self.maximum if self.maximum is not None else np.iinfo(np.int64).max
        outside = flags(pc.or_(pc.less(lengths, low), pc.greater(lengths, high)))
        say = [
            f"{self.field} has {length} characters, fewer than {low}"
            if length < low
            else f"{self.field} has {length} characters, more than {high}"
            for length in lengths.filter(outside).to_pylist()
        ]
        return Outcome(table, reasons(table, outside, say))


@dataclass(frozen=True)
class Filter:
    """Keep or reject the texts in which a regular expression is found.

    Parameters
    ----------
    field
        The column.
    pattern
        In the syntax of RE2, which takes linear time for any pattern and therefore has no look-around and no
        back-references.
    action
        `reject` the texts with a match, or `keep` them alone.
    """

    field: str
    pattern: str
    action: Literal["keep", "reject"] = "reject"

    def __post_init__(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            pc.match_substring_regex(pa.array([""]), self.pattern)
        except pa.ArrowInvalid as error:
            why = str(error).removeprefix("Invalid regular expression: ")
            hint = "RE2 has no look-around and no back-references"
            raise InputError(f"'pattern' is {self.pattern!r}, which RE2 cannot compile: {why}; {hint}") from error

    def apply(self, table: pd.DataFrame) -> Outcome:
        import pyarrow.compute as pc

        found = pc.match_substring_regex(texts(table, self.field), self.pattern)
        if self.action == "reject":
            return Outcome(table, reasons(table, flags(found), f"{self.field} has a match of {self.pattern}"))
        return Outcome(table, reasons(table, flags(pc.invert(found)), f"{self.field} has no match of {self.pattern}"))


@dataclass(frozen=True)
class Bounds:
    """What a measure of a field may be; a bound that is null does not count."""

    field: str
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise InputError(f"'minimum' {self.minimum} is above 'maximum' {self.maximum}")

    def broken(self, value: float, told: str) -> str | None:
        """Say by which bound a value is out, after what is told of it; None where it is within."""
        if self.minimum is not None and value < self.minimum:
            return f"{told}, less than {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"{told}, more than {self.maximum:g}"
        return None

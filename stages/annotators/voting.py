"""Labelling functions: each votes for a label, or abstains."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

from stages import InputError

if TYPE_CHECKING:
    import pandas as pd

Vote = str | None

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


class Function(Protocol):
    """A labelling function. Any dataclass like this, named by `_target_`, will do."""

    def vote(self, records: pd.DataFrame) -> list[Vote]:
        """Give a label per record, or None to abstain."""
        ...


@dataclass(frozen=True)
class Keywords:
    """Votes for texts in which one of the words stands, whole and in any case; a phrase is a word too."""

    field: str
    words: list[str]
    label: str

    def __post_init__(self) -> None:
        if not any(word.strip() for word in self.words):
            raise InputError("words: one or more are expected")

    def vote(self, records: pd.DataFrame) -> list[Vote]:
        words = "|".join(re.escape(word.strip()) for word in self.words if word.strip())
        return _search(re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE), records, self)


@dataclass(frozen=True)
class Pattern:
    """Votes for texts in which a regular expression, in Python's syntax, is found."""

    field: str
    pattern: str
    label: str

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise InputError(f"pattern: {self.pattern!r} is no regular expression ({error})") from error

    def vote(self, records: pd.DataFrame) -> list[Vote]:
        return _search(re.compile(self.pattern), records, self)


@dataclass(frozen=True)
class Length:
    """Votes for texts whose length in characters is within the bounds; null: no bound."""

    field: str
    label: str
    minimum: int | None = None
    maximum: int | None = None

    def vote(self, records: pd.DataFrame) -> list[Vote]:
        low, high = self.minimum or 0, float("inf") if self.maximum is None else self.maximum
        texts = _column(records, self.field)
        return [self.label if isinstance(text, str) and low <= len(text) <= high else None for text in texts]


@dataclass(frozen=True)
class Compare:
    """Votes for records whose field compares so with a value; a missing field abstains."""

    field: str
    comparison: Literal["<", "<=", "=", "!=", ">=", ">"]
    value: float | str
    label: str

    def vote(self, records: pd.DataFrame) -> list[Vote]:
        compare = COMPARISONS[self.comparison]
        try:
            found = [each is not None and compare(each, self.value) for each in _column(records, self.field)]
        except TypeError as error:
            kind = type(self.value).__name__
            raise InputError(f"value: {self.value!r} is of type {kind}, the field {self.field!r} is not") from error
        return [self.label if each else None for each in found]


@dataclass(frozen=True)
class Call:
    """Votes as a function of yours does, which takes a record as a dict and returns a label, or None to abstain.

    Parameters
    ----------
    function
        Its dotted path, such as `rules.shouting` for the function in `rules.py`. DVC sees no change of such a file:
        list it below `deps:` in dvc.yaml.
    """

    function: str

    def __post_init__(self) -> None:
        self._function()

    def vote(self, records: pd.DataFrame) -> list[Vote]:
        function = self._function()
        whole = records.astype(object).where(records.notna(), None)
        return [function(dict(zip(whole.columns, row, strict=True))) for row in whole.itertuples(index=False)]

    def _function(self) -> Callable[[Mapping[str, Any]], Vote]:
        module, _, name = self.function.rpartition(".")
        try:
            function = getattr(import_module(module), name)
        except (ImportError, ValueError, AttributeError) as error:
            raise InputError(f"function: package.function is expected, found {self.function!r} ({error})") from error
        if not callable(function):
            raise InputError(f"function: {self.function!r} is no function")
        return function


def _search(pattern: re.Pattern[str], records: pd.DataFrame, function: Keywords | Pattern) -> list[Vote]:
    texts = _column(records, function.field)
    return [function.label if isinstance(text, str) and pattern.search(text) else None for text in texts]


def _column(records: pd.DataFrame, field: str) -> list[Any]:
    """Give a field's values, with None where one is missing."""
    if field not in records:
        raise InputError(f"field: there is no {field!r}; the records have {', '.join(records.columns)}")
    return records[field].astype(object).where(records[field].notna(), None).tolist()

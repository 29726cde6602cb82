from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from stages import InputError
from stages.tables import Rule

FORBID: dict[str, str] = {"extra": "forbid"}
RESERVED = ("id", "content", "source", "record", "queue", "why", "label", "origin", "confidence", "parent")

Kind = Literal["text", "number", "date", "category", "image", "audio", "json"]


@dataclass(frozen=True)
class About:
    """What the dataset's card says of it; `language` as a BCP 47 tag, such as `en`."""

    __pydantic_config__: ClassVar[Any] = FORBID
    title: str
    license: str
    citation: str | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        if self.language and not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", self.language):
            raise InputError(f"about.language: a tag such as en or pt-BR is expected, found {self.language!r}")


@dataclass(frozen=True)
class Split:
    """Shares of the records; they sum to 1."""

    __pydantic_config__: ClassVar[Any] = FORBID
    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise InputError(f"split: shares from 0 to 1 that sum to 1 are expected, found {shares}")


@dataclass(frozen=True)
class Sample:
    """Keep `count` of the collected records, drawn by hash of their ids.

    Drawn evenly, with the shares of the values of a field kept (`by`), or with chances in proportion to a field with
    numbers (`weight`).
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    count: int
    by: str | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        if self.count < 1 or (self.by is not None and self.weight is not None):
            raise InputError("sample: a count from 1, and by or weight, not both, are expected")


@dataclass(frozen=True)
class Dataset:
    """`conf/dataset/<option>.yaml`.

    Parameters
    ----------
    name
        The dataset's name.
    labeling
        The labelling interface `conf/labeling/<labeling>.xml` and its guideline `<labeling>.md`.
    about
        Title, license and citation.
    sources
        Where records come from, by name, as settings of classes in `stages.sources`; null switches one off.
    fields
        What a record holds: name and type.
    shown
        The fields that an annotator sees; their hash is the record's `content`.
    schema
        What the values of a field must be once cleaning is done, by field.
    id
        The column that names a record; null for a hash of the shown fields.
    group
        The field whose equal values must not be parted by the split; null for none.
    split
        The shares of train, validation and test.
    sample
        How many of the records to keep; null for all.
    rounds
        The folder below `data/annotations/` that holds the rounds; empty for `data/annotations/` itself. A second
        dataset in the same checkout needs one of its own.
    rate
        The samples per second to which `clean` brings sounds.
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    name: str
    labeling: str
    about: About
    sources: dict[str, dict[str, Any] | None]
    fields: dict[str, Kind]
    shown: list[str]
    schema: dict[str, Rule] = field(default_factory=dict)
    id: str | None = None
    group: str | None = None
    split: Split = Split()
    sample: Sample | None = None
    rounds: str = ""
    rate: int = 16_000

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name):
            raise InputError(f"name {self.name!r}: letters, digits, - and _ are allowed")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", self.rounds):
            raise InputError(f"rounds {self.rounds!r}: a folder's name of letters, digits, - and _ is expected")
        if not 1_000 <= self.rate <= 384_000:
            raise InputError(f"rate: samples per second from 1,000 to 384,000 are expected, found {self.rate:,}")
        names = ", ".join(self.fields)
        if taken := [name for name in self.fields if name in RESERVED]:
            raise InputError(f"fields: {taken[0]!r} is a column of the pipeline's own; give the field another name")
        if not self.shown or not set(self.shown) <= set(self.fields):
            raise InputError(f"shown: one or more of the fields are expected ({names}), found {self.shown}")
        if self.group is not None and self.group not in self.fields:
            raise InputError(f"group: one of the fields ({names}) or null is expected, found {self.group!r}")
        self._check_schema(names)
        for key in ("by", "weight"):
            named = getattr(self.sample, key, None)
            if named is not None and named not in self.fields:
                raise InputError(f"sample.{key}: one of the fields ({names}) or null is expected, found {named!r}")

    @property
    def forms(self) -> dict[str, dict[str, Any]]:
        """By type of field, what a store of clean records is to know of the form of its files."""
        return {"audio": {"rate": self.rate}}

    def _check_schema(self, names: str) -> None:
        for name, rule in self.schema.items():
            if name not in self.fields:
                raise InputError(f"schema: there is no field {name!r}; the dataset has {names}")
            if self.fields[name] != "number" and rule.numeric:
                raise InputError(f"schema.{name}: minimum and maximum are for a number, this is a {self.fields[name]}")
            if self.fields[name] == "number" and (rule.pattern is not None or rule.values is not None):
                raise InputError(f"schema.{name}: pattern and values are for texts, and this is a number")

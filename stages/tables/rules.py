from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from stages import InputError


@dataclass(frozen=True)
class Rule:
    """What the values of a field must be, after cleaning. A missing value breaks no rule but `missing`.

    Parameters
    ----------
    minimum, maximum
        Bounds of a number, both allowed.
    pattern
        A regular expression that fits the whole text.
    values
        The values that are allowed.
    unique
        Whether no two records may have the same value; of those that do, the one with the smallest id is in order.
    missing
        The largest share of records without a value; null for any.
    violation
        What becomes of records that break a rule: `reject` them, each with its reason, or `stop` the pipeline.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    values: list[str] | None = None
    unique: bool = False
    missing: float | None = None
    violation: Literal["reject", "stop"] = "reject"

    def __post_init__(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise InputError(f"'minimum' {self.minimum:g} is above 'maximum' {self.maximum:g}")
        if self.missing is not None and not 0 <= self.missing <= 1:
            raise InputError(f"'missing' is a share from 0 to 1, found {self.missing:g}")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise InputError(f"'pattern' is {self.pattern!r}, which is no regular expression: {error}") from error

    @property
    def numeric(self) -> bool:
        return self.minimum is not None or self.maximum is not None

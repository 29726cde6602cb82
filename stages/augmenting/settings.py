"""`conf/augmentation/<option>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from stages import InputError, media

MOST = {"files": None, "shards": 0, "auto": media.MOST}  # files that are not packed


@dataclass(frozen=True)
class Augmentation:
    """How labelled training records are multiplied.

    Parameters
    ----------
    copies
        Augmented copies per record; 0 for none.
    fields
        The fields to change: texts, or pictures; where operators change numbers, the numbers among them.
    operators
        What changes them, by name and in order, as settings of classes such as `Typo` for texts, `Albumentation` for
        pictures and `Jitter` for numbers; null switches one off.
    visibility
        Of a box or polygon that moves along with its picture, the least share that must stay inside; what shows less is
        dropped.
    output
        Of pictures: `files`, one for each copy; tar `shards`; or `auto`, shards where there are more than 10,000. They
        are named and read alike.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    copies: int
    fields: list[str] = field(default_factory=list)
    operators: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    visibility: float = 0.5
    output: Literal["auto", "files", "shards"] = "auto"

    @property
    def most(self) -> int | None:
        """How many pictures may be files of their own; None for any number."""
        return MOST[self.output]

    def __post_init__(self) -> None:
        if self.copies < 0:
            raise InputError(f"copies: 0 or more is expected, found {self.copies}")
        if not 0 <= self.visibility <= 1:
            raise InputError(f"visibility: a share from 0 to 1 is expected, found {self.visibility:g}")
        if self.copies and not (self.fields and any(self.operators.values())):
            raise InputError(f"copies: {self.copies} need one or more fields and operators; set copies: 0 for none")

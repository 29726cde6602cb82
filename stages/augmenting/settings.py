"""`conf/augmentation/<option>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from stages import InputError
from stages.tasks import Spans, Task


@dataclass(frozen=True)
class Augmentation:
    """How labelled training records are multiplied.

    Parameters
    ----------
    copies
        Augmented copies per record; 0 for none.
    fields
        The fields to change: texts, or pictures.
    operators
        What changes them, by name and in order, as settings of classes such as `Typo` for texts and `Albumentation`
        for pictures; null switches one off.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    copies: int
    fields: list[str] = field(default_factory=list)
    operators: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.copies < 0:
            raise InputError(f"copies: 0 or more is expected, found {self.copies}")
        if self.copies and not (self.fields and any(self.operators.values())):
            raise InputError(f"copies: {self.copies} need one or more fields and operators; set copies: 0 for none")

    def check(self, task: Task) -> None:
        """Raise InputError if the labels of copies would not fit what the operators made of them."""
        if self.copies and isinstance(task, Spans):
            raise InputError(
                f"augmentation: copies: {self.copies}: the labels are spans, which do not move with a changed text; "
                "choose none in params.yaml"
            )

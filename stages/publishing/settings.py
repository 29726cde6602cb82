"""`conf/publish/<option>.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from stages import InputError


@dataclass(frozen=True)
class Publish:
    """In which forms a version is published.

    Parameters
    ----------
    unlabelled
        Whether records without a label are published too.
    forms
        Settings of classes such as `Csv`, by the name of the folder that each fills; null switches one off.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    unlabelled: bool
    forms: dict[str, dict[str, Any] | None]

    def __post_init__(self) -> None:
        if not any(self.forms.values()):
            raise InputError("forms: one or more are expected, found none")
        for name in self.forms:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
                raise InputError(f"forms: {name!r} is to be a folder; letters, digits, - and _ are allowed")

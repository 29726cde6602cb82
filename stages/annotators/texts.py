"""What a model of language reads of a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stages import InputError, media

if TYPE_CHECKING:
    import pandas as pd


def joined(records: pd.DataFrame, fields: Sequence[str]) -> list[str]:
    """Give each record's text fields, joined by a line end; what is missing is empty.

    Raises
    ------
    InputError
        There is no such field, or it holds pictures or sounds.
    """
    if not fields:
        raise InputError("annotator.fields: one field or more is expected, found none")
    for field in fields:
        if field not in records:
            raise InputError(f"annotator.fields: there is no field {field!r}; there is {', '.join(map(str, records))}")
        if media.is_file(str(next(iter(records[field].dropna()), ""))):
            raise InputError(f"annotator.fields: {field!r} names files; choose an annotator of pictures or sounds")
    columns = [records[field].astype(object).fillna("").astype(str) for field in fields]
    return ["\n".join(row) for row in zip(*columns, strict=True)]


def column(records: pd.DataFrame, field: str) -> list[str]:
    """Give each record's text; what is missing is empty.

    Raises
    ------
    InputError
        There is no such field.
    """
    if field not in records:
        raise InputError(f"annotator.field: there is no field {field!r}")
    return records[field].astype(object).where(records[field].notna(), "").astype(str).tolist()

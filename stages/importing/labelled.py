from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Labelled:
    """What somebody said of a record.

    Parameters
    ----------
    where
        The file, or the field and the record, for messages.
    record
        Its id; empty where it is not known to which record this belongs.
    result
        As Label Studio writes it.
    cut
        How many boxes were cut at the picture's edge.
    """

    where: str
    record: str
    result: list[dict[str, Any]]
    cut: int = 0

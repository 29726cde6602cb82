"""What was found out about files, by reference, so that none is decoded once for each operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SEEN: dict[str, Any] = {}


def take_seen() -> dict[str, Any]:
    """Give what was found out so far, and forget it; `remember` brings it to another process."""
    seen = dict(SEEN)
    SEEN.clear()
    return seen


def remember(seen: Mapping[str, Any]) -> None:
    """Spare what decodes files what was found out before."""
    SEEN.update(seen)

"""What a control says of a whole record: Label Studio's one result of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def only(result: Sequence[Mapping[str, Any]], name: str, kind: str, key: str) -> Any:
    """Take what the one result of a control says.

    Parameters
    ----------
    result
        Label Studio's list.
    name, kind, key
        The control's name, the type of its results, and where in `value` they say something.

    Raises
    ------
    ValueError
        There is no result, there are several, or it is another control's.
    """
    if not isinstance(result, list) or len(result) != 1:
        found = f"{len(result)}" if isinstance(result, list) else f"{result!r:.200}"
        raise ValueError(f"a list of exactly one result is expected, found {found}")
    (item,) = result
    if not isinstance(item, Mapping) or item.get("from_name") != name or item.get("type") != kind:
        raise ValueError(f"a result of {name!r} with type {kind!r} is expected, found {item!r:.200}")
    value = item.get("value")
    if not isinstance(value, Mapping) or key not in value:
        raise ValueError(f"'value' must hold {key!r}, found {value!r:.200}")
    return value[key]

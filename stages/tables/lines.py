"""JSON Lines and JSON: sorted by the caller, keys in the order given, floats rounded."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from stages import InputError

DIGITS = 6


def rounded(value: Any, digits: int = DIGITS) -> Any:
    """Round every float inside, so that the last bits of a sum never reach a file.

    Raises
    ------
    ValueError
        A float is not finite: what cannot be computed is None with a reason beside it.
    """
    if isinstance(value, dict):
        return {key: rounded(each, digits) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each, digits) for each in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be written to a report")
        return round(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0
    return value


def dump_line(value: Any) -> str:
    return json.dumps(rounded(value), ensure_ascii=False, allow_nan=False)


def write_lines(path: str | Path, values: Iterable[Any]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(dump_line(value) + "\n" for value in values)


def read_lines(path: str | Path) -> Iterator[Any]:
    """Yield each line's value.

    Raises
    ------
    InputError
        A line is not JSON in UTF-8; names the file and the line.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {number}: not a line of JSON in UTF-8 ({error})") from error


def write_json(path: str | Path, value: Any) -> None:
    text = json.dumps(rounded(value), ensure_ascii=False, allow_nan=False, indent=2)
    Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_json(path: str | Path) -> Any:
    try:
        return _loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON in UTF-8 ({error})") from error


def _loads(text: bytes) -> Any:
    return json.loads(text.decode("utf-8"), parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not a finite number")
    return number

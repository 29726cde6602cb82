"""JSON lists of objects, and JSON Lines: one object a record, every value as the text it is written in."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, BinaryIO

from stages import InputError
from stages.sources.base import BATCH, require
from stages.sources.decoding import decoded, lines

if TYPE_CHECKING:
    import pyarrow as pa

DEPTH = 100  # of lists and objects within each other

_SPACE = re.compile(r"[ \t\n\r]*")


def read_json_lines(
    stream: BinaryIO, file: str, columns: Sequence[str], *, encoding: str
) -> Iterator[tuple[Sequence[int], pa.Table]]:
    """Yield batches of records: the line of each, and the columns as text; empty lines are passed over."""
    numbered = enumerate(lines(stream, file, encoding), 1)
    written = ((number, line.strip(" \t\r\n")) for number, line in numbered)
    values = ((number, _parsed(_DECODER.decode, file, number, line)) for number, line in written if line)
    return _batches(values, file, columns)


def read_json_list(
    stream: BinaryIO, file: str, columns: Sequence[str], *, encoding: str
) -> Iterator[tuple[Sequence[int], pa.Table]]:
    """Yield batches of records: the line on which each begins, and the columns as text."""
    return _batches(_elements("".join(decoded(stream, file, encoding)), file), file, columns)


def object_texts(text: str) -> dict[str, str | None] | None:
    """Give the values of a JSON object as text; None for what is no such object."""
    try:
        value = _DECODER.decode(text)
        if not isinstance(value, dict):
            return None
        texts = {key: _text(each) for key, each in value.items()}
        "".join([*texts, *filter(None, texts.values())]).encode()  # half a surrogate pair
    except (ValueError, RecursionError):
        return None
    return texts


class _Number(str):
    """The literal text of a number."""


_KINDS = {list: "a list", str: "a string", _Number: "a number", bool: "true or false", type(None): "null"}


class _RefusedError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise _RefusedError(f"an object has the key {twice!r} twice")
    return record


def _constant(name: str) -> None:
    raise _RefusedError(f"{name} is not a JSON value; write null")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant)


def _parsed(decode: Callable[..., Any], file: str, line: int, text: str, *start: int) -> Any:
    try:
        return decode(text, *start)
    except JSONDecodeError as error:
        at = error.lineno if start else line
        raise InputError(f"{file}, line {at}, column {error.colno}: broken JSON ({error.msg})") from error
    except _RefusedError as error:
        raise InputError(f"{file}, line {line}: {error}") from error
    except RecursionError as error:
        raise InputError(_too_deep(file, line)) from error


def _too_deep(file: str, line: int) -> str:
    return f"{file}, line {line}: lists and objects more than {DEPTH} deep"


def _elements(text: str, file: str) -> Iterator[tuple[int, Any]]:
    def after_space(place: int) -> int:
        found = _SPACE.match(text, place)
        assert found
        return found.end()

    at = after_space(0)
    if text[at : at + 1] != "[":
        raise InputError(f"{file}: not a list of objects, [{{…}}, …]; one object a line is `format: jsonl`")
    at = after_space(at + 1)
    line, counted = 1, 0
    more = text[at : at + 1] != "]"
    while more:
        line, counted = line + text.count("\n", counted, at), at
        value, end = _parsed(_DECODER.raw_decode, file, line, text, at)
        yield line, value
        at = after_space(end)
        more = text[at : at + 1] == ","
        if more:
            at = after_space(at + 1)
    if text[at : at + 1] != "]" or after_space(at + 1) < len(text):
        line += text.count("\n", counted, at)
        raise InputError(f"{file}, line {line}: broken JSON (a list of objects ends with one ] and nothing behind it)")


def _batches(
    values: Iterator[tuple[int, Any]], file: str, columns: Sequence[str]
) -> Iterator[tuple[Sequence[int], pa.Table]]:
    found: dict[str, None] = {}  # keys in the order in which they are met
    numbers, batch = array("q"), []
    for number, value in values:
        if not isinstance(value, dict):
            raise InputError(f"{file}, line {number}: a record must be an object, {{…}}, not {_KINDS[type(value)]}")
        if not found.keys() >= value.keys():
            found.update(dict.fromkeys(value))
        numbers.append(number)
        batch.append(value)
        if len(batch) == BATCH:
            yield numbers, _table(batch, numbers, file, columns)
            numbers, batch = array("q"), []
    yield numbers, _table(batch, numbers, file, columns)
    if found:  # a key may be left out of some records, not of all
        require(columns, list(found), file)


def _table(records: list[dict[str, Any]], numbers: Sequence[int], file: str, columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    cells = [_column([record.get(column) for record in records], numbers, file, column) for column in columns]
    return pa.table(cells, names=list(columns))


def _column(values: list[Any], numbers: Sequence[int], file: str, column: str) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values, pa.large_string())
    except (pa.ArrowException, UnicodeEncodeError):  # not strings and nulls alone: look at each
        texts = []
        for number, value in zip(numbers, values, strict=True):
            try:
                text = _text(value)
                text.encode() if text else None
            except RecursionError as error:
                raise InputError(_too_deep(file, number)) from error
            except UnicodeEncodeError as error:
                raise InputError(
                    f"{file}, line {number}: {column!r} has half a surrogate pair, such as \\ud83d; write it whole"
                ) from error
            texts.append(text)
        return pa.array(texts, pa.large_string())


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, str) else _canonical(value)


def _canonical(value: Any, depth: int = 0) -> str:
    if depth == DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        inside = (f"{_canonical(key)}:{_canonical(value[key], depth + 1)}" for key in sorted(value))
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_canonical(each, depth + 1) for each in value) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)

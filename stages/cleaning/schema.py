"""The declared types of fields, and the hash of what an annotator is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from stages import media, of_kind
from stages.cleaning.base import Outcome, digests, flags, laid_out, none_rejected, reasons, strings, texts, with_texts
from stages.cleaning.numeric import numbers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Types:
    """Reject records whose values are not of the declared types; change nothing.

    Parameters
    ----------
    types
        Field: type. A `number` must be finite, a `date` must be ISO 8601, a `json` must parse, an `image` and
        an `audio` must decode within the limits of `stages.media`; any value will do for the others.
    """

    types: Mapping[str, str]

    def apply(self, table: pd.DataFrame) -> Outcome:
        import pandas as pd

        unfit = [none_rejected(table)]
        for field, kind in self.types.items():
            if kind in media.FILES:
                problem = of_kind(media.FILES[kind], "media").problem
                problems = {row: problem(path) for row, path in table[field].dropna().items()}
                said = {row: f"{field} {problem}" for row, problem in problems.items() if problem}
                unfit.append(pd.Series(said, dtype="str"))
            elif kind in _CHECKS:
                expected, check = _CHECKS[kind]
                column = texts(table, field)
                bad = check(column)
                say = [f"{field} is {text!r:.100}, not {expected}" for text in column.filter(bad).to_pylist()]
                unfit.append(reasons(table, bad, say))
        every = pd.concat(unfit)
        return Outcome(table, every[~every.index.duplicated()])


def finished(
    table: pd.DataFrame, types: Mapping[str, str], shown: Sequence[str], store: media.Store | None
) -> pd.DataFrame:
    """Give a table its last form: numbers as floats, plain files in the store, and the column `content`."""
    import pyarrow as pa

    table = cast(table, types)
    seen = table
    files = {field: kind for field, kind in types.items() if kind in media.FILES}
    for field, kind in files.items():
        if store is None:
            raise ValueError(f"the field {field!r} holds files, and there is no store for them")
        codec = of_kind(media.FILES[kind], "media")
        form = store.forms.get(kind, {})
        ending = f"-{field}" if len(files) > 1 else ""
        paths: list[str | None] = []
        prints: list[str | None] = []
        for id, path in zip(table["id"], strings(texts(table, field)), strict=True):
            if path is not None:
                data, suffix = codec.plain(path, **form)
                paths.append(store.put(f"{id}{ending}", suffix, data))
                prints.append(codec.print_of(path))
            else:
                paths.append(None)
                prints.append(None)
        table = with_texts(table, field, pa.array(paths, pa.large_string()))
        seen = with_texts(seen, field, pa.array(prints, pa.large_string()))
    return with_texts(table, "content", content(seen, shown))


def cast(table: pd.DataFrame, types: Mapping[str, str]) -> pd.DataFrame:
    """Make the columns of type `number` floats; what is missing becomes NaN."""
    return table.assign(**{field: numbers(texts(table, field)) for field, kind in types.items() if kind == "number"})


def content(table: pd.DataFrame, shown: Sequence[str]) -> pa.Array:
    """Hash what an annotator sees: the first 12 hex digits of SHA-256 of the values as a JSON list, without spaces.

    A picture's value is the SHA-256 of its pixels, as `stages.media.pictures.Look` has it, and a sound's that of
    its samples, as `stages.media.sounds.Sound` has it.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [
        _json_numbers(table[field]) if pd.api.types.is_float_dtype(table[field]) else _json_texts(texts(table, field))
        for field in shown
    ]
    opening, between, closing = (pa.scalar(sign, pa.large_string()) for sign in ("[", ",", "]"))
    values = pc.binary_join_element_wise(*columns, between)
    lists = pc.binary_join_element_wise(opening, values, closing, pa.scalar("", pa.large_string()))
    digits = digests(lists)[:, :6].tobytes().hex().encode()
    ends = np.arange(0, len(digits) + 1, 12)
    return pa.LargeStringArray.from_buffers(len(table), pa.py_buffer(ends), pa.py_buffer(digits))


def _json_texts(values: pa.Array) -> pa.Array:
    """Each text as JSON; only the few with a sign that needs a backslash are looked at one by one."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    signs, cuts = laid_out(pc.fill_null(values, ""))
    codes = np.frombuffer(signs, np.uint8)
    found = np.flatnonzero((codes < 0x20) | (codes == ord('"')) | (codes == ord("\\")))
    if len(found):
        special = np.zeros(len(values), dtype=bool)
        special[np.searchsorted(cuts, found, side="right") - 1] = True
        special = pa.array(special)
        escaped = [encode_basestring(text)[1:-1] for text in strings(values.filter(special))]
        values = pc.replace_with_mask(values, special, pa.array(escaped, values.type))
    quote, nothing = pa.scalar('"', values.type), pa.scalar("", values.type)
    quoted = pc.binary_join_element_wise(quote, values, quote, nothing)
    return pc.fill_null(quoted, "null")


def _json_numbers(values: pd.Series[float]) -> pa.Array:
    """Each number as `json` writes it, which is its `repr`; Arrow writes the same, but for `.0` and exponents."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = values.to_numpy()
    size = np.abs(numbers)
    plain = (size >= 1e-4) & (size < 1e9)
    written = pc.cast(pa.array(numbers), pa.large_string())
    whole = pa.array(plain & (numbers == np.floor(numbers)))
    if pc.any(whole).as_py():
        point, nothing = pa.scalar(".0", written.type), pa.scalar("", written.type)
        fractions = pc.binary_join_element_wise(written.filter(whole), point, nothing)
        written = pc.replace_with_mask(written, whole, fractions)
    others = ["null" if value != value else repr(value) for value in numbers[~plain].tolist()]
    return pc.replace_with_mask(written, pa.array(~plain), pa.array(others, written.type))


def _not_numbers(column: pa.Array) -> np.ndarray:
    import numpy as np

    return flags(column.is_valid()) & np.isnan(numbers(column))


def _not_dates(column: pa.Array) -> np.ndarray:
    return _unparsed(column, datetime.fromisoformat)


def _not_json(column: pa.Array) -> np.ndarray:
    return _unparsed(column, _parse_json)


def _parse_json(text: str) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def _unparsed(column: pa.Array, parse: Callable[[str], Any]) -> np.ndarray:
    """True for the texts that do not parse; each different one is tried once."""
    import numpy as np

    def fails(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, RecursionError):
            return True
        return False

    encoded = column.dictionary_encode()
    bad = np.array([*map(fails, encoded.dictionary.to_pylist()), False])
    return bad[encoded.indices.fill_null(len(bad) - 1).to_numpy()]


_CHECKS: dict[str, tuple[str, Callable[[pa.Array], np.ndarray]]] = {
    "number": ("a finite number", _not_numbers),
    "date": ("a date in ISO 8601, such as 2026-11-22", _not_dates),
    "json": ("JSON", _not_json),
}

"""All records of a dataset in one table, with ids that stay."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from json.encoder import encode_basestring
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from stages import InputError, media
from stages.sampling import Sample, stratified, uniform, weighted
from stages.sources.base import Rows, Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

LONGEST_ID = 200  # characters

_RESERVED = ("id", "content", "source")


def collect(
    sources: Mapping[str, Source | None],
    id: str | None,
    fields: Mapping[str, str],
    shown: Sequence[str],
    store: media.Store | None = None,
    sample: Sample | None = None,
) -> pd.DataFrame:
    """Join the records of all sources, whatever the order of files and rows.

    Parameters
    ----------
    sources
        Sources by name; null switches one off.
    id
        The column that names a record. Null: the id is the first 16 hexadecimal digits of the SHA-256 of the shown
        fields as they were written, as a JSON list, with the SHA-256 of its bytes for a file; further records with
        the same get `-2`, `-3`, … in the order of the SHA-256 of all their fields and their source.
    fields
        Names and types of the columns to keep; of the types only those of files (`image`, `audio`) are looked at.
    shown
        Names of the fields that an annotator sees.
    store
        Where files are put; needed where a field is one.
    sample
        Which records to keep; None for all.

    Returns
    -------
    Text columns `id`, the fields (of a picture or sound the path of its file), and `source` (the name of the
    source, with the file's where it has several), sorted by id.

    Raises
    ------
    InputError
        There is no source; a source cannot be read; an id is missing, unfit or not unique.
    """
    import pandas as pd
    import pyarrow as pa

    active = {name: source for name, source in sources.items() if source is not None}
    if not active:
        raise InputError("dataset.sources: none is given or all are null; name at least one")
    _check(id, fields, shown)
    wanted = list(dict.fromkeys([*fields, *([id] if id else [])]))
    text = pa.large_string()
    origins = _Origins()
    files = {field: _Files(kind) for field, kind in fields.items() if kind in media.FILES}
    tables = [pa.schema([(column, text) for column in [*wanted, "source"]]).empty_table()]
    for name, source in active.items():
        for rows in _read(name, source, wanted):
            label = f"{name}/{rows.name}" if rows.name else name
            labels = pa.repeat(pa.scalar(label, text), len(rows.table))
            table = rows.table.select(wanted).append_column("source", labels)
            for field, each in files.items():
                table = table.set_column(table.column_names.index(field), field, each.add(name, field, rows))
            tables.append(table)
            origins.add(rows)
    table = pa.concat_tables(tables)

    ids = _own_ids(table[id], id, origins) if id else _hashed_ids(table, shown, [*fields, "source"])
    order, again = _ordered(ids)
    if again.any():
        first, second = sorted(order[again.argmax() :][:2].tolist())
        raise InputError(
            f"{origins[second]}: the id {ids[first].as_py()!r} is already that of {origins[first]}; "
            "remove one, or set `id: null`"
        )
    if sample is not None:
        chosen = set(_drawn(table, ids.to_pylist(), sample))
        order = order[[id in chosen for id in ids.take(order).to_pylist()]]
    result = pa.table([ids, *(table[name] for name in [*fields, "source"])], names=["id", *fields, "source"])
    strings = pd.StringDtype("pyarrow", na_value=float("nan"))
    frame: pd.DataFrame = result.take(order).to_pandas(types_mapper={text: strings}.get)
    for field, each in files.items():
        if store is None:
            raise ValueError(f"the field {field!r} holds files, and there is no store for them")
        frame[field] = each.put(order, frame["id"], store, f"-{field}" if len(files) > 1 else "")
    return frame


def _drawn(table: pa.Table, ids: list[str], sample: Sample) -> list[str]:
    """Draw ids by the SHA-256 of `sample|<id>`."""
    if sample.by is not None:
        strata = ["" if value is None else value for value in table[sample.by].to_pylist()]
        return stratified("sample", dict(zip(ids, strata, strict=True)), sample.count)
    if sample.weight is None:
        return uniform("sample", ids, sample.count)
    weights = dict(zip(ids, map(_weight, table[sample.weight].to_pylist()), strict=True))
    return weighted("sample", weights, sample.count)


def _weight(cell: str | None) -> float:
    try:
        weight = float(cell or 0)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise InputError(f"sample.weight: a number from 0, or nothing, is expected, found {cell!r:.100}")
    return weight


def _check(id: str | None, fields: Mapping[str, str], shown: Sequence[str]) -> None:
    taken = [name for name in fields if name in _RESERVED]
    if taken:
        raise InputError(f"fields: {taken[0]!r} is a name that every record has; rename the column in the raw data")
    unknown = [name for name in shown if name not in fields]
    if unknown:
        raise InputError(f"shown: {unknown[0]!r} is not among the fields, {', '.join(fields)}")
    if id is None and not shown:
        raise InputError("id: null means a hash of the shown fields, and none is shown; name a column, or `shown`")


def _read(name: str, source: Source, columns: Sequence[str]) -> Iterator[Rows]:
    try:
        yield from source.read(columns)
    except InputError as error:
        raise InputError(f"dataset.sources.{name}: {error}") from error


class _Origins:
    """Where each row of the joined table came from."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.rows: list[tuple[str, Sequence[int]]] = []
        self.total = 0

    def add(self, rows: Rows) -> None:
        self.starts.append(self.total)
        self.rows.append((f"{rows.file}, {rows.unit}", rows.lines))
        self.total += len(rows.lines)

    def __getitem__(self, row: int) -> str:
        part = bisect_right(self.starts, row) - 1
        unit, lines = self.rows[part]
        return f"{unit} {lines[row - self.starts[part]]}"


class _Files:
    """What a column of pictures or sounds names: the files of each row of the joined table."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.files: list[tuple[str | None, Callable[[str], bytes | None]]] = []

    def add(self, source: str, field: str, rows: Rows) -> pa.Array:
        """Note the files, and give the SHA-256 of each."""
        import pyarrow as pa

        if rows.media is None:
            fit = {"image": "Images", "audio": "Sounds"}[self.kind]
            raise InputError(
                f"dataset.sources.{source}: gives no files, and the field {field!r} is of {self.kind}; take {fit}"
            )
        prints: list[str | None] = []
        for cell in rows.table[field].to_pylist():
            data = rows.media(cell) if cell is not None else None
            prints.append(cell if data is None else hashlib.sha256(data).hexdigest())
            self.files.append((cell, rows.media))
        return pa.array(prints, pa.large_string())

    def put(
        self, order: np.ndarray[Any, Any], ids: pd.Series[str], store: media.Store, ending: str
    ) -> list[str | None]:
        """Put each file under its record's id, and give its path; what may not be read keeps the name that it had."""
        placed: list[str | None] = []
        for row, id in zip(order.tolist(), ids, strict=True):
            cell, read = self.files[row]
            data = read(cell) if cell is not None else None
            placed.append(
                cell if cell is None or data is None else store.put(f"{id}{ending}", PurePath(cell).suffix, data)
            )
        return placed


def _own_ids(ids: pa.ChunkedArray, column: str, origins: _Origins) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    for wrong, why in (
        (pc.is_null(ids), "is missing"),
        (pc.equal(ids, ""), "is empty"),
        (pc.greater(pc.utf8_length(ids), LONGEST_ID), f"has more than {LONGEST_ID} characters"),
        (pc.match_substring_regex(ids, r"\p{Cc}"), "has a control character, such as a line end or a tab"),
    ):
        row = pc.index(wrong, True).as_py()
        if row >= 0:
            raise InputError(f"{origins[row]}: the id (column {column!r}) {why}; correct it, or set `id: null`")
    return ids


def _hashed_ids(table: pa.Table, shown: Sequence[str], whole: Sequence[str]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.large_string()
    ids = pa.chunked_array([pa.array([digest[:16] for digest in _digests(table.select(list(shown)))], text)])
    order, again = _ordered(ids)
    if not again.any():
        return ids

    import numpy as np

    repeated = np.zeros(len(ids), dtype=bool)
    repeated[order[:-1][again]] = repeated[order[1:][again]] = True
    rows = np.flatnonzero(repeated)
    same = ids.take(rows).to_pylist()
    ranked = sorted(zip(same, _digests(table.select(list(whole)).take(rows)), range(len(rows)), strict=True))
    for _, group in groupby(ranked, key=lambda each: each[0]):
        for copy, (digest, _, place) in enumerate(group, 1):
            same[place] = f"{digest}-{copy}" if copy > 1 else digest
    return pc.replace_with_mask(ids.combine_chunks(), pa.array(repeated), pa.array(same, text))


def _ordered(ids: pa.ChunkedArray) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The order of the rows by id, and whether each is followed there by its equal."""
    import pyarrow.compute as pc

    order = pc.sort_indices(ids)
    ordered = ids.take(order)
    return order.to_numpy(), pc.equal(ordered[:-1], ordered[1:]).to_numpy(zero_copy_only=False)


def _digests(table: pa.Table) -> list[str]:
    """SHA-256 of each row as canonical JSON: json.dumps(row, ensure_ascii=False, separators=(",", ":"))."""
    digests = []
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            # json.dumps takes twice as long
            cells = ",".join(["null" if cell is None else encode_basestring(cell) for cell in row])
            digests.append(hashlib.sha256(f"[{cells}]".encode()).hexdigest())
    return digests

"""Put the dataset together: each record with its split, and with the label that holds for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from stages import tables

if TYPE_CHECKING:
    import pandas as pd

Line = dict[str, Any]


def label_lines(human: Iterable[Line], auto: Iterable[Line], admitted: Mapping[str, str], guideline: str) -> list[Line]:
    """Give each labelled record its line of `labels.jsonl`: people's label, else the automatic one if it is admitted.

    Parameters
    ----------
    human, auto
        Lines of `data/labels/human.jsonl` and `data/labels/auto.jsonl`.
    admitted
        Why the automatic label of a record is admitted, by record id; the others stay unlabelled.
    guideline
        The guideline under which automatic labels are given, as a hash.

    Returns
    -------
    Lines, sorted by record id.
    """
    keys = ("record", "value", "origin", "by", "confidence", "rounds", "guideline", "why")
    lines: dict[str, Line] = {}
    for line in auto:
        if line["record"] in admitted:
            lines[line["record"]] = {
                "record": line["record"],
                "value": line["value"],
                "origin": "auto",
                "by": [line["by"]],
                "confidence": line["confidence"],
                "rounds": [],
                "guideline": guideline,
                "why": admitted[line["record"]],
            }
    for line in human:
        if line["value"] is not None:
            lines[line["record"]] = {**{key: line.get(key) for key in keys}, "origin": "human"}
    return [lines[record] for record in sorted(lines)]


def dataset(records: pd.DataFrame, splits: pd.DataFrame, lines: Sequence[Line]) -> pd.DataFrame:
    """Join records, splits and labels into one table with the columns `split`, `label`, `origin`, `confidence`."""
    table = records.merge(splits[["id", "split"]], on="id", validate="one_to_one")
    by_record = {line["record"]: line for line in lines}
    for column, key in (("label", "value"), ("origin", "origin"), ("confidence", "confidence")):
        table[column] = [by_record[id][key] if id in by_record else None for id in table["id"]]
    return table


def columns(fields: Mapping[str, str], label: Any) -> tables.Columns:
    """The columns of a split's table; `label` is the kind of column that holds a value (`Task.column`)."""
    payload = {name: "number" if kind == "number" else "text" for name, kind in fields.items()}
    given = {"label": label, "origin": "text", "confidence": "number"}
    return {"id": "text", "content": "text", **payload, "source": "text", **given}


def fingerprint(table: pd.DataFrame, fields: Iterable[str], lines: Sequence[Line]) -> str:
    """Hash what the dataset says, not the bytes it is stored in: 16 hexadecimal digits of a SHA-256.

    It covers each record's id, content, split and fields, and each label with all that is known of it.
    """
    digest = sha256()
    columns = [table[name].astype(object).where(table[name].notna(), None) for name in fields]
    for row in zip(table["id"], table["content"], table["split"], *columns, strict=True):
        digest.update((json.dumps(row, ensure_ascii=False) + "\n").encode())  # not rounded: a field may be tiny
    for line in lines:
        digest.update((tables.dump_line(line) + "\n").encode())
    return digest.hexdigest()[:16]

"""What a version says, in the form in which two versions are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.versions.revisions import Revision, read_json, read_table, read_yaml

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Version:
    """One version of the dataset.

    Parameters
    ----------
    name
        The revision.
    records
        One row per record: `id`, `content`, the fields, `source`, `split`, `label`, `origin`, `confidence`.
    labels, human, auto
        Lines of `labels.jsonl`, `human.jsonl` and `auto.jsonl`, as `parted` gives them.
    rejected
        One row per rejected record: `id`, `operator`, `reason`.
    quality
        `reports/quality.json`.
    params
        Every setting that a stage was run with: `<file>:<key>` and value; and `conf/labeling`, the hash of interfaces
        and guidelines.
    code
        Per stage the files and folders of code that it was run with, and their hashes.
    """

    name: str
    records: pa.Table
    labels: pa.Array
    human: pa.Array
    auto: pa.Array
    rejected: pa.Table
    quality: Mapping[str, Any]
    params: Mapping[str, Any]
    code: Mapping[str, Mapping[str, str]]


def load(revision: Revision) -> Version:
    """Read a version.

    Raises
    ------
    InputError
        It has no dataset, its data are not at hand, or it is written in a form that we do not know.
    """
    import pyarrow as pa

    lock = read_yaml(revision, "dvc.lock")
    if not isinstance(lock, dict) or "assemble" not in lock.get("stages", {}):
        raise InputError(f"{revision.name}: no dataset was made there (dvc.lock has no stage assemble)")
    parts = []
    for split in SPLITS:
        part = read_table(revision, f"data/dataset/{split}")
        if missing := {"id", "content", "label", "origin"}.difference(part.column_names):
            raise InputError(
                f"{revision.name}: data/dataset/{split} has no column {sorted(missing)[0]!r}: the version is from "
                "before a change of the tables' form, and cannot be compared"
            )
        parts.append(part.append_column("split", pa.repeat(pa.scalar(split), len(part))))
    stages = lock["stages"]
    return Version(
        name=revision.name,
        records=pa.concat_tables(parts, promote_options="default").combine_chunks(),
        labels=_lines(revision, "data/dataset/labels.jsonl"),
        human=_lines(revision, "data/labels/human.jsonl"),
        auto=_lines(revision, "data/labels/auto.jsonl"),
        rejected=read_table(revision, "data/clean/rejected", ["id", "operator", "reason"]),
        quality=read_json(revision, "reports/quality.json") or {},
        params=_params(stages),
        code={stage: _hashes(settings, "stages/") for stage, settings in stages.items()},
    )


def parted(data: bytes) -> pa.Array:
    """Part JSON Lines, each with its end, without a Python object for each: there may be millions."""
    import numpy as np
    import pyarrow as pa

    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    starts = np.unique(np.concatenate([[0], ends, [len(data)]])).astype(np.int64)  # the last line may lack its end
    return pa.Array.from_buffers(pa.large_binary(), len(starts) - 1, [None, pa.py_buffer(starts), pa.py_buffer(data)])


def ids(lines: pa.Array) -> pa.Array:
    """Give the record of each line, as JSON writes it: our lines begin with it, and most need not be read further."""
    import pyarrow.compute as pc

    return pc.struct_field(pc.extract_regex(lines, rb'^\{"record": (?P<id>"(?:[^"\\]|\\.)*")'), "id")


def differing(one: Mapping[str, Any], other: Mapping[str, Any], part: str = "") -> list[str]:
    """Name the keys with a part in them under which two mappings say different things."""
    keys = sorted(one.keys() | other.keys())
    return [key for key in keys if part in key and one.get(key) != other.get(key)]


def _lines(revision: Revision, path: str) -> pa.Array:
    with revision.open(path) as file:
        lines = parted(file.read())
    if ids(lines).null_count:
        raise InputError(
            f"{revision.name}: {path} has a line that does not begin with its record: the version is from before a "
            "change of its form, and cannot be compared"
        )
    return lines


def _params(stages: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for settings in stages.values():
        for file, values in settings.get("params", {}).items():
            for key, value in _flat(values):
                flat[f"{file}:{key}"] = value
        flat |= _hashes(settings, "conf/labeling")
    return flat


def _flat(values: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not isinstance(values, dict) or not values:
        return [(prefix, values)]
    return [pair for key, value in values.items() for pair in _flat(value, f"{prefix}.{key}" if prefix else str(key))]


def _hashes(settings: Mapping[str, Any], below: str) -> dict[str, str]:
    return {dep["path"]: dep["md5"] for dep in settings.get("deps", []) if dep["path"].startswith(below)}


def parsed(line: bytes) -> dict[str, Any]:
    return json.loads(line)

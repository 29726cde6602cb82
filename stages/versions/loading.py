"""What a version says, in the form in which two versions are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.versions.revisions import Revision, read_json, read_lines, read_table, read_yaml

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
    lines
        Lines of `labels.jsonl`, as they are written.
    human, auto
        Lines of `human.jsonl` and `auto.jsonl`, likewise.
    rejected
        One row per rejected record: `id`, `operator`, `reason`.
    quality
        `reports/quality.json`.
    params
        Every setting that a stage was run with: `<file>:<key>` and value.
    code
        Per stage the files and folders of code that it was run with, and their hashes.
    """

    name: str
    records: pa.Table
    lines: list[bytes]
    human: list[bytes]
    auto: list[bytes]
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
        lines=read_lines(revision, "data/dataset/labels.jsonl"),
        human=read_lines(revision, "data/labels/human.jsonl"),
        auto=read_lines(revision, "data/labels/auto.jsonl"),
        rejected=read_table(revision, "data/clean/rejected", ["id", "operator", "reason"]),
        quality=read_json(revision, "reports/quality.json") or {},
        params=_params(stages),
        code={stage: _code(settings) for stage, settings in stages.items()},
    )


def _params(stages: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for settings in stages.values():
        for file, values in settings.get("params", {}).items():
            for key, value in _flat(values):
                flat[f"{file}:{key}"] = value
    return flat


def _flat(values: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not isinstance(values, dict) or not values:
        return [(prefix, values)]
    return [pair for key, value in values.items() for pair in _flat(value, f"{prefix}.{key}" if prefix else str(key))]


def _code(settings: Mapping[str, Any]) -> dict[str, str]:
    return {dep["path"]: dep["md5"] for dep in settings.get("deps", []) if dep["path"].startswith("stages/")}


def parsed(line: bytes) -> dict[str, Any]:
    return json.loads(line)

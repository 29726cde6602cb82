"""Two versions of a dataset, row by row: what changed, at which stage, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.versions.loading import Version, parsed

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NONE = "none"  # no label
OWN = ("id", "content", "source", "split", "label", "origin", "confidence")  # columns that are no field
Line = dict[str, Any]  # of labels.jsonl


@dataclass(frozen=True)
class Change:
    """What became of one record.

    Parameters
    ----------
    record
        Its id.
    what
        `added`, `removed`, `changed` (its fields), `moved` (its split), or of its label `gained`, `lost`, `relabelled`
        (another value), `confirmed` (the same value by another).
    old, new
        The label's value, the split, or the names of the fields; None where there is none.
    stage
        The stage that made the difference.
    cause
        Why, in a few words.
    label
        The line of `labels.jsonl` that holds now, or held before it was lost; None for what is no change of a label.
    """

    record: str
    what: str
    old: Any
    new: Any
    stage: str
    cause: str
    label: Line | None = None


def changes(a: Version, b: Version) -> Iterator[Change]:
    """Give every change from one version to the other, each once, sorted by record within each kind."""
    import pyarrow.compute as pc

    before, after = a.records.sort_by("id"), b.records.sort_by("id")
    place = pc.index_in(after["id"], value_set=before["id"].combine_chunks())
    common = pc.is_valid(place)
    gone = before.filter(pc.invert(pc.is_in(before["id"], value_set=after["id"].combine_chunks())))
    thrown = [_reasons(version.rejected) for version in (a, b)]
    come_and_gone = {}
    for id in after.filter(pc.invert(common))["id"].to_pylist():
        operator = thrown[0].get(id)
        cause = f"no longer rejected by {operator}" if operator else "new in the raw data"
        come_and_gone[id] = Change(id, "added", None, None, "clean" if operator else "collect", cause)
    for id in gone["id"].to_pylist():
        operator = thrown[1].get(id)
        cause = f"rejected by {operator}" if operator else "gone from the raw data"
        come_and_gone[id] = Change(id, "removed", None, None, "clean" if operator else "collect", cause)
    old, new = before.take(place.drop_null()), after.filter(common)
    yield from come_and_gone.values()
    yield from _of_fields(a, b, old, new)
    yield from _of_splits(a, b, old, new)
    yield from _of_labels(a, b, come_and_gone)


def _reasons(rejected: pa.Table) -> dict[str, str]:
    return dict(zip(rejected["id"].to_pylist(), rejected["operator"].to_pylist(), strict=True))


def _of_fields(a: Version, b: Version, old: pa.Table, new: pa.Table) -> Iterator[Change]:
    import numpy as np

    fields = [name for name in dict.fromkeys([*old.column_names, *new.column_names]) if name not in OWN]
    kept = [name for name in fields if name in old.column_names and name in new.column_names]
    differs = {name: _differs(old[name], new[name]) for name in [*kept, "content"]}
    rows = np.flatnonzero(np.logical_or.reduce(list(differs.values())))
    cleaning = _differing(a.params, b.params, "conf/cleaning/")
    stage, cause = ("clean", "other cleaning") if cleaning else ("collect", "other raw data, or other code")
    ids = new["id"].to_pylist() if len(rows) else []
    for row in rows:
        names = [name for name in kept if differs[name][row]]
        yield Change(ids[row], "changed", None, names or ["content"], stage, cause)


def _of_splits(a: Version, b: Version, old: pa.Table, new: pa.Table) -> Iterator[Change]:
    import numpy as np

    rows = np.flatnonzero(_differs(old["split"], new["split"]))
    if not len(rows):
        return
    reasons = [key for key in ("params.yaml:seed", ":split.", ":group") if _differing(a.params, b.params, key)]
    cause = "other seed, shares or group" if reasons else "no setting explains it: a record's group changed, or a fault"
    ids, was, now = (column.to_pylist() for column in (new["id"], old["split"], new["split"]))
    for row in rows:
        yield Change(ids[row], "moved", was[row], now[row], "split", cause)


def _of_labels(a: Version, b: Version, come_and_gone: Mapping[str, Change]) -> Iterator[Change]:
    """Only the lines that are not in both are read."""
    same = set(a.lines).intersection(b.lines)
    old = {line["record"]: line for line in (parsed(each) for each in a.lines if each not in same)}
    new = {line["record"]: line for line in (parsed(each) for each in b.lines if each not in same)}
    for record in sorted(old.keys() | new.keys()):
        one, other = old.get(record), new.get(record)
        stage, cause = _cause(one, other)
        if moved := come_and_gone.get(record):
            stage, cause = moved.stage, f"record {moved.what}: {moved.cause}"
        if one is None:
            yield Change(record, "gained", None, other["value"] if other else None, stage, cause, other)
        elif other is None:
            yield Change(record, "lost", one["value"], None, stage, cause, one)
        else:
            what = "confirmed" if one["value"] == other["value"] else "relabelled"
            yield Change(record, what, one["value"], other["value"], stage, cause, other)


def _cause(old: Line | None, new: Line | None) -> tuple[str, str]:
    """Tell which stage made the difference between two labels of a record, and why."""
    was, now = (line["origin"] if line else NONE for line in (old, new))
    if now == "human" and new:
        earlier = old["rounds"] if old and was == "human" else []
        if rounds := [each for each in new["rounds"] if each not in earlier]:
            return "import_labels", f"new annotations in round {', '.join(map(str, rounds))}"
        if was == "human":
            return "import_labels", "other consensus or interface"
        return "import_labels", "people's earlier label counts again"
    if was == "human":
        return "import_labels", "people's label was deleted, or counts no longer"
    if old is None:
        return "assemble", "admitted by the guarantee"
    if new is None:
        return "assemble", "no longer admitted by the guarantee"
    if old["by"] != new["by"]:
        return "annotate", f"other annotator, {', '.join(old['by'])} → {', '.join(new['by'])}"
    return ("annotate", "other proposal") if old["value"] != new["value"] else ("assemble", "other reason or guideline")


def _differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(one.type):
        one, other = (pc.binary_join(column, "\x1f") for column in (one, other))
    if one.type != other.type:
        one, other = one.cast(pa.string()), other.cast(pa.string())
    unequal = pc.or_kleene(pc.not_equal(one, other), pc.xor(one.is_null(), other.is_null()))
    return pc.fill_null(unequal, False).to_numpy()


def _differing(one: Mapping[str, Any], other: Mapping[str, Any], part: str) -> list[str]:
    keys = sorted(one.keys() | other.keys())
    return [key for key in keys if part in key and one.get(key) != other.get(key)]


def summary(a: Version, b: Version, found: Iterator[Change]) -> tuple[dict[str, Any], list[Change]]:
    """Count the changes, and put beside them settings, figures and code.

    Returns
    -------
    Plain values for a report, whose key `same` says that nothing differs; and the changes.
    """
    every = list(found)
    flow: Counter[tuple[str, str]] = Counter()
    for each in every:
        if each.what in ("gained", "lost", "relabelled"):
            flow[_shown(each.old), _shown(each.new)] += 1
    params = [
        {"key": key, "old": a.params.get(key), "new": b.params.get(key)} for key in _differing(a.params, b.params, "")
    ]
    code = {
        stage: sorted(_differing(a.code.get(stage, {}), b.code.get(stage, {}), ""))
        for stage in dict.fromkeys([*a.code, *b.code])
    }
    report = {
        "from": _about(a),
        "to": _about(b),
        "records": _counted(every, "added", "removed", "changed"),
        "labels": _counted(every, "gained", "lost", "relabelled", "confirmed"),
        "flow": [{"old": old, "new": new, "records": count} for (old, new), count in sorted(flow.items())],
        "splits": _counted(every, "moved"),
        "rejected": _rejections(a, b),
        "params": params,
        "metrics": _metrics(a.quality, b.quality),
        "code": {stage: paths for stage, paths in code.items() if paths},
    }
    return {"same": not every and not params and not report["code"] and not report["metrics"], **report}, every


def _about(version: Version) -> dict[str, Any]:
    dataset = version.quality.get("dataset", {})
    origins = Counter(version.records["origin"].to_pylist())
    return {
        "revision": version.name,
        "fingerprint": dataset.get("fingerprint"),
        "records": len(version.records),
        "labelled": {"human": origins["human"], "auto": origins["auto"], NONE: origins[None]},
        "rejected": len(version.rejected),
    }


def _counted(every: list[Change], *kinds: str) -> dict[str, Any]:
    counted: dict[str, Any] = {}
    for kind in kinds:
        causes = Counter((each.stage, each.cause) for each in every if each.what == kind)
        counted[kind] = {
            "count": sum(causes.values()),
            "causes": [
                {"stage": stage, "cause": cause, "count": count}
                for (stage, cause), count in sorted(causes.items(), key=lambda item: (-item[1], item[0]))
            ],
        }
    return counted


def _rejections(a: Version, b: Version) -> dict[str, dict[str, int]]:
    counts = [Counter(version.rejected["operator"].to_pylist()) for version in (a, b)]
    return {name: {"old": counts[0][name], "new": counts[1][name]} for name in sorted(counts[0] | counts[1])}


def _metrics(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the figures of the statement that differ, each with its interval where it has one."""
    figures = [dict(_figures(quality, "")) for quality in (one, other)]
    keys = dict.fromkeys([*figures[0], *figures[1]])
    return [
        {"metric": key, "old": figures[0].get(key), "new": figures[1].get(key)}
        for key in keys
        if not key.startswith("dataset.") and figures[0].get(key) != figures[1].get(key)
    ]


def _figures(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and not {"value", "low", "high"} <= set(value):
        for key, inner in value.items():
            yield from _figures(inner, f"{prefix}.{key}" if prefix else key)
    elif not isinstance(value, list | str):
        yield prefix, value


def _shown(value: Any) -> str:
    return NONE if value is None else value if isinstance(value, str) else ", ".join(map(str, value)) or "[]"

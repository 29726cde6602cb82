"""Two versions of a dataset, row by row: what changed, at which stage, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from stages.versions.loading import Version

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NONE = "none"  # no label
OWN = ("id", "content", "source", "split", "label", "origin", "confidence")  # columns that are no field
TOLD = ("origin", "by", "rounds")  # of a label, beside its value


@dataclass(frozen=True)
class Change:
    """What became of one record; values as texts.

    Parameters
    ----------
    record
        Its id.
    what
        `added`, `removed`, `changed` (its fields), `moved` (its split), or of its label `gained`, `lost`, `relabelled`
        (another value), `confirmed` (the same value, but something else of it changed).
    old, new
        The label's value, the split, or the names of the fields; None where there is none.
    stage
        The stage that made the difference.
    cause
        Why, in a few words.
    origin, by, rounds
        Of the label that holds now, or held before it was lost; None for what is no change of a label.
    """

    record: str
    what: str
    old: str | None
    new: str | None
    stage: str
    cause: str
    origin: str | None = None
    by: str | None = None
    rounds: str | None = None


def changes(a: Version, b: Version) -> pa.Table:
    """Give every change from one version to the other, each once.

    Returns
    -------
    One row per change, sorted by record within each kind, with the columns of `Change`; of the label `origin`, `by` and
    `rounds`, as texts. Whole columns are compared, since a new annotator changes something of every label.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    before, after = a.records.sort_by("id"), b.records.sort_by("id")
    place = pc.index_in(after["id"], value_set=before["id"].combine_chunks())
    common = pc.is_valid(place)
    gone = before.filter(pc.invert(pc.is_in(before["id"], value_set=after["id"].combine_chunks())))
    thrown = [_reasons(version.rejected) for version in (a, b)]
    come_and_gone = []
    for id in after.filter(pc.invert(common))["id"].to_pylist():
        operator = thrown[0].get(id)
        cause = f"no longer rejected by {operator}" if operator else "new in the raw data"
        come_and_gone.append(Change(id, "added", None, None, "clean" if operator else "collect", cause))
    for id in gone["id"].to_pylist():
        operator = thrown[1].get(id)
        cause = f"rejected by {operator}" if operator else "gone from the raw data"
        come_and_gone.append(Change(id, "removed", None, None, "clean" if operator else "collect", cause))
    old, new = before.take(place.drop_null()), after.filter(common)
    rows = [*come_and_gone, *_of_fields(a, b, old, new), *_of_splits(a, b, old, new)]
    return pa.concat_tables([_table(rows), _of_labels(a, b, {each.record: each for each in come_and_gone})])


def listed(changes: pa.Table, limit: int) -> list[Change]:
    """Give the first of the changes one by one."""
    return [Change(**row) for row in changes.slice(0, limit).to_pylist()]


def _table(rows: list[Change]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist([vars(each) for each in rows], _schema())  # asdict copies


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(each.name, pa.string()) for each in fields(Change)])


def _reasons(rejected: pa.Table) -> dict[str, str]:
    return dict(zip(rejected["id"].to_pylist(), rejected["operator"].to_pylist(), strict=True))


def _of_fields(a: Version, b: Version, old: pa.Table, new: pa.Table) -> Iterator[Change]:
    import numpy as np

    names = [name for name in dict.fromkeys([*old.column_names, *new.column_names]) if name not in OWN]
    kept = [name for name in names if name in old.column_names and name in new.column_names]
    differs = {name: _differs(old[name], new[name]) for name in [*kept, "content"]}
    rows = np.flatnonzero(np.logical_or.reduce(list(differs.values())))
    cleaning = _differing(a.params, b.params, "conf/cleaning/")
    stage, cause = ("clean", "other cleaning") if cleaning else ("collect", "other raw data, or other code")
    ids = new["id"].to_pylist() if len(rows) else []
    for row in rows:
        changed = [name for name in kept if differs[name][row]]
        yield Change(ids[row], "changed", None, ", ".join(changed) or "content", stage, cause)


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


def _of_labels(a: Version, b: Version, come_and_gone: Mapping[str, Change]) -> pa.Table:
    """Compare the lines that are not in both; what they have in common is looked at once for each combination."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    same = set(a.lines).intersection(b.lines)
    old, new = (_labels([line for line in version.lines if line not in same]) for version in (a, b))
    records = pc.unique(pa.concat_arrays([old["record"].combine_chunks(), new["record"].combine_chunks()])).sort()
    old, new = (labels.take(pc.index_in(records, value_set=labels["record"].combine_chunks())) for labels in (old, new))
    moved = pa.array([id in come_and_gone for id in records.to_pylist()], pa.bool_())
    equal = pc.fill_null(pc.equal(old["value"], new["value"]), False)
    told = {f"{when}_{name}": labels[name] for when, labels in (("old", old), ("new", new)) for name in TOLD}
    kinds, codes = _combinations({**told, "same": equal})
    causes = [_kind(kind) for kind in kinds]
    what, stage, cause = (pa.array([each[i] for each in causes], pa.string()).take(codes) for i in range(3))
    if come_and_gone:  # those have causes of their own
        rows = np.flatnonzero(moved.to_numpy(zero_copy_only=False))
        whose = [come_and_gone[id] for id in records.take(pa.array(rows)).to_pylist()]
        stage = pc.replace_with_mask(stage, moved, pa.array([each.stage for each in whose], pa.string()))
        said = [f"record {each.what}: {each.cause}" for each in whose]
        cause = pc.replace_with_mask(cause, moved, pa.array(said, pa.string()))
    now = {name: pc.coalesce(new[name], old[name]) for name in TOLD}
    columns = {
        "record": records,
        "what": what,
        "old": old["value"],
        "new": new["value"],
        "stage": stage,
        "cause": cause,
    }
    return pa.table({**columns, **now}).cast(_schema())


def _labels(lines: list[bytes]) -> pa.Table:
    """Read lines of `labels.jsonl`: record, value, origin, and what is told of each, as texts."""
    from io import BytesIO

    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import json as reader

    texts = pa.schema([(name, pa.string()) for name in ("record", "origin")])
    lists = pa.schema([("by", pa.list_(pa.string())), ("rounds", pa.list_(pa.int64()))])
    if not lines:
        return pa.schema([(name, pa.string()) for name in ("record", "value", *TOLD)]).empty_table()
    table = reader.read_json(
        BytesIO(b"\n".join(lines)),
        reader.ReadOptions(block_size=max(2**24, 2 * max(map(len, lines)))),
        reader.ParseOptions(explicit_schema=pa.unify_schemas([texts, lists]), unexpected_field_behavior="infer"),
    )
    joined = {
        "by": pc.binary_join(table["by"], ", "),
        "rounds": pc.binary_join(table["rounds"].cast(pa.list_(pa.string())), ", "),
    }
    return pa.table({"record": table["record"], "value": _text(table["value"]), "origin": table["origin"], **joined})


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write values as texts: a list of labels with commas, anything else as JSON."""
    import json

    import pyarrow as pa
    import pyarrow.compute as pc

    if values.type == pa.string():
        return values
    if values.type in (pa.list_(pa.string()), pa.list_(pa.null())):
        return pc.binary_join(values.cast(pa.list_(pa.string())), ", ")
    return pa.chunked_array([pa.array([json.dumps(each) for each in values.to_pylist()], pa.string())])


def _combinations(columns: Mapping[str, Any]) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Give the different combinations of values in some columns, and which of them each row has."""
    import numpy as np
    import pyarrow as pa

    key = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    for column in columns.values():
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        codes = whole.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
        key = np.unique(key * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1]
    _, first, codes = np.unique(key, return_index=True, return_inverse=True)
    kinds = pa.table(dict(columns)).take(pa.array(first)).to_pylist()
    return kinds, codes


def _kind(kind: Mapping[str, Any]) -> tuple[str, str, str]:
    """Tell what became of a label, which stage made the difference, and why."""
    was, now = kind["old_origin"], kind["new_origin"]
    what = "gained" if was is None else "lost" if now is None else "confirmed" if kind["same"] else "relabelled"
    return what, *_cause(kind, was, now)


def _cause(kind: Mapping[str, Any], was: str | None, now: str | None) -> tuple[str, str]:
    if now == "human":
        earlier = kind["old_rounds"].split(", ") if was == "human" else []
        if rounds := [each for each in kind["new_rounds"].split(", ") if each and each not in earlier]:
            return "import_labels", f"new annotations in round {', '.join(rounds)}"
        if was == "human":
            return "import_labels", "other consensus or interface"
        return "import_labels", "people's earlier label counts again"
    if was == "human":
        return "import_labels", "people's label was deleted, or counts no longer"
    if was is None:
        return "assemble", "admitted by the guarantee"
    if now is None:
        return "assemble", "no longer admitted by the guarantee"
    if kind["old_by"] != kind["new_by"]:
        return "annotate", f"other annotator, {kind['old_by']} → {kind['new_by']}"
    return ("assemble", "other confidence, reason or guideline") if kind["same"] else ("annotate", "other proposal")


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


def summary(a: Version, b: Version, found: pa.Table) -> dict[str, Any]:
    """Count changes, and put beside them settings, figures and code.

    Parameters
    ----------
    a, b
        Two versions.
    found
        Their changes.

    Returns
    -------
    Plain values for a report, whose key `same` says that nothing differs.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = found.group_by(["what", "stage", "cause"]).aggregate([([], "count_all")]).to_pylist()
    relabelled = found.filter(pc.is_in(found["what"], value_set=pa.array(["gained", "lost", "relabelled"])))
    flow = relabelled.group_by(["old", "new"]).aggregate([([], "count_all")]).to_pylist()
    moved = [{"old": each["old"] or NONE, "new": each["new"] or NONE, "records": each["count_all"]} for each in flow]
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
        "records": _counted(counts, "added", "removed", "changed"),
        "labels": _counted(counts, "gained", "lost", "relabelled", "confirmed"),
        "flow": sorted(moved, key=lambda each: (each["old"], each["new"])),
        "splits": _counted(counts, "moved"),
        "rejected": _rejections(a, b),
        "params": params,
        "metrics": _metrics(a.quality, b.quality),
        "code": {stage: paths for stage, paths in code.items() if paths},
    }
    return {"same": not len(found) and not params and not report["code"] and not report["metrics"], **report}


def _about(version: Version) -> dict[str, Any]:
    dataset = version.quality.get("dataset", {})
    origins = Counter({each["values"]: each["counts"] for each in version.records["origin"].value_counts().to_pylist()})
    return {
        "revision": version.name,
        "fingerprint": dataset.get("fingerprint"),
        "records": len(version.records),
        "labelled": {"human": origins["human"], "auto": origins["auto"], NONE: origins[None]},
        "rejected": len(version.rejected),
    }


def _counted(counts: list[dict[str, Any]], *kinds: str) -> dict[str, Any]:
    counted: dict[str, Any] = {}
    for kind in kinds:
        causes = [
            {"stage": each["stage"], "cause": each["cause"], "count": each["count_all"]}
            for each in counts
            if each["what"] == kind
        ]
        causes.sort(key=lambda each: (-each["count"], each["stage"], each["cause"]))
        counted[kind] = {"count": sum(each["count"] for each in causes), "causes": causes}
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

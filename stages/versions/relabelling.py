"""What became of each label between two versions, at which stage, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stages.versions.columns import combinations, matched
from stages.versions.loading import Version, differing, ids

if TYPE_CHECKING:
    import pyarrow as pa

TOLD = ("origin", "by", "rounds")  # of a label, beside its value
SETTLED = {"consensus": "conf/review/", "interface": "labeling"}  # what makes a label of people's answers, and where


def relabelling(a: Version, b: Version) -> dict[str, pa.ChunkedArray]:
    """Compare the labels of two versions.

    Lines that are the same in both are not read at all; what others have in common is looked at once for each
    combination.

    Returns
    -------
    One row per label that changed, with the columns of `difference.Change`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    old, new = _changed(a.labels, b.labels)
    same = pc.fill_null(pc.equal(old["value"], new["value"]), False)
    sides = (("old", old), ("new", new))
    told = {f"{when}_{name}": labels[name] for when, labels in sides for name in (*TOLD, "guideline")}
    kinds, codes = combinations({**told, "same": same})
    settled = [what for what, part in SETTLED.items() if differing(a.params, b.params, part)]
    consensus = f"other {' or '.join(settled or SETTLED)}"
    why = list(zip(*(_why(kind, consensus) for kind in kinds), strict=True)) or [()] * 3
    what, stage, cause = (pa.array(each, pa.string()).take(codes) for each in why)
    return {
        "record": pc.coalesce(new["record"], old["record"]),
        "what": what,
        "old": old["value"],
        "new": new["value"],
        "stage": stage,
        "cause": cause,
        **{name: pc.coalesce(new[name], old[name]) for name in TOLD},
    }


def _changed(before: pa.Array, after: pa.Array) -> tuple[pa.Table, pa.Table]:
    """Read the lines that differ, those of a record side by side; nulls where a version has no label for it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    place, gone = matched(ids(before), ids(after))
    lost = before.filter(gone)
    old = pa.concat_arrays([before.take(place), lost])
    new = pa.concat_arrays([after, pa.nulls(len(lost), after.type)])
    differs = pc.invert(pc.fill_null(pc.equal(old, new), False))
    tables = []
    for lines in (old.filter(differs), new.filter(differs)):
        there = lines.is_valid().to_numpy(zero_copy_only=False)
        tables.append(_read(lines.drop_null()).take(pa.array(np.cumsum(there) - 1, mask=~there)))
    return tables[0], tables[1]


def _read(lines: pa.Array) -> pa.Table:
    """Read lines of `labels.jsonl`: record, value, origin, and what is told of each, as texts."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import json as reader

    if not len(lines):
        return pa.schema([(name, pa.string()) for name in ("record", "value", "guideline", *TOLD)]).empty_table()
    texts = [pa.field(name, pa.string()) for name in ("record", "origin", "guideline")]
    lists = [pa.field("by", pa.list_(pa.string())), pa.field("rounds", pa.list_(pa.int64()))]
    offsets = pa.array([0, len(lines)], pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, lines), pa.scalar(b"", lines.type))
    longest = pc.max(pc.binary_length(lines)).as_py()
    table = reader.read_json(
        pa.BufferReader(joined[0].as_buffer()),
        reader.ReadOptions(block_size=max(2**24, 2 * longest)),
        reader.ParseOptions(explicit_schema=pa.schema([*texts, *lists]), unexpected_field_behavior="infer"),
    )
    return pa.table(
        {
            "record": table["record"],
            "value": _text(table["value"]),
            "guideline": table["guideline"],
            "origin": table["origin"],
            "by": pc.binary_join(table["by"], ", "),
            "rounds": pc.binary_join(table["rounds"].cast(pa.list_(pa.string())), ", "),
        }
    )


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write values as texts: a list of labels with commas, anything else as JSON."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if values.type == pa.string():
        return values
    if values.type in (pa.list_(pa.string()), pa.list_(pa.null())):
        return pc.binary_join(values.cast(pa.list_(pa.string())), ", ")
    return pa.chunked_array([pa.array([json.dumps(each) for each in values.to_pylist()], pa.string())])


def _why(kind: Mapping[str, Any], consensus: str) -> tuple[str, str, str]:
    """Tell what became of a label, which stage made the difference, and why."""
    was, now = kind["old_origin"], kind["new_origin"]
    what = "gained" if was is None else "lost" if now is None else "confirmed" if kind["same"] else "relabelled"
    return what, *_cause(kind, was, now, consensus)


def _cause(kind: Mapping[str, Any], was: str | None, now: str | None, consensus: str) -> tuple[str, str]:
    if now == "human":
        earlier = kind["old_rounds"].split(", ") if was == "human" else []
        if rounds := [each for each in kind["new_rounds"].split(", ") if each and each not in earlier]:
            return "import_labels", f"new annotations in round {', '.join(rounds)}"
        if was == "human":
            return "import_labels", consensus
        return "import_labels", "people's earlier label counts again"
    if was == "human":
        return "import_labels", "people's label was deleted, or counts no longer"
    if was is None:
        return "assemble", "admitted by the guarantee"
    if now is None:
        return "assemble", "no longer admitted by the guarantee"
    if kind["old_by"] != kind["new_by"]:
        return "annotate", f"other annotator, {kind['old_by']} → {kind['new_by']}"
    if kind["same"]:
        other = kind["old_guideline"] != kind["new_guideline"]
        return "assemble", "other guideline" if other else "other confidence or reason"
    return "annotate", "other proposal"

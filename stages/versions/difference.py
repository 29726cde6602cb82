"""Two versions of a dataset, row by row: what changed, at which stage, and why."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from stages.versions.columns import combinations, differs, matched
from stages.versions.loading import Version, differing
from stages.versions.relabelling import relabelling

if TYPE_CHECKING:
    import pyarrow as pa

OWN = ("id", "content", "source", "split", "label", "origin", "confidence")  # columns that are no field
CAUSES = {
    "added": ("no longer rejected by", "new in the raw data"),
    "removed": ("rejected by", "gone from the raw data"),
}


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
    One row per change, sorted by record within each kind, with the columns of `Change`, all texts. Whole columns are
    compared, since a new annotator changes something of every label.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    before, after = a.records.sort_by("id"), b.records.sort_by("id")
    place, gone = matched(before["id"], after["id"])
    common = place.is_valid()
    added = _of_records("added", after["id"].filter(pc.invert(common)), a.rejected)
    removed = _of_records("removed", before["id"].filter(gone), b.rejected)
    come_and_gone = pa.concat_tables([added, removed])
    old, new = before.take(place.drop_null()), after.filter(common)
    changed, moved = _of_fields(a, b, old, new), _of_splits(a, b, old, new)
    return pa.concat_tables([come_and_gone, changed, moved, _of_labels(a, b, come_and_gone)])


def listed(changes: pa.Table, limit: int) -> list[Change]:
    """Give the first of the changes one by one."""
    return [Change(**row) for row in changes.slice(0, limit).to_pylist()]


def _table(record: pa.ChunkedArray, **columns: pa.ChunkedArray | str | None) -> pa.Table:
    """Make rows of changes; what is given as one text holds for all of them."""
    import pyarrow as pa

    schema = pa.schema([(each.name, pa.string()) for each in fields(Change)])
    given = {"record": record, **columns}
    one = {name for name in schema.names if given.get(name) is None or isinstance(given[name], str)}
    return pa.table(
        {
            name: pa.repeat(pa.scalar(given.get(name), pa.string()), len(record)) if name in one else given[name]
            for name in schema.names
        }
    ).cast(schema)


def _of_records(what: str, ids: pa.ChunkedArray, rejected: pa.Table) -> pa.Table:
    """Tell of records that one version alone has why the other, whose rejected records are given, has them not."""
    import pyarrow.compute as pc

    by, raw = CAUSES[what]
    operator = rejected["operator"].take(pc.index_in(ids, value_set=rejected["id"]))
    known = operator.is_valid()
    cause = pc.if_else(known, pc.binary_join_element_wise(by, operator, " "), raw)
    return _table(ids, what=what, stage=pc.if_else(known, "clean", "collect"), cause=cause)


def _of_fields(a: Version, b: Version, old: pa.Table, new: pa.Table) -> pa.Table:
    import pyarrow as pa

    kept = [name for name in new.column_names if name in old.column_names and name not in OWN]
    changed = pa.table({name: differs(old[name], new[name]) for name in (*kept, "content")})
    kinds, codes = combinations({name: changed[name] for name in changed.column_names})
    names = [[name for name in kept if kind[name]] or ["content"] * kind["content"] for kind in kinds]
    which = pa.array([", ".join(each) or None for each in names], pa.string()).take(codes)
    cleaning = differing(a.params, b.params, "conf/cleaning/")
    stage, cause = ("clean", "other cleaning") if cleaning else ("collect", "other raw data, or other code")
    return _table(new["id"].filter(which.is_valid()), what="changed", new=which.drop_null(), stage=stage, cause=cause)


def _of_splits(a: Version, b: Version, old: pa.Table, new: pa.Table) -> pa.Table:
    reasons = [key for key in ("params.yaml:seed", ":split.", ":group") if differing(a.params, b.params, key)]
    cause = "other seed, shares or group" if reasons else "no setting explains it: a record's group changed, or a fault"
    moved = differs(old["split"], new["split"])
    was, now, ids = (column.filter(moved) for column in (old["split"], new["split"], new["id"]))
    return _table(ids, what="moved", old=was, new=now, stage="split", cause=cause)


def _of_labels(a: Version, b: Version, come_and_gone: pa.Table) -> pa.Table:
    """Compare labels; those of records that came or went changed for that reason."""
    import pyarrow.compute as pc

    labels = _table(**relabelling(a, b)).sort_by("record")
    place = pc.index_in(labels["record"], value_set=come_and_gone["record"])
    what, stage, cause = (come_and_gone[name].take(place) for name in ("what", "stage", "cause"))
    reasons = {
        "stage": pc.coalesce(stage, labels["stage"]),
        "cause": pc.coalesce(pc.binary_join_element_wise("record ", what, ": ", cause, ""), labels["cause"]),
    }
    for name, reason in reasons.items():
        labels = labels.set_column(labels.column_names.index(name), name, reason)
    return labels

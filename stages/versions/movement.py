"""Whether quality, the distribution of labels and what the texts are like moved between two versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stages.quality import paired_change, spread, text_drift, wilson
from stages.versions.columns import differs
from stages.versions.loading import Version, ids, parsed

if TYPE_CHECKING:
    import pyarrow as pa

SEED = 0  # of all draws: a comparison has no seed of its own, and says the same each time
TEXTS = 1000  # of each version, at most, are told apart
FEW = 10  # texts of its own, at least, for a version to be judged by these


def movement(a: Version, b: Version) -> dict[str, Any]:
    """Compare the annotators of two versions on the same records, the labels of all, and the texts of new ones.

    Returns
    -------
    - `annotator`: for the random queue and for audits, as `quality.paired_change`, with people's labels as they are in
      the later version for truth, before the model had a record asked again. Proposals for records that an annotator
      learned from are out of fold, so they may be judged as well.
    - `distribution` of labels, as `quality.spread`, and `relabelled`: of the `n` records with a label in both, the
      share that has another one now, with its interval.
    - `texts`, as `quality.text_drift`, of a sample of the texts that one version alone has; of all its texts, if a
      version has hardly any of its own.
    """
    before, after = (_proposals(version.auto, ids(b.human)) for version in (a, b))
    people = {line["record"]: line for line in map(parsed, b.human.to_pylist()) if line["value"] is not None}
    first = {id: line.get("first") or line for id, line in people.items()}  # before it was asked again
    paired = {}
    for queue in ("random", "audit"):
        asked = {
            id: line["value"]
            for id, line in first.items()
            if line["value"] is not None and any(each.startswith(queue) for each in line["queues"])
        }
        right = [{id: value == asked[id] for id, value in each.items() if id in asked} for each in (before, after)]
        paired[queue] = paired_change(right[0], right[1], SEED)
    return {
        "annotator": paired,
        "distribution": spread(_counts(a), _counts(b)),
        "relabelled": _relabelled(a.records, b.records),
        "texts": _texts(a, b),
    }


def _proposals(lines: pa.Array, wanted: pa.Array) -> dict[str, Any]:
    """Read the lines of `auto.jsonl` for some records; most of a large dataset is not needed."""
    import pyarrow.compute as pc

    found = lines.filter(pc.is_in(ids(lines), value_set=wanted))
    return {line["record"]: line["value"] for line in map(parsed, found.to_pylist())}


def _counts(version: Version) -> dict[str, int]:
    """Do as `quality.counted` does, for millions of records."""
    counts: Counter[str] = Counter()
    for labels in _names(version.records["label"].drop_null()):
        counts.update({each["values"]: each["counts"] for each in labels.value_counts().to_pylist()})
    return dict(counts)


def _names(labels: pa.ChunkedArray) -> Iterator[pa.ChunkedArray]:
    """Give the names of labels in choices, lists, regions, and parts of a value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(labels.type):
        yield from _names(pc.list_flatten(labels))
    elif pa.types.is_struct(labels.type):
        parts = [field.name for field in labels.type]
        for part in ["label"] if "label" in parts else parts:
            yield from _names(pc.struct_field(labels, part))
    else:
        yield labels.cast(pa.string())


def _relabelled(old: pa.Table, new: pa.Table) -> dict[str, Any]:
    """Do as `quality.relabelled` does, for millions of records."""
    import pyarrow.compute as pc

    old, new = (each.filter(pc.is_valid(each["label"])) for each in (old, new))
    place = pc.index_in(new["id"], value_set=old["id"])
    common = pc.is_valid(place)
    changed = differs(old["label"].take(place.drop_null()), new["label"].filter(common))
    return {"n": len(changed), **wilson(int(changed.sum()), len(changed))}


def _texts(a: Version, b: Version) -> dict[str, Any]:
    import pyarrow.compute as pc

    shown = [name for name in _shown(b) if name in a.records.column_names]
    shared = [pc.is_in(one.records["content"], value_set=other.records["content"]) for one, other in ((a, b), (b, a))]
    own = [version.records.filter(pc.invert(each)) for version, each in zip((a, b), shared, strict=True)]
    if not shown or max(map(len, own)) < FEW:
        reason = f"fewer than {FEW} texts are new or gone" if shown else "people are not shown the same texts in both"
        return {"n": 0, "auc": {"value": None, "low": None, "high": None, "reason": reason}}
    told = [each if len(each) >= FEW else version.records for each, version in zip(own, (a, b), strict=True)]
    before, after = (_sample(each, shown) for each in told)
    return text_drift(before, after, SEED)


def _shown(version: Version) -> list[str]:
    """Name the texts that people are shown."""
    settings = {key.partition(":")[2]: value for key, value in version.params.items() if key.startswith("conf/dataset")}
    return [name for name in settings.get("shown") or () if settings.get(f"fields.{name}") == "text"]


def _sample(records: pa.Table, shown: Sequence[str]) -> list[str]:
    import numpy as np

    places = np.random.Generator(np.random.PCG64(SEED)).permutation(len(records))[:TEXTS]
    rows = records.select(shown).take(np.sort(places)).to_pylist()
    return [" ".join(row[name] or "" for name in shown) for row in rows]

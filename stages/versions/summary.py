"""How many of each change there are between two versions, beside settings, figures and code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.versions.loading import Version, differing

if TYPE_CHECKING:
    import pyarrow as pa

NONE = "none"  # no label


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
        {"key": key, "old": a.params.get(key), "new": b.params.get(key)} for key in differing(a.params, b.params, "")
    ]
    code = {
        stage: sorted(differing(a.code.get(stage, {}), b.code.get(stage, {}), ""))
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

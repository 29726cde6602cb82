"""The history of all versions, told to people in tables, with drawings for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stages.report import charts
from stages.report.charts import Measured
from stages.versions.releasing import verdict
from stages.versions.rendering import Table
from stages.versions.showing import figure

Row = Mapping[str, Any]

LABELLED = {"human": "by people", "auto": "automatic", "none": "without label"}
ESTIMATES = {"cross_validated": "cross-validated", "audit": "audit"}
METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1"}
MOVES = {"jensen_shannon": "Jensen–Shannon, bits", "psi": "stability index", "cramers_v": "Cramér's V"}


def tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Tell of all versions how large, how good, what is promised, at what cost, and how far each moved.

    Parameters
    ----------
    rows
        As `history.history` gives them.
    """
    names = [row["version"].removeprefix("dataset-") for row in rows]
    counts = [
        (name, row["date"], row["commit"], *(f"{row[key]:,}" for key in ("records", "rejected")), *_labelled(row))
        for name, row in zip(names, rows, strict=True)
    ]
    drawn = charts.over(
        names, {what: [_point(row["labelled"][key]) for row in rows] for key, what in LABELLED.items() if key != "none"}
    )
    heads = ("version", "date", "commit", "records", "rejected", *LABELLED.values())
    yield Table("Records and labels", heads, counts, drawn)

    quality = [
        (name, *(figure(_estimate(row, key, metric)) for key in ESTIMATES for metric in METRICS), _alpha(row))
        for name, row in zip(names, rows, strict=True)
    ]
    heads = ("version", *(f"{metric}, {what}" for what in ESTIMATES.values() for metric in METRICS.values()))
    drawn = charts.over(
        names,
        {
            f"accuracy, {what}": [_point(_estimate(row, key, "accuracy")) for row in rows]
            for key, what in ESTIMATES.items()
        },
    )
    yield Table("Quality of the annotator", (*heads, "people's alpha"), quality, drawn)

    promises = [
        (name, *(figure(row["guarantee"].get(key)) for key in ("error_bound", "coverage", "alpha")), _why(row))
        for name, row in zip(names, rows, strict=True)
    ]
    shares = {"error_bound": "wrong at most", "coverage": "coverage"}
    drawn = charts.over(
        names, {what: [_point(row["guarantee"].get(key)) for row in rows] for key, what in shares.items()}
    )
    yield Table("What is promised", ("version", *shares.values(), "α", ""), promises, drawn)

    gates = [(name, verdict(row["gates"])) for name, row in zip(names, rows, strict=True)]
    yield Table("Gates", ("version", ""), gates)

    costs = [
        (name, f"{cost['people']:,}", f"{cost['answers']:,}", _hours(cost))
        for name, cost in zip(names, (row["cost"] for row in rows), strict=True)
    ]
    drawn = charts.over(names, {"people's hours": [_point(row["cost"]["hours"]) for row in rows]})
    yield Table("What people did", ("version", "people", "answers", "hours"), costs, drawn)

    if not all("moved" in row for row in rows):
        return
    moved = [
        (name, *(figure(move[key]) for key in (*MOVES, "relabelled")), move["reason"] or "")
        for name, move in zip(names, (row["moved"] for row in rows), strict=True)
    ]
    drawn = charts.over(
        names,
        {
            "Jensen–Shannon, bits": [_point(row["moved"]["jensen_shannon"]) for row in rows],
            "share of labels changed": [_point(row["moved"]["relabelled"]) for row in rows],
        },
    )
    heads = ("version", *MOVES.values(), "share of labels changed", "")
    yield Table("How labels moved since the version before", heads, moved, drawn)


def _labelled(row: Row) -> list[str]:
    return [f"{row['labelled'][key]:,}" for key in LABELLED]


def _estimate(row: Row, key: str, metric: str) -> Any:
    return (row["annotator"].get(key) or {}).get(metric)


def _alpha(row: Row) -> str:
    return figure(row["agreement"].get("alpha"))


def _why(row: Row) -> str:
    return row["guarantee"].get("reason") or ""


def _hours(cost: Row) -> str:
    if cost["hours"] is None:
        return f"not known: {cost['reason']}"
    told = f"{cost['hours']:.1f}"
    return told if cost["timed"] == cost["answers"] else f"{told}, of {cost['timed']:,} answers that tell it"


def _point(value: Any) -> Measured | None:
    if isinstance(value, Mapping):
        return None if value.get("value") is None else (value["value"], value.get("low"), value.get("high"))
    return None if value is None else (value, None, None)

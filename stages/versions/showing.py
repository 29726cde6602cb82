"""A comparison, told to people in tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stages.versions.difference import Change
from stages.versions.rendering import Table

DRIFT = {
    "labels, Jensen–Shannon divergence in bits": "jensen_shannon",
    "labels, population stability index": "psi",
    "labels, Cramér's V": "cramers_v",
}


def tables(report: Mapping[str, Any], records: Sequence[Change] = ()) -> Iterator[Table]:
    """Give the parts of a comparison that have something to say, the most telling first.

    Parameters
    ----------
    report
        As `difference.summary` makes it.
    records
        Changes to list one by one.
    """
    old, new = report["from"], report["to"]
    names = ("", old["revision"], new["revision"])
    sizes = [
        ("records", f"{old['records']:,}", f"{new['records']:,}"),
        ("labelled by people", f"{old['labelled']['human']:,}", f"{new['labelled']['human']:,}"),
        ("labelled automatically", f"{old['labelled']['auto']:,}", f"{new['labelled']['auto']:,}"),
        ("without label", f"{old['labelled']['none']:,}", f"{new['labelled']['none']:,}"),
        ("rejected by cleaning", f"{old['rejected']:,}", f"{new['rejected']:,}"),
        ("fingerprint", str(old["fingerprint"]), str(new["fingerprint"])),
    ]
    yield Table("The dataset", names, sizes)
    causes = [
        (what, f"{cause['count']:,}", cause["stage"], cause["cause"])
        for part in ("records", "labels", "splits")
        for what, counted in report[part].items()
        for cause in counted["causes"]
    ]
    yield Table("What changed, where and why", ("", "records", "stage", "cause"), causes)
    flow = [(each["old"], each["new"], f"{each['records']:,}") for each in report["flow"]]
    yield Table("Labels, from and to", ("from", "to", "records"), flow)
    paired = [
        (
            f"{queue} queue" if queue == "random" else queue,
            f"{each['n']:,}",
            _change(each["change"]),
            f"{each['repaired']:,}",
            f"{each['broken']:,}",
            f"{each['p']:.3f}",
        )
        for queue, each in report["annotator"].items()
        if each["p"] is not None and each["repaired"] + each["broken"]
    ]
    heads = ("judged by people", "records", "change of accuracy", "repaired", "broken", "p")
    yield Table("The annotator, on the same records", heads, paired)
    labels = report["distribution"]
    if labels["before"] != labels["after"]:
        counts = [(name, f"{labels['before'][name]:,}", f"{labels['after'][name]:,}") for name in labels["before"]]
        yield Table("Labels, how many of each", names, counts)
    told = {name: labels[key] for name, key in DRIFT.items()} | {
        "share of labels that became another": report["relabelled"],
        "texts told apart (area under the ROC curve; .5 is chance)": report["texts"]["auc"],
    }
    moved = [(name, figure(value)) for name, value in told.items() if figure(value) != "–"]
    yield Table("Drift", ("", "value"), [] if report["same"] else moved)
    rejected = [
        (name, f"{count['old']:,}", f"{count['new']:,}")
        for name, count in report["rejected"].items()
        if count["old"] != count["new"]
    ]
    yield Table("Rejected, by operator", ("", *names[1:]), rejected)
    yield Table(
        "Figures", names, [(each["metric"], figure(each["old"]), figure(each["new"])) for each in report["metrics"]]
    )
    params = [(each["key"], _short(each["old"]), _short(each["new"])) for each in report["params"]]
    yield Table("Settings", names, params)
    code = [(stage, ", ".join(paths)) for stage, paths in report["code"].items()]
    yield Table("Code that changed below a stage", ("stage", "files"), code)
    rows = [
        (each.record, each.what, _short(each.old), _short(each.new), each.stage, each.cause, _by(each))
        for each in records
    ]
    yield Table("Records", ("record", "", "from", "to", "stage", "cause", "by"), rows)


def headline(report: Mapping[str, Any]) -> str:
    """Say what is compared, and whether it is the same."""
    same = ": the same" if report["same"] else ""
    return f"{report['from']['revision']} → {report['to']['revision']}{same}"


def _change(value: Mapping[str, Any]) -> str:
    return f"{value['value']:+.3f} ({value['low']:+.3f} to {value['high']:+.3f})"


def figure(value: Any) -> str:
    """Write a figure, with its interval if it has one; a dash for what is not known."""
    if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
        return "–" if value["value"] is None else f"{value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _short(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _by(change: Change) -> str:
    if change.origin is None:
        return ""
    return f"{change.origin}: {change.by}" + (f" (rounds {change.rounds})" if change.rounds else "")

"""What people can do about a gate that a version does not pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.quality.findings import IMPORTED, LABELLED
from stages.quality.gates import PASS

Block = Mapping[str, Any]

SAMPLES = {"annotator.audit.": "audit", "annotator.cross_validated.": "random"}  # which queue an estimate comes from
WIDER = "the value clears the bound, and a larger sample would show it"
BETTER = "the annotator has to become better"
OTHER = "another annotator (conf/annotator/) would help more than labels"
BOTH = "let two people or more label each record (overlap in conf/review/), or set it to null in conf/quality/"
AGREE = "more labels do not make people agree; a clearer guideline in conf/labeling/ may"
UNKNOWN = "it is not known how labels would change this metric"


def advice(gates: Block, stated: Block) -> dict[str, Any]:
    """Say for each gate that is not passed what would help most.

    Parameters
    ----------
    gates
        What `judge` found.
    stated
        The statement, with its `annotator`, `guarantee` and `forecast`.

    Returns
    -------
    By gate: the `queue` that people should answer more of (`audit`, `random`, `active`, or null if none would help),
    how many `labels` more (`value`, and by the learning curve `low` and `high`; null with a `reason` if that is not
    known), and the `reason`.
    """
    found = {name: each for name, each in gates.items() if isinstance(each, Mapping) and each["verdict"] != PASS}
    return {name: _advise(name, finding, stated) for name, finding in found.items()}


def _advise(name: str, finding: Block, stated: Block) -> dict[str, Any]:
    metric = finding["metric"]
    if sample := next((queue for prefix, queue in SAMPLES.items() if metric.startswith(prefix)), None):
        return _estimate(name, finding, sample, stated)
    if metric.startswith("guarantee."):
        return _guarantee(finding, stated)
    if metric.startswith("agreement."):
        return _told(None, None, BOTH, finding["reason"]) if finding["value"] is None else _told(None, None, AGREE)
    return _told(None, None, UNKNOWN)


def _estimate(name: str, finding: Block, sample: str, stated: Block) -> dict[str, Any]:
    if finding["value"] is None:
        return _first(sample, finding, stated)
    if _clears(finding, finding["value"]):
        judged = stated["annotator"][finding["metric"].split(".")[1]]["n"]
        return _told(sample, finding["needed"] - judged if finding.get("needed") else None, WIDER)
    forecast = stated["forecast"].get(name)
    if not forecast:
        return _told("active", None, BETTER, stated["forecast"].get("reason", "no learning curve says how many labels"))
    labels = forecast["labels"]
    if labels["value"] is None and labels["low"] is None:
        return _told(None, None, OTHER, labels["reason"])
    return {"queue": "active", "labels": labels, "reason": BETTER}


def _first(sample: str, finding: Block, stated: Block) -> dict[str, Any]:
    """Say what comes first where there is no estimate yet: labels to learn from, then an audit, then its answers."""
    if stated["guarantee"].get("reason") == LABELLED:
        return _told(None, None, f"{LABELLED}, so none is left to judge it by: set it to null in conf/quality/")
    learned = stated["annotator"]["cross_validated"]
    if not learned["n"] and (sample == "random" or learned["reason"] != IMPORTED):
        return _told("random", None, learned["reason"])
    opened = sample != "audit" or stated["guarantee"].get("audit") is not None
    return _told(sample if opened else None, None, finding["reason"])


def _guarantee(finding: Block, stated: Block) -> dict[str, Any]:
    """Look for an audit that is large enough, if the annotator stays as it is."""
    guarantee = stated["guarantee"]
    if finding["value"] is None:
        return _first("audit", finding, stated)
    key = finding["metric"].removeprefix("guarantee.")
    sizes = {int(size): each for size, each in (guarantee.get("forecast") or {}).items() if each.get(key) is not None}
    enough = [size for size in sorted(sizes) if _clears(finding, sizes[size][key])]
    if enough:
        return _told("audit", enough[0] - guarantee["sample"], "a larger audit would admit a larger share")
    return _told("active", None, f"{BETTER}: no larger audit that was looked at does by itself")


def _told(queue: str | None, labels: int | None, why: str, unknown: str = "") -> dict[str, Any]:
    reason = {} if labels is not None else {"reason": unknown or why}
    return {"queue": queue, "labels": {"value": labels, "low": None, "high": None} | reason, "reason": why}


def _clears(finding: Block, value: float) -> bool:
    if "at_least" in finding:
        return bool(value >= finding["at_least"])
    return bool(value <= finding["at_most"])

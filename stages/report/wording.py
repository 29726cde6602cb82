"""What the page and the summary say alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Block = Mapping[str, Any]

UNDECIDED = "not enough data"
NAMES = {"ap50_95": "AP50:95", "ap50": "AP50", "iou": "IoU", "f1": "F1", "_": " "}
ESTIMATES = {"cross_validated": "cross-validated", "audit": "audit"}


def promise(statement: Block) -> str:
    """Say in one sentence what a version promises about its automatic labels, or why it promises nothing."""
    people, automatic = (statement["dataset"]["labelled"][origin] for origin in ("human", "auto"))
    why = reason(statement, "guarantee")
    if promises(statement):
        guarantee = statement["guarantee"]
        records = statement["dataset"]["records"]
        of = {
            "dataset": f"of the {records:,} records carry a wrong automatic label",
            "accepted": f"of the {automatic:,} automatic labels are wrong",
        }
        each = ", and so for each proposed label by itself" if guarantee["scope"] == "class" else ""
        about = of[guarantee.get("class_scope") or guarantee["scope"]]
        if automatic:
            promised = (
                f"With a probability of at least {percent(1 - guarantee['alpha'])}, at most "
                f"{percent(guarantee['epsilon'])} {about}{each}, provided that people were right on the "
                f"{guarantee['sample']:,} records of audit {guarantee['audit']}."
            )
            return f"{promised}{_estimate(guarantee, automatic)}"
        why = f"audit {guarantee['audit']} admits none"
    if automatic:
        return f"This version promises nothing about its {automatic:,} automatic labels ({why})."
    if people:
        return f"All {people:,} labels of this version are people's; nothing is promised about automatic ones ({why})."
    return f"This version has no labels yet, and promises nothing ({why})."


def _estimate(guarantee: Block, automatic: int) -> str:
    """Say how many automatic labels are wrong: a share of all records alone reads as if it was one of these."""
    measured = guarantee.get("estimate") or {}
    if not known(measured):
        return ""
    value, low, high = (f"{100 * measured[end]:.1f}%" for end in ("value", "low", "high"))
    return f" Of the {automatic:,} automatic labels an estimated {value} are wrong ({low}–{high})."


def promises(statement: Block) -> bool:
    guarantee = statement.get("guarantee") or {}
    return guarantee.get("error_bound") is not None and not guarantee.get("reason")


def reason(parent: Block, key: str) -> str:
    """Say why something is null; the reason stands in it or beside it."""
    inside = parent.get(key)
    found = inside.get("reason") if isinstance(inside, Mapping) else None
    return str(found or parent.get("reason") or "not computed").rstrip(".")


def best(statement: Block) -> str:
    """Name the estimate that speaks for the version, and that the plots are drawn from: the audit, once it is done."""
    return "audit" if (statement["annotator"].get("audit") or {}).get("n") else "cross_validated"


def known(measured: Block | None) -> bool:
    return measured is not None and measured.get("value") is not None


def metric(name: str) -> str:
    """Write the name of a metric as people do: `macro_f1` becomes macro F1."""
    for key, text in NAMES.items():
        name = name.replace(key, text)
    return name


def interval(measured: Block) -> str:
    """Write a metric's interval, or the one end that a gate is judged by, or why there is none."""
    low, high = (None if end is None else f"{end:.3f}" for end in (measured.get("low"), measured.get("high")))
    if low and high:
        return f"{low}–{high}"
    return f"from {low}" if low else f"to {high}" if high else measured.get("reason") or ""


def found(parent: Block, name: str) -> str:
    """Write a metric with its interval, or why it is not known."""
    if not known(parent.get(name)):
        return f"not known ({reason(parent, name)})"
    between = interval(parent[name])
    return figure(parent[name]["value"]) + (f" ({between})" if between else "")


def figure(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:.3f}" if abs(number) >= 0.001 else f"{number:g}"


def percent(share: float) -> str:
    """Write a share that somebody chose, with all its digits."""
    return f"{100 * share:.8g}%"


def gates(statement: Block) -> dict[str, Block]:
    """Give each gate's finding by name."""
    return {name: each for name, each in (statement.get("gates") or {}).items() if isinstance(each, Mapping)}


def verdict(statement: Block) -> str:
    """Say of all gates together whether they are passed."""
    findings = gates(statement)
    failed = [name for name, gate in findings.items() if gate["verdict"] == "fail"]
    undecided = [name for name, gate in findings.items() if gate["verdict"] == UNDECIDED]
    told = [f"{len(failed)} of {len(findings)} failed: {', '.join(failed)}"] if failed else []
    if undecided:
        told.append(f"{len(undecided)} of {len(findings)} without enough data: {', '.join(undecided)}")
    return "; ".join(told) or (f"all {len(findings)} passed" if findings else "none set")


def bound(gate: Block) -> str:
    least = gate.get("at_least")
    return f"at most {gate['at_most']:g}" if least is None else f"at least {least:g}"


def asked(statement: Block, name: str) -> str:
    """Say what a gate asks and what there is; where that does not decide it, how much data would."""
    findings = gates(statement)
    gate = findings[name]
    needed = f"; {enough(statement, gate)}" if gate.get("needed") else ""
    return f"{bound(gate)} is asked, it is {found(findings, name)}{needed}"


def enough(statement: Block, gate: Block) -> str:
    """Say how much data would decide a gate."""
    records = statement["dataset"]["records"]
    more = f", more than the {records:,} records there are" if gate["needed"] > records else ""
    return f"a sample of about {gate['needed']:,} would decide it{more}"


def advice(each: Block) -> str:
    """Say what would help a gate that is not passed."""
    labels, queue = each["labels"], each["queue"]
    low, value, high = (labels[end] for end in ("low", "value", "high"))
    if value is not None:
        between = f" ({low:,} to {high:,})" if None not in (low, high) else ""
        return f"about {value:,} labels more{between} from the {queue} queue: {each['reason']}"
    more = f"{low:,} labels or more from the {queue} queue: " if low else f"answer the {queue} queue; " if queue else ""
    reason = "" if labels["reason"] in each["reason"] else f"; {labels['reason']}"
    return f"{more}{each['reason']}{reason}"

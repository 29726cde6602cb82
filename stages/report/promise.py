"""Section of the page: what is promised of automatic labels."""

from __future__ import annotations

from stages.report import wording
from stages.report.blocks import Block, measured, section, sentence
from stages.report.markup import Markup, table, tag

GUARANTEE = {
    "scope": "What the promise is about (scope)",
    "epsilon": "Share that may be wrong (ε)",
    "alpha": "Probability that more are (α)",
    "population": "Records that the audit speaks for",
    "sample": "Of these, sampled and labelled by people",
    "errors": "Automatic labels wrong on the sample",
    "accepted": "Automatic labels accepted",
    "coverage": "Share accepted of what people have not labelled (coverage)",
    "threshold": "Least confidence accepted",
}
BOUND = {"dataset": "all records", "accepted": "those accepted"}


def guarantee(statement: Block) -> Markup:
    guarantee = statement.get("guarantee") or {}
    told = f"None. {sentence(wording.reason(statement, 'guarantee'))}"
    if wording.promises(statement):
        told = (
            f"When audit {guarantee['audit']} opened, {guarantee['population']:,} records had no label by people. Of "
            f"these, {guarantee['sample']:,} were drawn at random, and people labelled them. Automatic labels are "
            "accepted from the most confident on, as far as the errors in this sample allow. The promise above holds "
            "for any model and any pattern of errors, as long as people were right on the sample."
        )
    rows: list[tuple[str, str]] = [
        (head, guarantee[key] if key == "scope" else wording.figure(guarantee[key]))
        for key, head in GUARANTEE.items()
        if guarantee.get(key) is not None
    ]
    if guarantee.get("error_bound") is not None:
        of = BOUND[guarantee.get("class_scope") or guarantee["scope"]]
        rows.append((f"Wrong automatic labels, as a share of {of}: at most", wording.figure(guarantee["error_bound"])))
    if wording.known(guarantee.get("estimate")):
        rows.append(("Wrong automatic labels, as a share of those accepted: estimate", measured(guarantee, "estimate")))
    return section(
        "Guarantee",
        tag("p", told),
        table(("", ""), rows, ("", "n")) if rows else "",
        *_by_class(guarantee.get("classes") or {}),
        *_if_people_err(guarantee.get("sensitivity") or {}, statement.get("agreement") or {}),
        *_forecast(guarantee),
    )


def _by_class(classes: Block) -> list[Markup]:
    if not classes:
        return []
    rows = [
        (
            name,
            f"{each['sample']:,} of {each['population']:,}",
            f"{each['errors']:,}",
            f"{each['accepted']:,}",
            tag("span", each["reason"], class_="soft") if each["reason"] else wording.figure(each["error_bound"]),
        )
        for name, each in classes.items()
    ]
    heads = ("", "Sampled", "Wrong", "Accepted", "Bound")
    return [tag("h3", "By proposed label"), table(heads, rows, ("", "n", "n", "n", ""))]


def _if_people_err(sensitivity: Block, agreement: Block) -> list[Markup]:
    if not sensitivity:
        return []
    told = "The bound, if people called so many wrong labels of the sample right, wherever these are. "
    if wording.known(agreement.get("consensus_error")):
        told += (
            f"From how far people agree, one of them is wrong on about {wording.found(agreement, 'person_error')} of "
            f"the records, and their consensus on {wording.found(agreement, 'consensus_error')}, as far as their "
            "errors are independent."
        )
    else:
        told += f"How often people are wrong is not known: {wording.reason(agreement, 'consensus_error')}."
    rows = [
        (wording.percent(float(rate)), f"{each['hidden']:,}", wording.figure(each["error_bound"]))
        for rate, each in sensitivity.items()
    ]
    heads = ("Share of the sample's labels", "Labels", "Bound")
    return [tag("h3", "If people were wrong on the sample"), tag("p", told), table(heads, rows, ("", "n", "n"))]


def _forecast(guarantee: Block) -> list[Markup]:
    sizes = guarantee.get("forecast") or {}
    if not sizes:
        return []
    told = (
        "A forecast, no promise: what the same rule would accept if a larger audit had been drawn in place of this "
        "one, and its errors were spread over the ranking in the same way."
    )
    now = {key: guarantee[key] for key in ("accepted", "coverage")}
    now["labelled"] = guarantee["sample"] + now["accepted"]
    rows = [
        (f"{int(size):,}", *(_figure(each, key) for key in ("accepted", "coverage", "labelled")))
        for size, each in {guarantee["sample"]: now, **sizes}.items()
    ]
    heads = ("Sample", "Accepted", "Coverage", "Labelled by either")
    return [tag("h3", "What a larger audit would buy"), tag("p", told), table(heads, rows, ("", "n", "n", "n"))]


def _figure(each: Block, key: str) -> str:
    return wording.reason(each, key) if each[key] is None else wording.figure(each[key])

"""Sections of the page: what is in this version, and what people are asked next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stages.report import charts
from stages.report.blocks import Block, Rows, section
from stages.report.markup import Markup, join, table, tag
from stages.tasks import Task

ORIGINS = {
    "human": ("people", "labelled by people"),
    "auto": ("auto", "labelled by the annotator"),
    "none": ("none", "not labelled"),
}
QUEUES = {
    "random": "a uniform sample, for training and cross-validation",
    "active": "uncertain, suspicious or disagreeing records, for learning and repair",
    "audit": "a fresh uniform sample, for the guarantee and the final estimate",
}
EXAMPLES = 3  # of what an operator rejected


def funnel(dataset: Block, cleaning: Block, rejected: Mapping[str, Sequence[str]]) -> Markup:
    whole = max(cleaning["seen"], 1)
    left, done = cleaning["seen"], 0
    # class of the bar, heading, records, where the bar begins
    steps: list[tuple[str, str, int, int]] = [("none", tag("strong", "Records seen"), left, 0)]
    for name, operator in cleaning["operators"].items():
        if operator["rejected"]:
            left -= operator["rejected"]
            steps.append(("lost", f"rejected by {name}", operator["rejected"], left))
    steps.append(("none", tag("strong", "Records in the dataset"), dataset["records"], 0))
    for origin, (kind, head) in ORIGINS.items():
        steps.append((kind, head, dataset["labelled"][origin], done))
        done += dataset["labelled"][origin]
    rows = [
        (head, f"{count:,}", f"{count / whole:.1%}", charts.bar(("gap", start / whole), (kind, count / whole)))
        for kind, head, count, start in steps
    ]
    changed = [f"{name} {each['changed']:,}" for name, each in cleaning["operators"].items() if each["changed"]]
    return section(
        "From raw to dataset",
        table(("", "Records", "Of seen", ""), rows, ("", "n", "n", "bar")),
        tag("p", f"Records that cleaning changed: {', '.join(changed) or 'none'}.", class_="soft"),
        *_rejected(rejected, cleaning["operators"]),
    )


def _rejected(rejected: Mapping[str, Sequence[str]], operators: Sequence[str]) -> list[Markup]:
    """Give the first of those that each operator rejected, with the reason."""
    by_operator: dict[str, list[tuple[str, str]]] = {name: [] for name in operators}
    for id, operator, reason in zip(rejected["id"], rejected["operator"], rejected["reason"], strict=True):
        if len(by_operator[operator]) < EXAMPLES:
            by_operator[operator].append((id, reason))
    rows = [
        (tag("code", id), name, tag("span", reason, class_="soft"))
        for name, each in by_operator.items()
        for id, reason in each
    ]
    return [tag("h3", "Rejected, for example"), table(("Record", "By", "Why"), rows, ("", "", ""))] if rows else []


def labels(lines: Rows, task: Task) -> Markup:
    if not lines:
        return section("Labels", tag("p", "There are none yet."))
    if not task.labels:
        return section("Labels", tag("p", f"{len(lines):,} texts; there is no label set."))
    counts = {
        origin: task.count([line["value"] for line in lines if line["origin"] == origin])
        for origin in ("human", "auto")
    }
    most = max(map(sum, zip(*(each.values() for each in counts.values()), strict=True))) or 1
    rows = [
        (
            name,
            *(f"{count[name]:,}" for count in counts.values()),
            charts.bar(*((ORIGINS[origin][0], count[name] / most) for origin, count in counts.items())),
        )
        for name in counts["human"]
    ]
    heads = ("", tag("span", "people", class_="key people"), tag("span", "annotator", class_="key auto"), "")
    return section("Labels", table(heads, rows, ("", "n", "n", "bar")))


def queue(queue: Block | None) -> Markup:
    where = join("The tasks are in ", tag("code", "data/review/tasks.json"), ".")
    if queue is None:
        return section("What people are asked next", tag("p", where))
    rows = [(name, f"{count:,}", QUEUES.get(name.partition(":")[0], "")) for name, count in queue["queues"].items()]
    drawn = table(("Queue", "Tasks", ""), rows, ("", "n", "soft")) if rows else ""
    told = where if queue["tasks"] else "Nothing: no task is waiting."
    return section("What people are asked next", tag("p", told), drawn)

"""Sections of the page: how good automatic labels are."""

from __future__ import annotations

from collections.abc import Mapping

from stages.report import charts, wording
from stages.report.blocks import Block, Rows, capital, measured, section, sentence, small
from stages.report.cases import gallery
from stages.report.markup import Markup, join, table, tag
from stages.report.wording import ESTIMATES
from stages.tasks import Task

MATRIX = 15  # labels at most in a confusion matrix; of more, the most frequent confusions are listed
PER_LABEL = {"precision_": "Precision", "recall_": "Recall", "f1_": "F1", "iou_": "IoU"}
COUNTS = {"missed_": "Missed", "spurious_": "Spurious"}
BEST = "The best value is 1; of errors, Brier score and counts it is 0."


def quality(stated: Block, annotator: Block, best: str) -> Markup:
    known = {key: stated[key] for key in ESTIMATES if (stated.get(key) or {}).get("n")}
    told = [
        f"{capital(head)}: none. {sentence(wording.reason(stated.get(key) or stated, 'accuracy'))}"
        for key, head in ESTIMATES.items()
        if key not in known
    ]
    if not annotator.get("reason"):
        told.insert(0, f"The annotator {annotator['name']} learned from {annotator['learned']['records']:,} records.")
    tables: list[Markup] = []
    if known:
        names = [name for name, metric in known[best].items() if isinstance(metric, Mapping)]
        overall = sorted(name for name in names if not name.startswith((*PER_LABEL, *COUNTS)))
        heads = [join(capital(ESTIMATES[key]), " ", small(f"n = {block['n']:,}")) for key, block in known.items()]
        rows = [
            (capital(wording.metric(name)), *(measured(block, name) for block in known.values())) for name in overall
        ]
        tables = [table(("", *heads), rows, ("", *("n" for _ in heads)))]
        tables += _by_label(known[best], ESTIMATES[best])
        tables.append(tag("p", f"Beside each figure: its 95% interval over records. {BEST}", class_="soft"))
    return section("Quality of automatic labels", *(tag("p", each) for each in told), *tables)


def _by_label(metrics: Block, estimate: str) -> list[Markup]:
    columns = {key: head for key, head in PER_LABEL.items() if any(name.startswith(key) for name in metrics)}
    counts = {key: head for key, head in COUNTS.items() if any(name.startswith(key) for name in metrics)}
    if not columns:
        return []
    last = list(columns)[-1]
    rows = [
        (
            label,
            *(measured(metrics, f"{key}{label}") for key in columns),
            *(f"{metrics[f'{key}{label}']['value']:,.0f}" for key in counts),
        )
        for label in (name.removeprefix(last) for name in metrics if name.startswith(last))
    ]
    heads = (*columns.values(), *counts.values())
    return [tag("h3", f"By label, {estimate}"), table(("", *heads), rows, ("", *("n" for _ in heads)))]


def confusion(cells: Rows, statement: Block) -> Markup:
    counts = {(cell["actual"], cell["proposed"]): cell["count"] for cell in cells if cell["count"]}
    if not counts:
        return section("Confusion", tag("p", f"None. {sentence(_undrawn(statement))}"))
    labels = list(dict.fromkeys([*(cell["actual"] for cell in cells), *(cell["proposed"] for cell in cells)]))
    told = f"Records by what people said and what the annotator proposed ({_estimate(statement)})."
    if len(labels) > MATRIX:
        wrong = sorted((-count, pair) for pair, count in counts.items() if pair[0] != pair[1])[: 2 * MATRIX]
        rows = [(actual, proposed, f"{-count:,}") for count, (actual, proposed) in wrong]
        return section(
            "Confusion",
            tag("p", f"{told} The most frequent."),
            table(("People", "Annotator", "Records"), rows, ("", "", "n")),
        )
    totals = {label: sum(counts.get((label, each), 0) for each in labels) for label in labels}

    def cell(actual: str, proposed: str) -> Markup:
        count = counts.get((actual, proposed), 0)
        share = f"--share: {count / max(totals[actual], 1):.2f}"  # of the row; the style sheet makes it a shade
        return tag("td", f"{count:,}", class_="right" if actual == proposed else "wrong", style=share)

    head = tag("tr", tag("th", "People ↓ annotator →"), *(tag("th", label) for label in labels))
    lines = [tag("tr", tag("th", label, scope="row"), *(cell(label, each) for each in labels)) for label in labels]
    return section("Confusion", tag("p", told), tag("div", tag("table", head, *lines, class_="matrix")))


def calibration(bins: Rows, statement: Block) -> Markup:
    drawn = [each for each in bins if each["count"] and each["accuracy"] is not None]
    if not drawn:
        return section("Calibration", tag("p", f"None. {sentence(_undrawn(statement))}"))
    told = (
        f"Of the proposals with a given confidence, how many are right ({_estimate(statement)}). On the dashed line a "
        "confidence means what it says; below it the annotator is too sure of itself. Larger dots are more records."
    )
    return section("Calibration", tag("p", told), charts.calibration(drawn))


def mistaken(version: Block, task: Task) -> Markup:
    if not version["cases"]["mistaken"]:
        return Markup("")
    told = "Where the annotator was surest and people say something else, on the audit's sample."
    return section(
        "Proposals that are wrong", tag("p", told), gallery(version["cases"]["mistaken"], version["shown"], task)
    )


def _estimate(statement: Block) -> str:
    key = wording.best(statement)
    return f"{ESTIMATES[key]}, {statement['annotator'][key]['n']:,} records"


def _undrawn(statement: Block) -> str:
    """Say why there is nothing to draw: no estimate, or one whose labels do not exclude each other."""
    stated = statement["annotator"]
    key = wording.best(statement)
    if (stated.get(key) or {}).get("n"):
        return "a record may have several labels, or other values than choices"
    return wording.reason(stated.get(key) or stated, "accuracy")

"""The page that tells people about one version: no network, no script, the same bytes for the same version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stages.report import charts, wording
from stages.report.cases import gallery
from stages.report.markup import Markup, document, join, table, tag
from stages.report.wording import ESTIMATES
from stages.tasks import Task

Block = Mapping[str, Any]
Rows = Sequence[Block]

MATRIX = 15  # labels at most in a confusion matrix; of more, the most frequent confusions are listed
PER_LABEL = {"precision_": "Precision", "recall_": "Recall", "f1_": "F1", "iou_": "IoU"}
COUNTS = {"missed_": "Missed", "spurious_": "Spurious"}
ORIGINS = {
    "human": ("people", "labelled by people"),
    "auto": ("auto", "labelled by the annotator"),
    "none": ("none", "not labelled"),
}
GUARANTEE = {
    "scope": "What the promise is about (scope)",
    "epsilon": "Share that may be wrong (ε)",
    "alpha": "Probability that more are (α)",
    "population": "Records that the audit speaks for",
    "sample": "Of these, sampled and labelled by people",
    "errors": "Automatic labels wrong on the sample",
    "accepted": "Automatic labels accepted",
    "coverage": "Share of the audit's records accepted (coverage)",
    "threshold": "Least confidence accepted",
    "error_bound": "Bound on the share that is wrong",
}
AGREEMENT = {"rounds": "Rounds", "people": "People", "annotations": "Annotations", "skipped": "Skipped"}
SHARES = {"others": "As most others say", "gold": "As adjudicated", "unchanged": "As shown"}
PEOPLE = 20  # on the page
QUEUES = {
    "random": "a uniform sample, for training and cross-validation",
    "active": "uncertain, suspicious or disagreeing records, for learning and repair",
    "audit": "a fresh uniform sample, for the guarantee and the final estimate",
}


class About(Protocol):
    """What the dataset's card says of it."""

    @property
    def title(self) -> str: ...
    @property
    def license(self) -> str: ...
    @property
    def citation(self) -> str | None: ...


def page(statement: Block, version: Block, plots: Mapping[str, Rows], about: About, task: Task) -> str:
    """Write the report of one version as one HTML file.

    Parameters
    ----------
    statement
        `reports/quality.json`.
    version
        `labels` (the lines of `labels.jsonl`) and the reports `cleaning`, `agreement`, `annotator`; `queue` and
        `people` (by name, as `quality.people` has them), if they are there; `cases` (as `quality.cases` has them) and
        the fields that are `shown` of their records.
    plots
        `confusion`: rows of `actual`, `proposed`, `count`; `calibration`: rows of `confidence`, `accuracy`, `count`.
    about
        Title, license and citation.
    task
        What a label is.

    Returns
    -------
    A whole HTML document. Its bytes depend on the arguments alone, and all text in them is escaped.
    """
    body = [
        _head(statement, about),
        _gates(statement),
        _quality(statement["annotator"], version["annotator"], wording.best(statement)),
        _guarantee(statement),
        _funnel(statement["dataset"], version["cleaning"]),
        _labels(version["labels"], version["annotator"]["learned"]["labels"]),
        _confusion(plots["confusion"], statement),
        _calibration(plots["calibration"], statement),
        _mistaken(version, task),
        _forecasts(statement.get("forecast") or {}),
        _agreement(statement, version["agreement"]),
        _suspicious(statement.get("issues") or {}, version, task),
        _people(version.get("people") or {}),
        _next(version.get("queue")),
    ]
    return document(about.title, *body)


def _head(statement: Block, about: About) -> Markup:
    dataset = statement["dataset"]
    name, fingerprint = tag("code", dataset["name"]), tag("code", dataset["fingerprint"])
    splits = " · ".join(f"{split} {size:,}" for split, size in dataset["splits"].items())
    return tag(
        "header",
        tag("p", "Dataset ", name, ", version ", fingerprint, class_="soft"),
        tag("h1", about.title),
        tag("p", wording.promise(statement), class_="promise"),
        tag("p", f"{dataset['records']:,} records: {splits}. License: {about.license}.", class_="soft"),
        tag("p", about.citation, class_="soft") if about.citation else "",
    )


def _gates(statement: Block) -> Markup:
    gates = wording.gates(statement)
    rows = [
        (
            join(name, " ", _small(f"{gate['metric']} {wording.bound(gate)}")),
            join(_value(gates, name), _needed(gate)),
            tag("span", gate["verdict"], class_="unknown" if gate["verdict"] == wording.UNDECIDED else gate["verdict"]),
        )
        for name, gate in gates.items()
    ]
    drawn = table(("Gate", "Value", "Verdict"), rows, ("", "", "n")) if rows else ""
    help = [_sentence(f"{name}: {wording.advice(each)}") for name, each in (statement.get("advice") or {}).items()]
    advised = [tag("h3", "What would help most"), *(tag("p", each) for each in help)] if help else []
    return _section("Gates", tag("p", _sentence(wording.verdict(statement))), drawn, *advised)


def _quality(stated: Block, annotator: Block, best: str) -> Markup:
    known = {key: stated[key] for key in ESTIMATES if (stated.get(key) or {}).get("n")}
    told = [
        f"{_capital(head)}: none. {_sentence(wording.reason(stated.get(key) or stated, 'accuracy'))}"
        for key, head in ESTIMATES.items()
        if key not in known
    ]
    if not annotator.get("reason"):
        told.insert(0, f"The annotator {annotator['name']} learned from {annotator['learned']['records']:,} records.")
    tables: list[Markup] = []
    if known:
        names = [name for name, metric in known[best].items() if isinstance(metric, Mapping)]
        overall = sorted(name for name in names if not name.startswith((*PER_LABEL, *COUNTS)))
        heads = [join(_capital(ESTIMATES[key]), " ", _small(f"n = {block['n']:,}")) for key, block in known.items()]
        rows = [
            (_capital(wording.metric(name)), *(_value(block, name) for block in known.values())) for name in overall
        ]
        tables = [table(("", *heads), rows, ("", *("n" for _ in heads)))]
        tables += _by_label(known[best], ESTIMATES[best])
        tables.append(tag("p", "Beside each figure: its 95% bootstrap interval over records.", class_="soft"))
    return _section("Quality of automatic labels", *(tag("p", each) for each in told), *tables)


def _by_label(measured: Block, estimate: str) -> list[Markup]:
    columns = {key: head for key, head in PER_LABEL.items() if any(name.startswith(key) for name in measured)}
    counts = {key: head for key, head in COUNTS.items() if any(name.startswith(key) for name in measured)}
    if not columns:
        return []
    last = list(columns)[-1]
    rows = [
        (
            label,
            *(_value(measured, f"{key}{label}") for key in columns),
            *(f"{measured[f'{key}{label}']['value']:,.0f}" for key in counts),
        )
        for label in (name.removeprefix(last) for name in measured if name.startswith(last))
    ]
    heads = (*columns.values(), *counts.values())
    return [tag("h3", f"By label, {estimate}"), table(("", *heads), rows, ("", *("n" for _ in heads)))]


def _guarantee(statement: Block) -> Markup:
    guarantee = statement.get("guarantee") or {}
    told = f"None. {_sentence(wording.reason(statement, 'guarantee'))}"
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
    if wording.known(guarantee.get("estimate")):
        rows.append(("Estimated share of wrong labels among those accepted", _value(guarantee, "estimate")))
    return _section(
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
        (f"{int(size):,}", *(wording.figure(each[key]) for key in ("accepted", "coverage", "labelled")))
        for size, each in {guarantee["sample"]: now, **sizes}.items()
    ]
    heads = ("Sample", "Accepted", "Coverage", "Labelled by either")
    return [tag("h3", "What a larger audit would buy"), tag("p", told), table(heads, rows, ("", "n", "n", "n"))]


def _funnel(dataset: Block, cleaning: Block) -> Markup:
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
    return _section(
        "From raw to dataset",
        table(("", "Records", "Of seen", ""), rows, ("", "n", "n", "bar")),
        tag("p", f"Records that cleaning changed: {', '.join(changed) or 'none'}.", class_="soft"),
    )


def _labels(labels: Rows, known: Sequence[str]) -> Markup:
    if not labels:
        return _section("Labels", tag("p", "There are none yet."))
    if not known:
        return _section("Labels", tag("p", f"{len(labels):,} texts; there is no label set."))
    counts = Counter((each, line["origin"]) for line in labels for each in _names(line["value"], known))
    names = dict.fromkeys([*known, *sorted({name for name, _ in counts})])
    by_name = {name: {origin: counts[name, origin] for origin in ("human", "auto")} for name in names}
    most = max((sum(each.values()) for each in by_name.values()), default=0) or 1
    rows = [
        (
            name,
            *(f"{count:,}" for count in each.values()),
            charts.bar(*((ORIGINS[origin][0], count / most) for origin, count in each.items())),
        )
        for name, each in by_name.items()
    ]
    heads = ("", tag("span", "people", class_="key people"), tag("span", "annotator", class_="key auto"), "")
    return _section("Labels", table(heads, rows, ("", "n", "n", "bar")))


def _names(value: Any, known: Sequence[str]) -> list[str]:
    """Give the labels in a value: a choice or a rating, several, those of regions or spans, or those of its parts."""
    if isinstance(value, str | int):
        return [str(value)]
    if isinstance(value, list):
        return [name for each in value for name in _names(each if isinstance(each, str) else each["label"], known)]
    named = [(f"{part}: {name}", name) for part, each in value.items() for name in _names(each, known)]
    return [each for names in named if (each := next((name for name in names if name in known), None))]


def _confusion(cells: Rows, statement: Block) -> Markup:
    counts = {(cell["actual"], cell["proposed"]): cell["count"] for cell in cells if cell["count"]}
    if not counts:
        return _section("Confusion", tag("p", f"None. {_sentence(_undrawn(statement))}"))
    labels = list(dict.fromkeys([*(cell["actual"] for cell in cells), *(cell["proposed"] for cell in cells)]))
    told = f"Records by what people said and what the annotator proposed ({_estimate(statement)})."
    if len(labels) > MATRIX:
        wrong = sorted((-count, pair) for pair, count in counts.items() if pair[0] != pair[1])[: 2 * MATRIX]
        rows = [(actual, proposed, f"{-count:,}") for count, (actual, proposed) in wrong]
        return _section(
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
    return _section("Confusion", tag("p", told), tag("div", tag("table", head, *lines, class_="matrix")))


def _calibration(bins: Rows, statement: Block) -> Markup:
    drawn = [each for each in bins if each["count"] and each["accuracy"] is not None]
    if not drawn:
        return _section("Calibration", tag("p", f"None. {_sentence(_undrawn(statement))}"))
    told = (
        f"Of the proposals with a given confidence, how many are right ({_estimate(statement)}). On the dashed line a "
        "confidence means what it says; below it the annotator is too sure of itself. Larger dots are more records."
    )
    return _section("Calibration", tag("p", told), charts.calibration(drawn))


def _agreement(statement: Block, report: Block) -> Markup:
    stated = statement.get("agreement") or {}
    compared = f"It compares {stated.get('n') or 0:,} labels on records that several people labelled"
    if "pairwise" in stated:
        name = wording.metric(stated["pairwise"]["metric"])
        told = f"One person's {name} against another's is {wording.found(stated, 'pairwise')}. {compared}."
    else:
        alpha = wording.found(stated or statement, "alpha")
        told = f"Krippendorff's alpha is {alpha}. {compared}; 1 is full agreement, 0 is what chance gives."
    rows = [(head, wording.figure(report[key])) for key, head in AGREEMENT.items() if report.get(key) is not None]
    return _section("Agreement between people", tag("p", told), table(("", ""), rows, ("", "n")))


def _mistaken(version: Block, task: Task) -> Markup:
    if not version["cases"]["mistaken"]:
        return Markup("")
    told = "Where the annotator was surest and people say something else, on the audit's sample."
    return _section(
        "Proposals that are wrong", tag("p", told), gallery(version["cases"]["mistaken"], version["shown"], task)
    )


def _suspicious(issues: Block, version: Block, task: Task) -> Markup:
    heading = "Labels by people that look wrong"
    if issues.get("suspicious") is None:
        return _section(heading, tag("p", f"Not known: {wording.reason(issues, 'suspicious')}."))
    told = (
        f"{issues['suspicious']:,} labels, ranked by how far the annotator doubts them; the first are asked again. How "
        "many of a top are wrong is estimated from those that were. "
    )
    first = gallery(version["cases"]["suspicious"], version["shown"], task)
    if kinds := issues.get("objects"):
        counts = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in kinds.items())
        told += f"By the annotator there are among what they marked: {counts}. "
    if not issues.get("precision_at"):
        return _section(heading, tag("p", told, _sentence(wording.reason(issues, "precision_at"))), first)
    rows = [
        (f"{int(top):,}", f"{each['n']:,}", _value(issues["precision_at"], top))
        for top, each in issues["precision_at"].items()
    ]
    heads = ("Top of the ranking", "Asked again", "Wrong among them")
    return _section(heading, tag("p", told), table(heads, rows, ("", "n", "n")), first)


def _forecasts(forecast: Block) -> Markup:
    if forecast.get("reason") or not forecast:
        return _section("What is still to be labelled", tag("p", f"Not known: {wording.reason(forecast, 'labels')}."))
    told = (
        "A forecast, no promise: how many labels more people have to give until the annotator's cross-validated figure "
        "is what a gate asks, if the learning curve goes on as it began. The interval is over the records that it was "
        "judged on."
    )
    rows = [
        (
            join(name, " ", _small(f"{each['metric']} at least {each['target']:g}")),
            ", ".join(
                f"{value['value']:.3f} at {int(size):,}"
                for size, value in each["curve"].items()
                if wording.known(value)
            ),
            _outlook(each, "labels", 0),
            _outlook(each, "hours", 1),
        )
        for name, each in forecast.items()
    ]
    heads = ("Gate", "After so many labels", "Labels still needed", "Hours")
    sizes = list(next(iter(forecast.values()))["curve"])
    curves = {
        name: [(value["value"], value["low"], value["high"]) if wording.known(value) else None for value in curve]
        for name, curve in ((name, each["curve"].values()) for name, each in forecast.items())
    }
    drawn = charts.over([f"{int(size):,} labels" for size in sizes], curves, "number of labels")
    return _section("What is still to be labelled", tag("p", told), table(heads, rows, ("", "", "n", "n")), drawn)


def _outlook(each: Block, key: str, digits: int) -> Markup:
    low, value, high = (
        None if (end := each[key][name]) is None else f"{end:,.{digits}f}" for name in ("low", "value", "high")
    )
    why = wording.reason(each, key) if value is None else ""
    between = f"{low}–{high}" if low and high else f"{low} or more" if low else ""
    return join(value or tag("span", why, class_="soft"), " ", _small(between))


def _people(people: Mapping[str, Block]) -> Markup:
    shown = sorted(people.items(), key=lambda item: (-item[1]["answers"], item[0]))[:PEOPLE]
    if not shown:
        return _section("People", tag("p", "None has answered yet."))
    told = (
        f"The {len(shown)} of {len(people):,} people who answered most, under their pseudonyms. A share of answers as "
        "shown far above that of answers as most others say hints at proposals that sway people."
    )
    rows = [
        (
            tag("code", name),
            f"{each['answers']:,}",
            *(_value(each, key) if each[key]["n"] else tag("span", "–", class_="soft") for key in SHARES),
            "–" if each["seconds"] is None else f"{each['seconds']:.1f}",
        )
        for name, each in shown
    ]
    heads = ("", "Answers", *SHARES.values(), "Seconds, median")
    return _section("People", tag("p", told), table(heads, rows, ("", *["n"] * (len(heads) - 1))))


def _next(queue: Block | None) -> Markup:
    where = join("The tasks are in ", tag("code", "data/review/tasks.json"), ".")
    if queue is None:
        return _section("What people are asked next", tag("p", where))
    rows = [(name, f"{count:,}", QUEUES.get(name.partition(":")[0], "")) for name, count in queue["queues"].items()]
    drawn = table(("Queue", "Tasks", ""), rows, ("", "n", "soft")) if rows else ""
    told = where if queue["tasks"] else "Nothing: no task is waiting."
    return _section("What people are asked next", tag("p", told), drawn)


def _section(heading: str, *content: str) -> Markup:
    return tag("section", tag("h2", heading), *content)


def _value(parent: Block, name: str) -> Markup:
    if not wording.known(parent.get(name)):
        return tag("span", wording.reason(parent, name), class_="soft")
    return join(wording.figure(parent[name]["value"]), " ", _small(wording.interval(parent[name])))


def _needed(gate: Block) -> Markup:
    return _small(f" ({wording.enough(gate)})") if gate.get("needed") else Markup("")


def _small(text: str) -> Markup:
    return tag("span", text, class_="small")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return _capital(text).rstrip(".") + "."


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

"""The page that tells people about one version: no network, no script, the same bytes for the same version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stages.report import contents, estimates, people, promise, wording
from stages.report.blocks import Block, Rows, measured, section, sentence, small
from stages.report.markup import Markup, document, join, table, tag
from stages.tasks import Task


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
        `labels` (the lines of `labels.jsonl`) and the reports `cleaning`, `agreement`, `annotator`; the columns `id`,
        `operator` and `reason` of what was `rejected`; `queue` and
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
        estimates.quality(statement["annotator"], version["annotator"], wording.best(statement)),
        promise.guarantee(statement),
        contents.funnel(statement["dataset"], version["cleaning"], version["rejected"]),
        contents.labels(version["labels"], task),
        estimates.confusion(plots["confusion"], statement),
        estimates.calibration(plots["calibration"], statement),
        estimates.mistaken(version, task),
        people.forecasts(statement.get("forecast") or {}),
        people.agreement(statement, version["agreement"]),
        people.suspicious(statement.get("issues") or {}, version, task),
        people.people(version.get("people") or {}),
        contents.queue(version.get("queue")),
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
            join(name, " ", small(f"{gate['metric']} {wording.bound(gate)}")),
            join(measured(gates, name), _needed(statement, gate)),
            tag("span", gate["verdict"], class_="unknown" if gate["verdict"] == wording.UNDECIDED else gate["verdict"]),
        )
        for name, gate in gates.items()
    ]
    drawn = table(("Gate", "Value", "Verdict"), rows, ("", "", "n")) if rows else ""
    help = [f"{name}: {sentence(wording.advice(each))}" for name, each in (statement.get("advice") or {}).items()]
    advised = [tag("h3", "What would help most"), *(tag("p", each) for each in help)] if help else []
    return section("Gates", tag("p", sentence(wording.verdict(statement))), drawn, *advised)


def _needed(statement: Block, gate: Block) -> Markup:
    return small(f" ({wording.enough(statement, gate)})") if gate.get("needed") else Markup("")

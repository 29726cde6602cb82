"""A comparison for people: in the terminal, as Markdown for a review, as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stages.versions.difference import Change

DRIFT = {"Jensen–Shannon, bits": "jensen_shannon", "population stability index": "psi", "Cramér's V": "cramers_v"}


class Table(NamedTuple):
    """A part of a comparison.

    Parameters
    ----------
    title
        What it is about.
    heads
        The columns' names.
    rows
        Texts.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


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
    if labels["reason"] is None and labels["before"] != labels["after"]:
        counts = [(name, f"{labels['before'][name]:,}", f"{labels['after'][name]:,}") for name in labels["before"]]
        measures = [(name, "", f"{labels[key]:.3f}") for name, key in DRIFT.items()]
        yield Table("Labels, how many of each", names, counts + measures)
    rejected = [
        (name, f"{count['old']:,}", f"{count['new']:,}")
        for name, count in report["rejected"].items()
        if count["old"] != count["new"]
    ]
    yield Table("Rejected, by operator", ("", *names[1:]), rejected)
    yield Table(
        "Figures", names, [(each["metric"], _figure(each["old"]), _figure(each["new"])) for each in report["metrics"]]
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


def text(report: Mapping[str, Any], records: Sequence[Change] = (), width: int | None = None) -> str:
    """Write a comparison for the terminal."""
    from io import StringIO

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Grid

    written = StringIO()
    console = Console(file=written, width=width, highlight=False, no_color=True)
    console.print(_headline(report), markup=False)
    for part in tables(report, records):
        if part.rows:
            grid = Grid(title=part.title, title_justify="left", title_style="", box=None, pad_edge=False)
            for place, head in enumerate(part.heads):
                grid.add_column(escape(head), overflow="fold", no_wrap=place == 0 and part.title != "Settings")
            for row in part.rows:
                grid.add_row(*map(escape, row))
            console.print()
            console.print(grid)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def markdown(report: Mapping[str, Any], records: Sequence[Change] = ()) -> str:
    """Write a comparison as GitHub's Markdown; texts from records are shown as they are."""
    lines = [f"## {_escaped(_headline(report))}"]
    for part in tables(report, records):
        if part.rows:
            lines += ["", f"### {part.title}", "", _row(part.heads), _row(["---"] * len(part.heads))]
            lines += [_row(row) for row in part.rows]
    return "\n".join(lines) + "\n"


def _headline(report: Mapping[str, Any]) -> str:
    same = ": the same" if report["same"] else ""
    return f"{report['from']['revision']} → {report['to']['revision']}{same}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str) -> str:
    for sign, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;"), ("\n", " ")):
        cell = cell.replace(sign, shown)
    return cell


def _change(value: Mapping[str, Any]) -> str:
    return f"{value['value']:+.3f} ({value['low']:+.3f} to {value['high']:+.3f})"


def _figure(value: Any) -> str:
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

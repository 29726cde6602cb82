"""Tables about versions for the terminal, as Markdown for a review, and as a page; texts of records stay texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stages.report.markup import Markup, document, join, tag
from stages.report.markup import table as drawn

FIGURE = re.compile(r"([-+]?[\d.]+) (\([-+]?[\d.]+(?:–| to )[-+]?[\d.]+\))")  # with its interval


class Table(NamedTuple):
    """A part of what is told; one without rows is left out.

    Parameters
    ----------
    title
        What it is about.
    heads
        The columns' names.
    rows
        Texts.
    chart
        A drawing for the page.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    chart: Markup = Markup("")


def text(title: str, tables: Iterable[Table], width: int | None = None) -> str:
    """Write for the terminal."""
    from io import StringIO

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Grid

    written = StringIO()
    console = Console(file=written, width=width, highlight=False, no_color=True)
    console.print(title, markup=False)
    for part in tables:
        if part.rows:
            grid = Grid(title=part.title, title_justify="left", title_style="", box=None, pad_edge=False)
            for place, head in enumerate(part.heads):
                grid.add_column(escape(head), overflow="fold", no_wrap=place == 0 and part.title != "Settings")
            for row in part.rows:
                grid.add_row(*map(escape, row))
            console.print()
            console.print(grid)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def markdown(title: str, tables: Iterable[Table]) -> str:
    """Write as GitHub's Markdown."""
    lines = [f"## {_escaped(title)}"]
    for part in tables:
        if part.rows:
            lines += ["", f"### {part.title}", "", _row(part.heads), _row(["---"] * len(part.heads))]
            lines += [_row(row) for row in part.rows]
    return "\n".join(lines) + "\n"


def html(title: str, tables: Iterable[Table]) -> str:
    """Write as one file without script or network."""
    sections = [
        tag("section", tag("h2", part.title), part.chart, drawn(part.heads, map(_cells, part.rows), _kinds(part)))
        for part in tables
        if part.rows
    ]
    return document(title, tag("header", tag("h1", title)), *sections)


def _cells(row: Sequence[str]) -> list[str]:
    """Set intervals smaller than what they belong to."""
    parts = (FIGURE.fullmatch(cell) for cell in row)
    return [
        join(part[1], " ", tag("span", part[2], class_="small")) if part else cell
        for cell, part in zip(row, parts, strict=True)
    ]


def _kinds(part: Table) -> list[str]:
    """Set columns of figures to the right."""
    columns = list(zip(*part.rows, strict=True))[1:]
    return ["", *("n" if all(re.fullmatch(r"[-+–\d][^a-z]*", cell) for cell in column) else "" for column in columns)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str) -> str:
    for sign, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;"), ("\n", " ")):
        cell = cell.replace(sign, shown)
    return cell

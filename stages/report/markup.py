"""HTML and SVG in which no text goes unescaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from stages.report.style import CSS


class Markup(str):
    """Text that is HTML already."""


def join(*parts: str) -> Markup:
    """Put parts together; those that are not Markup are escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """Make an element. In the names of attributes `_` stands for `-`; one at the end is dropped, as in `class_`."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def document(title: str, *body: str) -> str:
    """Make a whole page that needs nothing else."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            tag("title", title),
            f"<style>{CSS}</style>\n</head>\n<body>",
            *body,
            "</body>\n</html>\n",
        ]
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], kinds: Sequence[str]) -> Markup:
    """Make a table with a heading over each column and before each row; `kinds` are the columns' classes."""
    lines = [
        tag("tr", tag("th", first, scope="row", class_=kinds[0]), *_cells("td", rest, kinds[1:]))
        for first, *rest in rows
    ]
    head = tag("thead", tag("tr", *_cells("th", heads, kinds)))
    return tag("div", tag("table", head, tag("tbody", *lines)))


def _cells(name: str, cells: Sequence[str], kinds: Sequence[str]) -> list[Markup]:
    return [tag(name, cell, class_=kind) for cell, kind in zip(cells, kinds, strict=True)]

"""What the sections of the page are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stages.report import wording
from stages.report.markup import Markup, join, tag

Block = Mapping[str, Any]
Rows = Sequence[Block]


def section(heading: str, *content: str) -> Markup:
    return tag("section", tag("h2", heading), *content)


def measured(parent: Block, name: str) -> Markup:
    if not wording.known(parent.get(name)):
        return tag("span", wording.reason(parent, name), class_="soft")
    return join(wording.figure(parent[name]["value"]), " ", small(wording.interval(parent[name])))


def small(text: str) -> Markup:
    return tag("span", text, class_="small")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    return capital(text).rstrip(".") + "."

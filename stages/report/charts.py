"""The page's drawings, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

from stages.report.markup import Markup, tag

LEFT, TOP, SIDE = 40, 10, 240  # of the square that the calibration is drawn in


def bar(*parts: tuple[str, float]) -> Markup:
    """Draw shares of a whole one after the other, each in the colour of its class; `gap` leaves room."""
    drawn, start = [], 0.0
    for kind, share in parts:
        if kind != "gap":
            drawn.append(tag("rect", class_=kind, x=f"{100 * start:.2f}", width=f"{100 * share:.2f}", height=1))
        start += share
    return tag("svg", *drawn, class_="level", viewBox="0 0 100 1", preserveAspectRatio="none", aria_hidden="true")


def calibration(bins: Iterable[Mapping[str, Any]]) -> Markup:
    """Draw accuracy over confidence: per bin a dot, its area in proportion to the records, and the ideal diagonal."""
    ordered = sorted(bins, key=lambda each: (each["confidence"], each["accuracy"]))
    places = [(f"{_x(each['confidence']):.1f}", f"{_y(each['accuracy']):.1f}") for each in ordered]
    most = max(each["count"] for each in ordered)
    dots = [
        tag("circle", cx=x, cy=y, r=f"{5 * sqrt(each['count'] / most):.1f}")
        for each, (x, y) in zip(ordered, places, strict=True)
    ]
    ticks = [mark for share in (0, 0.25, 0.5, 0.75, 1) for mark in _tick(share)]
    names = (
        tag("text", "confidence", x=_x(0.5), y=_y(0) + 34, text_anchor="middle"),
        tag("text", "share that is right", transform=f"translate(10 {_y(0.5)}) rotate(-90)", text_anchor="middle"),
    )
    ideal = tag("line", class_="ideal", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1))
    curve = tag("polyline", class_="curve", points=" ".join(f"{x},{y}" for x, y in places))
    title = tag("title", "Share of proposals that people confirmed, by the annotator's confidence")
    return tag("svg", title, *ticks, ideal, curve, *dots, *names, class_="plot", viewBox="0 0 290 290", role="img")


def _tick(share: float) -> tuple[Markup, ...]:
    x, y = _x(share), _y(share)
    return (
        tag("line", class_="grid", x1=x, y1=_y(0), x2=x, y2=_y(1)),
        tag("line", class_="grid", x1=_x(0), y1=y, x2=_x(1), y2=y),
        tag("text", f"{share:g}", x=x, y=_y(0) + 16, text_anchor="middle"),
        tag("text", f"{share:g}", x=_x(0) - 6, y=y + 4, text_anchor="end"),
    )


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)

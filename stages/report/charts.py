"""The page's drawings, as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor, log10, sqrt
from typing import Any

from stages.report.markup import Markup, join, tag

LEFT, TOP, SIDE = 40, 10, 240  # of the square that the calibration is drawn in
WIDTH, HEIGHT, MARGIN = 640, 200, 56  # of what is drawn over versions, and what is left beside it for figures
COLOURS = ("people", "lost", "auto")
NAMES = 10  # of versions, at most, below a drawing

Measured = tuple[float, float | None, float | None]  # a value, and the ends of its interval


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


def over(steps: Sequence[str], lines: Mapping[str, Sequence[Measured | None]], kind: str = "version") -> Markup:
    """Draw up to three quantities over steps of a kind, with their intervals; None is a gap."""
    found = [point for points in lines.values() for point in points if point]
    if not found:
        return Markup("")
    top = _round_up(max(end for point in found for end in point if end is not None))
    step = (WIDTH - MARGIN - 20) / max(len(steps) - 1, 1)
    places = [MARGIN + 10 + step * place for place in range(len(steps))]

    def y(value: float) -> str:
        return f"{TOP + HEIGHT * (1 - value / top):.1f}"

    def series(colour: str, points: Sequence[Measured | None]) -> Markup:
        known = [(f"{x:.1f}", point) for x, point in zip(places, points, strict=True) if point]
        ends = [(x, low, high) for x, (_, low, high) in known if low is not None and high is not None]
        curve = tag("polyline", points=" ".join(f"{x},{y(value)}" for x, (value, *_) in known))
        whiskers = (tag("line", x1=x, x2=x, y1=y(low), y2=y(high)) for x, low, high in ends)
        dots = (tag("circle", cx=x, cy=y(value), r=3) for x, (value, *_) in known)
        return tag("g", curve, *whiskers, *dots, class_=f"series {colour}")

    ticks = [
        join(
            tag("line", class_="grid", x1=MARGIN, x2=WIDTH, y1=y(top * share), y2=y(top * share)),
            tag("text", f"{top * share:,g}", x=MARGIN - 6, y=float(y(top * share)) + 4, text_anchor="end"),
        )
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    every = ceil(len(steps) / NAMES)
    shown = list(zip(places, steps, strict=True))[::-1][::every]
    names = [tag("text", name, x=f"{x:.1f}", y=TOP + HEIGHT + 18, text_anchor="middle") for x, name in shown]
    drawn = [series(colour, points) for colour, points in zip(COLOURS, lines.values(), strict=False)]
    key = [join(tag("span", name, class_=f"key {kind}"), " ") for kind, name in zip(COLOURS, lines, strict=False)]
    title = tag("title", f"{', '.join(lines)}, by {kind}")
    box = f"0 0 {WIDTH + 20} {TOP + HEIGHT + 26}"
    return join(
        tag("svg", title, *ticks, *names, *drawn, class_="plot wide", viewBox=box, role="img"),
        tag("p", *key, class_="soft"),
    )


def _round_up(value: float) -> float:
    """Give the next number that is 1, 2, 4 or 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(power * digit for digit in (1, 2, 4, 10) if value <= power * digit * (1 + 1e-9))


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

"""Sections of the page: people's labels, and how many more it takes."""

from __future__ import annotations

from collections.abc import Mapping

from stages.report import charts, wording
from stages.report.blocks import Block, measured, section, sentence, small
from stages.report.cases import gallery
from stages.report.markup import Markup, join, table, tag
from stages.tasks import Task

AGREEMENT = {"rounds": "Rounds", "people": "People", "annotations": "Annotations", "skipped": "Skipped"}
SHARES = {"others": "As most others say", "gold": "As adjudicated", "unchanged": "As shown"}
PEOPLE = 20  # on the page


def agreement(statement: Block, report: Block) -> Markup:
    stated = statement.get("agreement") or {}
    compared = f"It compares {stated.get('n') or 0:,} labels on records that several people labelled"
    if "pairwise" in stated:
        name = wording.metric(stated["pairwise"]["metric"])
        told = f"One person's {name} against another's is {wording.found(stated, 'pairwise')}. {compared}."
    else:
        alpha = wording.found(stated or statement, "alpha")
        told = f"Krippendorff's alpha is {alpha}. {compared}; 1 is full agreement, 0 is what chance gives."
    rows = [(head, wording.figure(report[key])) for key, head in AGREEMENT.items() if report.get(key) is not None]
    return section("Agreement between people", tag("p", told), table(("", ""), rows, ("", "n")), ranking(report))


def ranking(report: Block) -> Markup:
    """What people prefer, where records compare things that have names; nothing elsewhere."""
    found = report.get("ranking")
    if not found:
        return join()
    if found["items"] is None:
        return tag("p", f"What they prefer cannot be ranked: {found['reason']}.")
    told = (
        f"What they prefer, by the model of Bradley and Terry over {found['records']:,} comparisons: strengths are "
        "log-odds around a mean of zero."
    )
    rows = [
        (
            each["item"],
            join(f"{each['strength']:.2f} ", small(f"{each['low']:.2f}–{each['high']:.2f}")),
            f"{each['preferred']:g} of {each['records']:,}",
        )
        for each in found["items"][:PEOPLE]
    ]
    return join(tag("p", told), table(("", "Strength", "Preferred"), rows, ("", "n", "n")))


def suspicious(issues: Block, version: Block, task: Task) -> Markup:
    heading = "Labels by people that look wrong"
    if issues.get("suspicious") is None:
        return section(heading, tag("p", f"Not known: {wording.reason(issues, 'suspicious')}."))
    told = (
        f"{issues['suspicious']:,} labels, ranked by how far the annotator doubts them; the first are asked again. How "
        "many of a top are wrong is estimated from those that were. "
    )
    first = gallery(version["cases"]["suspicious"], version["shown"], task)
    if kinds := issues.get("objects"):
        counts = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in kinds.items())
        told += f"By the annotator there are among what they marked: {counts}. "
    if not issues.get("precision_at"):
        return section(heading, tag("p", told, sentence(wording.reason(issues, "precision_at"))), first)
    rows = [
        (f"{int(top):,}", f"{each['n']:,}", measured(issues["precision_at"], top))
        for top, each in issues["precision_at"].items()
    ]
    heads = ("Top of the ranking", "Asked again", "Wrong among them")
    return section(heading, tag("p", told), table(heads, rows, ("", "n", "n")), first)


def forecasts(forecast: Block) -> Markup:
    if forecast.get("reason") or not forecast:
        return section("What is still to be labelled", tag("p", f"Not known: {wording.reason(forecast, 'labels')}."))
    told = (
        "A forecast, no promise: how many labels more people have to give until the annotator's cross-validated figure "
        "is what a gate asks, if the learning curve goes on as it began. The interval is over the records that it was "
        "judged on."
    )
    rows = [
        (
            join(name, " ", small(f"{each['metric']} at least {each['target']:g}")),
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
    return section("What is still to be labelled", tag("p", told), table(heads, rows, ("", "", "n", "n")), drawn)


def _outlook(each: Block, key: str, digits: int) -> Markup:
    low, value, high = (
        None if (end := each[key][name]) is None else f"{end:,.{digits}f}" for name in ("low", "value", "high")
    )
    why = wording.reason(each, key) if value is None else ""
    between = f"{low}–{high}" if low and high else f"{low} or more" if low else ""
    return join(value or tag("span", why, class_="soft"), " ", small(between))


def people(people: Mapping[str, Block]) -> Markup:
    shown = sorted(people.items(), key=lambda item: (-item[1]["answers"], item[0]))[:PEOPLE]
    if not shown:
        return section("People", tag("p", "None has answered yet."))
    told = (
        f"The {len(shown)} of {len(people):,} people who answered most, under their pseudonyms. A share of answers as "
        "shown far above that of answers as most others say hints at proposals that sway people."
    )
    rows = [
        (
            tag("code", name),
            f"{each['answers']:,}",
            *(measured(each, key) if each[key]["n"] else tag("span", "–", class_="soft") for key in SHARES),
            "–" if each["seconds"] is None else f"{each['seconds']:.1f}",
        )
        for name, each in shown
    ]
    heads = ("", "Answers", *SHARES.values(), "Seconds, median")
    return section("People", tag("p", told), table(heads, rows, ("", *["n"] * (len(heads) - 1))))

"""People's labels that look wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.quality.admission import Audited
from stages.quality.intervals import wilson
from stages.quality.noise import suspicion
from stages.tables import DIGITS
from stages.tasks import Choice, Doubt, Locating, Task, Value

Line = Mapping[str, Any]

TOPS = (10, 30, 100, 300)  # of the ranking
SHOWN = 10  # records to look at


def label_issues(task: Task, human: Sequence[Line], auto: Sequence[Line]) -> dict[str, list[Doubt]]:
    """Rank people's labels, as they first were given, by how suspicious the annotator makes them.

    Parameters
    ----------
    task
        What a value is.
    human, auto
        Lines of `data/labels/human.jsonl` and `data/labels/auto.jsonl`.

    Returns
    -------
    Records, most suspicious first, each with what in it looks wrong where the task can tell. Of choices by
    `suspicious`; of objects and spans by their strongest doubt, what the annotator finds before what it does not, since
    it may be blind there; of other tasks those for which the proposal says something else, the surest first; ties by
    id.
    """
    proposals, first = _pairs(human, auto)
    known = sorted(first)
    if isinstance(task, Choice):
        scores = np.array([list(proposals[record]["scores"].values()) for record in known]).reshape(
            -1, len(task.labels)
        )
        return {record: [] for record in suspicious(task, known, [first[record] for record in known], scores)}
    if isinstance(task, Locating):
        doubts = {record: _doubts(task, first[record], proposals[record]) for record in known}
        strongest = {record: max(map(_strength, each)) for record, each in doubts.items() if each}
        return {record: doubts[record] for record in sorted(strongest, key=lambda id: strongest[id], reverse=True)}
    sure = {
        record: proposals[record]["confidence"]
        for record in known
        if task.compare(first[record], proposals[record]["value"]) < task.bar
    }
    return {record: [] for record in sorted(sure, key=lambda record: (-sure[record], record))}


def doubted(
    task: Task, human: Sequence[Line], auto: Sequence[Line], pairs: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Say which of people's labels to ask again, in this order, and why.

    Parameters
    ----------
    task
        When two values are the same.
    human, auto
        Lines of `data/labels/human.jsonl` and `data/labels/auto.jsonl`.
    pairs
        Records that are near-duplicates of each other.

    Returns
    -------
    Records with the reason: near-duplicates with different labels, of which one at least is wrong; then `label_issues`.
    """
    values = {line["record"]: line["value"] for line in human if line["value"] is not None}
    why: dict[str, str] = {}
    for one, other in pairs:
        if one in values and other in values and task.compare(values[one], values[other]) < task.bar:
            for each, like in ((one, other), (other, one)):
                why.setdefault(each, f"near-duplicate disagrees: {like}")
    return why | {each: "suspicious" for each in label_issues(task, human, auto) if each not in why}


def cases(
    ranking: Sequence[str], human: Sequence[Line], auto: Sequence[Line], audit: Audited | None
) -> dict[str, list[dict[str, Any]]]:
    """Pick records that are worth a look.

    Parameters
    ----------
    ranking
        From `label_issues`.
    human, auto
        As there.
    audit
        The open audit, or None; nothing is said of one that is not complete.

    Returns
    -------
    Of the labels that look wrong, `suspicious`, and of the proposals that the audit found wrong, `mistaken`, the first
    ten each: `record`, what `people` first said, what is `proposed`, and with which `confidence`. The surest wrong
    proposals come first, ties by id.
    """
    first = {line["record"]: line["first"]["value"] for line in human}
    proposals = {line["record"]: line for line in auto}
    wrong = {} if audit is None or audit.missing else audit.wrong
    erred = [record for record in wrong if wrong[record] and record in proposals and first[record] is not None]
    erred.sort(key=lambda record: (-proposals[record]["confidence"], record))
    return {
        name: [
            {
                "record": record,
                "people": first[record],
                "proposed": proposals[record]["value"],
                "confidence": proposals[record]["confidence"],
            }
            for record in records[:SHOWN]
        ]
        for name, records in (("suspicious", ranking), ("mistaken", erred))
    }


def precision(task: Task, ranking: Sequence[str], human: Sequence[Line]) -> dict[str, Any]:
    """Estimate which share of the labels at the top of a ranking is wrong, from those that people were asked again.

    Those asked again stood at the top when they were asked, so the estimate for the top of the present ranking takes
    the others there to be like them. A label counts as wrong if people settled on another one. Left out is what they
    had been divided on before, or are now.

    Parameters
    ----------
    task
        When two values are the same.
    ranking
        From `label_issues`.
    human
        Lines of `data/labels/human.jsonl`.

    Returns
    -------
    By length of the top, `n` asked again in it, and the share that was wrong with Wilson's interval; null with a
    `reason` where nobody was asked.
    """
    lines = {line["record"]: line for line in human}
    found = {}
    for top in TOPS:
        asked = [lines[record] for record in ranking[:top] if _decided(lines[record])]
        wrong = sum(task.compare(line["value"], line["first"]["value"]) < task.bar for line in asked)
        found[str(top)] = {"n": len(asked), **wilson(wrong, len(asked))}
        if not asked:
            found[str(top)]["reason"] = "none of these labels was asked again"
    return found


def _pairs(human: Sequence[Line], auto: Sequence[Line]) -> tuple[dict[str, Line], dict[str, Value]]:
    """Give the proposals, and of the records that have one the labels that people first gave."""
    proposals = {line["record"]: line for line in auto}
    first = {line["record"]: line["first"]["value"] for line in human if line["record"] in proposals}
    return proposals, {record: value for record, value in first.items() if value is not None}


def _doubts(task: Locating, value: Value, proposal: Line) -> list[Doubt]:
    return task.doubts(value, proposal["value"], proposal.get("scores"), proposal["confidence"])


def _strength(doubt: Doubt) -> tuple[bool, float]:
    return doubt.kind != "spurious", round(doubt.degree, 9)


def _decided(line: Line) -> bool:
    if not line["rechecked"] or line["value"] is None or line["first"]["value"] is None:
        return False
    return line["first"]["confidence"] > 0.5 and (line["adjudicated"] or line["confidence"] > 0.5)


def suspicious(task: Choice, ids: Sequence[str], values: Sequence[Value], scores: np.ndarray) -> list[str]:
    """Give the records whose label is not the most probable one, most suspicious first; ties by id.

    Parameters
    ----------
    ids, values
        Of the labelled records.
    scores
        Shape (records, labels): out-of-fold probabilities, from models that did not see the record's label.
    """
    doubt = suspicion(task, values, scores).round(DIGITS)  # a tie is a tie on every machine
    codes = task.codes(values)
    best = 0.5 if task.multiple else scores.max(axis=1, keepdims=True, initial=0)
    own = np.where(codes == 1, scores, 1 - scores if task.multiple else np.inf)
    other = np.flatnonzero((own < best).any(axis=1)).tolist()
    return [ids[row] for row in sorted(other, key=lambda row: (-doubt[row], ids[row]))]

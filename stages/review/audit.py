"""The open audit: a fresh uniform sample of what people had not labelled before it opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stages.review.rounds import Annotation
from stages.review.settings import Audit
from stages.sampling import order
from stages.tasks import Task, Value

Labels = Sequence[Mapping[str, Any]]  # lines of `data/labels/human.jsonl`


def opened(annotations: Sequence[Annotation], number: int) -> int:
    """Tell the round in which an audit's first answers came; the next round if there are none yet."""
    rounds = [annotation.round for annotation in annotations if annotation.queue == f"audit:{number}"]
    return min(rounds) if rounds else max((annotation.round for annotation in annotations), default=0) + 1


def population(ids: Iterable[str], labels: Labels) -> list[str]:
    """Give the records that people had not labelled before the audit opened, in the order of `ids`."""
    before = {label["record"] for label in labels if label["before_audit"] is not None}
    return [each for each in ids if each not in before]


def sample(seed: int, audit: Audit, population: Iterable[str]) -> list[str]:
    """Draw the records that people judge, in the order of the audit; all of them if the population is smaller."""
    return order(f"audit|{seed}|{audit.number}", population)[: audit.size]


def verdicts(
    sample: Iterable[str], labels: Labels, proposals: Mapping[str, Value], task: Task, bar: float
) -> tuple[dict[str, bool], list[str]]:
    """Compare proposals with people's answers on the audit's sample.

    A proposal is wrong where `Task.compare` is below the bar. A record that people only skipped, or that has no
    proposal, cannot be judged. It counts as wrong, so that a guarantee errs on the safe side.
    What counts is what people first said: see `settle`.

    Returns
    -------
    Per answered record, whether the proposal is wrong; and the records that nobody has answered. Both in the order of
    the sample.
    """
    answered = {label["record"]: label["first"]["value"] for label in labels if label["people"]}
    wrong = {
        each: answered[each] is None or each not in proposals or task.compare(answered[each], proposals[each]) < bar
        for each in sample
        if each in answered
    }
    return wrong, [each for each in sample if each not in answered]

"""The state of the open audit: whom it speaks of, and what people found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.review import audit
from stages.review.settings import Audit
from stages.tasks import Task


@dataclass(frozen=True)
class Audited:
    """An open audit.

    Attributes
    ----------
    number
        Which audit it is.
    population
        Records that people had not labelled before it opened; its sample is drawn from them.
    wrong
        For each answered record of the sample, whether the automatic label is wrong.
    missing
        Records of the sample that nobody has answered yet.
    """

    number: int
    population: list[str]
    wrong: dict[str, bool]
    missing: list[str]


def audited(
    ids: Iterable[str],
    human: Sequence[Mapping[str, Any]],
    auto: Iterable[Mapping[str, Any]],
    open_audit: Audit | None,
    task: Task,
    bar: float,
    seed: int,
) -> Audited | None:
    """Hold people's answers on the open audit's sample against the automatic labels; None without an open audit.

    Parameters
    ----------
    ids
        All records.
    human, auto
        Lines of `data/labels/human.jsonl` and `data/labels/auto.jsonl`.
    open_audit
        The audit that `conf/review/` names.
    task, bar, seed
        What a value is, how alike it must be to what people said to be right, and what the sample is drawn by.
    """
    if open_audit is None:
        return None
    population = audit.population(ids, human)
    sample = audit.sample(seed, open_audit, population)
    proposals = {line["record"]: line["value"] for line in auto}
    wrong, missing = audit.verdicts(sample, human, proposals, task, bar)
    return Audited(open_audit.number, population, wrong, missing)

"""Which automatic labels a version admits, and what it promises about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stages.quality.guarantee import admit, rank
from stages.quality.settings import Guarantee


class Audited(Protocol):
    """What is known of the open audit."""

    @property
    def number(self) -> int: ...
    @property
    def population(self) -> Sequence[str]: ...
    @property
    def wrong(self) -> Mapping[str, bool]: ...
    @property
    def missing(self) -> Sequence[str]: ...


def admission(
    settings: Guarantee,
    audit: Audited | None,
    auto: Sequence[Mapping[str, Any]],
    human: Sequence[Mapping[str, Any]],
    records: int,
) -> tuple[dict[str, str], dict[str, Any]]:
    """Admit automatic labels as far as the guarantee reaches.

    Parameters
    ----------
    settings
        What is promised.
    audit
        The open audit, or None.
    auto, human
        Lines of `data/labels/auto.jsonl` and `data/labels/human.jsonl`.
    records
        How many records the dataset has.

    Returns
    -------
    Why each automatic label is admitted, by record; those that people labelled, or skipped in the audit, have none.
    And the block `guarantee` of `reports/quality.json`, whose `reason` says why nothing is promised.
    """
    labelled = {line["record"] for line in human if line["value"] is not None}
    confidence = {line["record"]: line["confidence"] for line in auto}
    block: dict[str, Any] = {
        "scope": settings.scope,
        "epsilon": settings.epsilon,
        "alpha": settings.alpha,
        "audit": audit.number if audit else None,
        "sample": len(audit.wrong) if audit else None,
        "errors": None,
        "population": len(audit.population) if audit else None,
        "threshold": None,
        "accepted": 0,
        "coverage": None,
        "error_bound": None,
        "reason": _lacking(audit, auto),
    }
    if audit is None or block["reason"]:
        sure = settings.without_audit if audit is None else None
        admitted = {
            id: f"no audit: confidence {confidence[id]:.4f} is at least {sure:g}, nothing is promised"
            for id in confidence
            if sure is not None and confidence[id] >= sure and id not in labelled
        }
        return admitted, block | {"accepted": len(admitted), "threshold": sure}
    judged = audit.wrong.keys()  # one that people skipped counts as wrong, so it may not be labelled either
    ranking = rank(audit.population, [confidence[id] for id in audit.population])
    found = admit(ranking, confidence, audit.wrong, settings.epsilon, settings.alpha, records)
    admitted = {
        id: f"audit {audit.number}: rank {place:,} of {len(ranking):,}, accepted to {found.cut:,}"
        for place, id in enumerate(ranking[: found.cut], 1)
        if id not in labelled and id not in judged
    }
    few = f"the sample of {len(audit.wrong)} is too small to promise at most {settings.epsilon:g} wrong"
    return admitted, block | {
        "errors": found.errors,
        "threshold": found.threshold,
        "accepted": len(admitted),
        "coverage": len(admitted) / len(ranking) if ranking else None,
        "error_bound": found.error_bound if found.tolerated is not None else None,
        "reason": few if found.tolerated is None else None,
    }


def _lacking(audit: Audited | None, auto: Sequence[Any]) -> str | None:
    if audit is None:
        return "no audit is open: name its number and size in conf/review/"
    if not auto:
        return "there are no automatic labels"
    if not audit.population:
        return "people have labelled every record"
    if audit.missing:
        count = len(audit.missing) + len(audit.wrong)
        return f"audit {audit.number}: {len(audit.missing)} of {count} sampled records are not labelled yet"
    return None

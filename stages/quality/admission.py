"""Which automatic labels a version admits, and what it promises about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from stages.quality.findings import LABELLED, Block, Finding, Part, find, tell, unknown
from stages.quality.guarantee import rank
from stages.quality.hypergeometric import spent
from stages.quality.settings import Guarantee

LEVEL = 0.05  # that an interval misses


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
) -> tuple[dict[str, str], Block]:
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
    And the block `guarantee` of `reports/quality.json`, whose `reason` says why nothing is promised:

    - `coverage` is the share of what people have not labelled that is accepted.
    - `error_bound` is what holds with probability 1 − alpha: of the dataset's records (scope `dataset`) or of the
      accepted labels (scope `accepted`), at most this share is wrongly labelled by the annotator.
    - `estimate` is the share of the accepted labels that is wrong, with an exact 95 % interval. The interval takes the
      cut as given; for any cut at all, the bound is what holds.
    - `sensitivity` says what the bound becomes if people called so large a share of the sample's labels right although
      they are wrong, wherever these are (with the scope `class`, if so many are in every class).
    - `forecast` says, by size, what a larger audit in place of this one would admit by the same rule, if its errors
      were spread over the ranking in the same way. It is no promise.
    """
    labelled = {line["record"] for line in human if line["value"] is not None}
    confidence = {line["record"]: line["confidence"] for line in auto}
    reason = _lacking(settings, audit, auto, records - len(labelled))
    block: Block = {
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
        "estimate": unknown(reason),
        "sensitivity": None,
        "forecast": None,
        "reason": reason,
    }
    if settings.scope == "class":
        block |= {"class_scope": settings.class_scope, "classes": None}
    if audit is None or reason:
        sure = settings.without_audit if audit is None else None
        admitted = {
            id: f"no audit: confidence {confidence[id]:.4f} is at least {sure:g}, nothing is promised"
            for id in confidence
            if sure is not None and confidence[id] >= sure and id not in labelled
        }
        return admitted, block | {"accepted": len(admitted), "threshold": sure}
    # one that people skipped counts as wrong, so it may not be labelled either
    parts = _parts(settings, audit, auto, labelled | audit.wrong.keys(), records)
    findings = {name: find(part) for name, part in parts.items()}
    admitted = {
        id: why
        for name, finding in findings.items()
        for id, why in _reasons(finding, f"audit {audit.number}" + (f", {name}" if name else "")).items()
    }
    block |= tell(list(findings.values()), confidence)
    if settings.scope == "class":
        block["classes"] = {name: tell([finding], confidence) for name, finding in findings.items()}
    return admitted, block


def _lacking(settings: Guarantee, audit: Audited | None, auto: Sequence[Mapping[str, Any]], left: int) -> str | None:
    if audit is None and not left:
        return LABELLED
    if audit is None:
        return "no audit is open: name its number and size in conf/review/"
    if not auto:
        return "there are no automatic labels"
    if not audit.population:
        return LABELLED
    if audit.missing:
        count = len(audit.missing) + len(audit.wrong)
        return f"audit {audit.number}: {len(audit.missing)} of {count} sampled records are not labelled yet"
    if settings.scope == "class" and not all(isinstance(line["value"], str) for line in auto):
        return "the scope 'class' is for records with one label each"
    return None


def _parts(
    settings: Guarantee, audit: Audited, auto: Sequence[Mapping[str, Any]], answered: Collection[str], records: int
) -> dict[str, Part]:
    """Part the population by what is promised of it.

    The scope `class` pays for as many promises as there are proposed labels, which is known without the sample. Given
    how many of the sample are of a class, they are a uniform sample of it.
    """
    proposal = {line["record"]: line["value"] for line in auto}
    confidence = {line["record"]: line["confidence"] for line in auto}
    taken = set(audit.population).difference(confidence).union(answered)

    def part(ids: Sequence[str], records: int, parts: int) -> Part:
        ranking = rank(ids, [confidence.get(id, -1.0) for id in ids])  # what has no proposal comes last
        return Part(
            scope=settings.class_scope if settings.scope == "class" else settings.scope,  # type: ignore[arg-type]
            ranking=ranking,
            errors={id: audit.wrong[id] for id in ranking if id in audit.wrong},
            taken=taken,
            left=len(set(ids).difference(answered)),
            records=records,
            epsilon=settings.epsilon,
            alpha=spent(settings.alpha, parts),
            level=spent(LEVEL, parts),
        )

    if settings.scope != "class":
        return {"": part(audit.population, records, 1)}
    proposed: dict[str, list[str]] = {}
    for id in audit.population:
        if id in proposal:
            proposed.setdefault(proposal[id], []).append(id)
    everywhere = Counter(proposal.values())
    return {name: part(proposed[name], everywhere[name], len(proposed)) for name in sorted(proposed)}


def _reasons(finding: Finding, audit: str) -> dict[str, str]:
    end = f"of {len(finding.part.ranking):,}, accepted to {finding.admission.cut:,}"
    head = enumerate(finding.part.ranking[: finding.admission.cut], 1)
    return {id: f"{audit}: rank {place:,} {end}" for place, id in head if id not in finding.part.taken}

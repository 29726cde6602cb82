"""Which automatic labels a version admits, and what it promises about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Literal, Protocol

from stages.quality.accepted import Head, admit_share, foreseen_share, heads, mistaken_share
from stages.quality.guarantee import Admission, admit, foreseen, mistaken, rank, share
from stages.quality.hypergeometric import Alpha, between, exact, spent
from stages.quality.settings import Guarantee

RATES = (0.01, 0.02, 0.05)  # of the sample's labels, wrong in favour of the annotator
LARGER = (2, 4)  # times the sample
LEVEL = 0.05  # that an interval misses

Block = dict[str, Any]


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


@dataclass(frozen=True)
class Part:
    """A ranking with a promise of its own: the whole population, or one class of proposals."""

    scope: Literal["dataset", "accepted"]
    ranking: Sequence[str]
    errors: Mapping[str, bool]
    taken: Collection[str]
    records: int  # that the scope `dataset` takes its share of
    epsilon: float
    alpha: Alpha
    level: Alpha  # probability that the interval may miss

    @property
    def budget(self) -> int:
        return share(self.epsilon, self.records)

    @cached_property
    def heads(self) -> list[Head]:
        return heads(self.ranking, self.errors, self.taken)


@dataclass(frozen=True)
class Finding:
    """What the audit says of a part, in numbers of records."""

    part: Part
    admission: Admission
    accepted: list[str]
    sampled: int  # records of the sample among those before the cut
    wrong: int  # and how many of them are wrong
    ends: tuple[int, int]  # an interval for all errors before the cut

    @property
    def of(self) -> int:
        """What the error bound is a share of."""
        return self.part.records if self.part.scope == "dataset" else len(self.accepted)


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
    reason = _lacking(settings, audit, auto)
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
        "estimate": _unknown(reason),
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
    taken = labelled | audit.wrong.keys() | set(audit.population).difference(confidence)
    parts = _parts(settings, audit, auto, taken, records)
    findings = {name: _find(part) for name, part in parts.items()}
    admitted = {
        id: why
        for name, finding in findings.items()
        for id, why in _reasons(finding, f"audit {audit.number}" + (f", {name}" if name else "")).items()
    }
    block |= _told(list(findings.values()), confidence)
    if settings.scope == "class":
        block["classes"] = {name: _told([finding], confidence) for name, finding in findings.items()}
    return admitted, block


def _lacking(settings: Guarantee, audit: Audited | None, auto: Sequence[Mapping[str, Any]]) -> str | None:
    if audit is None:
        return "no audit is open: name its number and size in conf/review/"
    if not auto:
        return "there are no automatic labels"
    if not audit.population:
        return "people have labelled every record"
    if audit.missing:
        count = len(audit.missing) + len(audit.wrong)
        return f"audit {audit.number}: {len(audit.missing)} of {count} sampled records are not labelled yet"
    if settings.scope == "class" and not all(isinstance(line["value"], str) for line in auto):
        return "the scope 'class' is for records with one label each"
    return None


def _parts(
    settings: Guarantee, audit: Audited, auto: Sequence[Mapping[str, Any]], taken: Collection[str], records: int
) -> dict[str, Part]:
    """Part the population by what is promised of it.

    The scope `class` pays for as many promises as there are proposed labels, which is known without the sample. Given
    how many of the sample are of a class, they are a uniform sample of it.
    """
    proposal = {line["record"]: line["value"] for line in auto}
    confidence = {line["record"]: line["confidence"] for line in auto}

    def part(ids: Sequence[str], records: int, parts: int) -> Part:
        ranking = rank(ids, [confidence.get(id, -1.0) for id in ids])  # what has no proposal comes last
        return Part(
            scope=settings.class_scope if settings.scope == "class" else settings.scope,  # type: ignore[arg-type]
            ranking=ranking,
            errors={id: audit.wrong[id] for id in ranking if id in audit.wrong},
            taken=taken,
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


def _find(part: Part) -> Finding:
    if part.scope == "dataset":
        found = admit(part.ranking, part.errors, part.budget, part.alpha)
    else:
        found = admit_share(part.heads, part.epsilon, part.alpha)
    head = part.ranking[: found.cut]
    sampled = [part.errors[id] for id in head if id in part.errors]
    ends = between(len(head), len(sampled), part.level, sum(sampled))
    return Finding(part, found, [id for id in head if id not in part.taken], len(sampled), sum(sampled), ends)


def _reasons(finding: Finding, audit: str) -> dict[str, str]:
    end = f"of {len(finding.part.ranking):,}, accepted to {finding.admission.cut:,}"
    head = enumerate(finding.part.ranking[: finding.admission.cut], 1)
    return {id: f"{audit}: rank {place:,} {end}" for place, id in head if id not in finding.part.taken}


def _told(findings: Sequence[Finding], confidence: Mapping[str, float]) -> Block:
    """Put what was found into the form of the report; several findings are added up."""
    parts = [finding.part for finding in findings]
    population = sum(len(part.ranking) for part in parts)
    sample = sum(len(part.errors) for part in parts)
    accepted = sum(len(finding.accepted) for finding in findings)
    promising = [finding for finding in findings if finding.admission.wrong is not None]
    whole = sum(finding.of for finding in findings)
    scope, epsilon = parts[0].scope, parts[0].epsilon
    few = "the sample of {} shows no part of the ranking to be at most {:g} wrong"
    if scope == "dataset":
        few = "the sample of {} is too small to promise at most {:g} wrong"
    hidden = {rate: ceil(exact(rate) * sample) for rate in RATES}
    return {
        "sample": sample,
        "errors": sum(sum(part.errors.values()) for part in parts),
        "population": population,
        "threshold": min(
            (confidence[id] for each in findings for id in each.part.ranking[: each.admission.cut] if id in confidence),
            default=None,
        ),
        "accepted": accepted,
        "coverage": accepted / population if population else None,
        "error_bound": sum(each.admission.wrong or 0 for each in promising) / whole if promising and whole else None,
        "estimate": _estimate(findings),
        "sensitivity": {
            f"{rate:g}": {"hidden": count, "error_bound": sum(_mistaken(each, count) for each in promising) / whole}
            for rate, count in hidden.items()
        }
        if promising and whole
        else None,
        "forecast": {
            str(larger): _forecast(parts, larger, sample, population)
            for larger in (min(times * sample, population) for times in LARGER)
        }
        if sample
        else None,
        "reason": None if promising else few.format(sample, epsilon),
    }


def _estimate(findings: Sequence[Finding]) -> Block:
    """Estimate the share of wrong labels among those accepted; of several findings, by their sizes."""
    reached = [finding for finding in findings if finding.accepted]
    if not reached:
        return _unknown("no automatic label is accepted")
    if not all(finding.sampled for finding in reached):
        return _unknown("the sample has no record among those accepted")
    low, value, high = 0.0, 0.0, 0.0
    total = sum(len(finding.accepted) for finding in reached)
    for finding in reached:
        weight = len(finding.accepted) / total
        unsampled = finding.admission.cut - finding.sampled
        low += weight * (finding.ends[0] - finding.wrong) / unsampled
        value += weight * finding.wrong / finding.sampled
        high += weight * (finding.ends[1] - finding.wrong) / unsampled
    return {"value": value, "low": low, "high": high, "n": sum(finding.sampled for finding in reached)}


def _mistaken(finding: Finding, hidden: int) -> int:
    part, sample = finding.part, len(finding.part.errors)
    if part.scope == "dataset":
        bound = mistaken(len(part.ranking), sample, part.alpha, part.budget, hidden)
    else:
        bound = mistaken_share(part.heads, finding.admission.cut, part.alpha, hidden)
    return min(len(finding.accepted), bound)


def _forecast(parts: Sequence[Part], larger: int, sample: int, population: int) -> Block:
    accepted = 0.0
    for part in parts:
        n, m = len(part.ranking), len(part.errors)
        grown = min(n, m * larger // sample)
        if not m:
            continue
        if part.scope == "dataset":
            places = [place for place, id in enumerate(part.ranking) if part.errors.get(id)]
            cut = foreseen(n, places, m, grown, part.alpha, part.budget)
        else:
            cut = foreseen_share(part.heads, grown, part.epsilon, part.alpha)
        accepted += cut * (1 - grown / n)
    labelled = larger + round(accepted)  # by people or by the annotator
    return {"accepted": round(accepted), "coverage": accepted / population, "labelled": labelled}


def _unknown(reason: str | None) -> Block:
    return {"value": None, "low": None, "high": None, "reason": reason}

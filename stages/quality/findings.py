"""What an audit says of a ranking, and how it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Literal

from stages.quality.accepted import Head, admit_share, foreseen_share, heads, mistaken_share
from stages.quality.guarantee import Admission, admit, foreseen, mistaken, share
from stages.quality.hypergeometric import Alpha, between, exact

RATES = (0.01, 0.02, 0.05)  # of the sample's labels, wrong in favour of the annotator
LARGER = (2, 4)  # times the sample
LABELLED = "people have labelled every record"
IMPORTED = (
    "all labels were imported or given unasked (queue direct), and estimates need a uniform sample: open an audit "
    "(audit in conf/review/), or have people answer the random queue"
)

Block = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A ranking with a promise of its own: the whole population, or one class of proposals."""

    scope: Literal["dataset", "accepted"]
    ranking: Sequence[str]
    errors: Mapping[str, bool]
    taken: Collection[str]
    left: int  # that people have not labelled
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


def find(part: Part) -> Finding:
    """Accept of a ranking what its promise allows."""
    if part.scope == "dataset":
        found = admit(part.ranking, part.errors, part.budget, part.alpha)
    else:
        found = admit_share(part.heads, part.epsilon, part.alpha)
    head = part.ranking[: found.cut]
    sampled = [part.errors[id] for id in head if id in part.errors]
    ends = between(len(head), len(sampled), part.level, sum(sampled))
    return Finding(part, found, [id for id in head if id not in part.taken], len(sampled), sum(sampled), ends)


def tell(findings: Sequence[Finding], confidence: Mapping[str, float]) -> Block:
    """Put what was found into the form of the block `guarantee`; several findings are added up.

    Parameters
    ----------
    findings
        One at least.
    confidence
        Of each record's proposal.
    """
    parts = [finding.part for finding in findings]
    population = sum(len(part.ranking) for part in parts)
    sample = sum(len(part.errors) for part in parts)
    accepted = sum(len(finding.accepted) for finding in findings)
    left = sum(part.left for part in parts)
    promising = [finding for finding in findings if finding.part.left and finding.admission.wrong is not None]
    whole = sum(finding.of for finding in findings)
    scope, epsilon = parts[0].scope, parts[0].epsilon
    few = f"the sample of {sample} shows no part of the ranking to be at most {epsilon:g} wrong"
    if scope == "dataset":
        few = f"the sample of {sample} is too small to promise at most {epsilon:g} wrong"
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
        "coverage": accepted / left if left else None,
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
        "reason": None if promising else few if left else LABELLED,
    }


def _estimate(findings: Sequence[Finding]) -> Block:
    """Estimate the share of wrong labels among those accepted; of several findings, by their sizes."""
    reached = [finding for finding in findings if finding.accepted]
    if not reached:
        return unknown("no automatic label is accepted")
    if not all(finding.sampled for finding in reached):
        return unknown("the sample has no record among those accepted")
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
    found = {"accepted": round(accepted), "coverage": None, "labelled": labelled}
    if larger == population:
        return found | {"reason": LABELLED}
    return found | {"coverage": accepted / (population - larger)}


def unknown(reason: str | None) -> Block:
    """Give an estimate that cannot be made, with the reason."""
    return {"value": None, "low": None, "high": None, "reason": reason}

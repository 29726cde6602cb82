"""How many automatic labels may be accepted, so that at most a stated number of them is wrong.

A population of N records carries automatic labels in a ranking. People label a uniform sample of m of them. Accept
everything ranked before the (c + 1)-th error on the sample; where people labelled, their label counts.

Theorem. Let U(x) be the largest D with P(Hypergeometric(N, D, m) ≤ x) > α, and c the largest x with U(x') − x' ≤ B
for every x' ≤ x. If the ranking was fixed without looking at the sample, and people were right on it, then with
probability at least 1 − α at most B of the accepted automatic labels are wrong. It holds for any model, any ranking
and any pattern of errors, in finite samples.

Proof. Let D labels of the population be wrong, X of them on the sample.

- D > B + c. Look at the first B + c + 1 errors of the ranking. If more than c of them are on the sample, the cut falls
  among them, with c on the sample and at most B off the sample before it. So more than B wrong labels are accepted only
  if at most c of these B + c + 1 are on the sample. That has probability P(Hypergeometric(N, B + c + 1, m) ≤ c), which
  is at most α because B + c + 1 > U(c).
- D ≤ B + c. If X > c, fewer than D − c ≤ B wrong labels are accepted. If X ≤ c, everything is, with D − X wrong labels
  off the sample; they are more than B only if X ≤ y = D − B − 1, where y < c. Since D = B + y + 1 > U(y), that has
  probability at most α, too.                                                                                        ∎

People may label more of the population meanwhile: that only takes errors away.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb


@dataclass(frozen=True)
class Admission:
    """Which automatic labels are accepted, and what is promised about them."""

    cut: int  # so many of the ranking are accepted, from the front, sampled records included
    tolerated: int | None  # c, or None if the sample is too small for any promise
    errors: int  # seen on the sample
    threshold: float | None  # confidence of the last record accepted, or None
    error_bound: float | None  # B as a share of the dataset's records, or None if it has none


def undetected(population: int, sample: int, alpha: float, seen: int) -> int:
    """U(x): the largest number of errors in the population that a sample may show as so few.

    Computed in whole numbers, so that no rounding decides; `alpha` is read as the decimal number that it prints as.

    Parameters
    ----------
    population, sample
        N and m, with m ≤ N.
    alpha
        At least 0 and below 1.
    seen
        x, the errors on the sample.
    """

    def too_many(errors: int) -> bool:  # false, then true, as errors grow
        return _ruled_out(errors, population, sample, alpha, seen)

    return bisect_left(range(population + 1), True, key=too_many) - 1


def tolerated(population: int, sample: int, alpha: float, budget: int) -> int | None:
    """c: the largest x such that U(x') − x' ≤ budget for every x' ≤ x; None if there is none.

    U(x) − x never falls as x grows, since one error more in the population shows at most one error more on the sample;
    and U(x) ≤ budget + x says that budget + x + 1 errors are ruled out. So c takes no search for U.
    """

    def fails(seen: int) -> bool:  # false, then true, as more are seen
        return not _ruled_out(budget + seen + 1, population, sample, alpha, seen)

    place = bisect_left(range(sample + 1), True, key=fails)
    return place - 1 if place else None


def rank(ids: Sequence[str], confidences: Sequence[float]) -> list[str]:
    """Order records by confidence, most confident first; ties by id."""
    return [id for _, id in sorted(zip((-each for each in confidences), ids, strict=True))]


def admit(
    ranking: Sequence[str],
    confidence: Mapping[str, float],
    errors: Mapping[str, bool],
    epsilon: float,
    alpha: float,
    records: int,
) -> Admission:
    """Accept the automatic labels before the (c + 1)-th error on the sample, with B = ⌊epsilon · records⌋.

    Parameters
    ----------
    ranking
        Ids of the population's N records, from `rank`; fixed without looking at the sample.
    confidence
        Of each record in the ranking.
    errors
        For each id of the sample, whether its automatic label is wrong. The sample is complete and uniform.
    epsilon, alpha
        The share of the dataset's records that may be wrongly labelled, and the probability that more are.
    records
        How many records the dataset has, those outside the population included.

    Raises
    ------
    ValueError
        A record of the sample is not in the ranking.
    """
    if outside := sorted(errors.keys() - set(ranking)):
        raise ValueError(f"{len(outside)} records of the sample are not in the ranking, such as {outside[0]!r}")
    budget = int(Fraction(str(epsilon)) * records)
    limit = tolerated(len(ranking), len(errors), alpha, budget)
    places = [place for place, id in enumerate(ranking) if errors.get(id)]
    if limit is None:
        cut = 0
    elif limit < len(places):
        cut = places[limit]
    else:
        cut = len(ranking)
    return Admission(
        cut=cut,
        tolerated=limit,
        errors=len(places),
        threshold=confidence[ranking[cut - 1]] if cut else None,
        error_bound=budget / records if records else None,
    )


def _ruled_out(errors: int, population: int, sample: int, alpha: float, seen: int) -> bool:
    """Say whether P(Hypergeometric(population, errors, sample) ≤ seen) ≤ alpha, or there are too few records."""
    if errors > population:
        return True
    right = population - errors
    shown = max(0, sample - right)
    ways = comb(errors, shown) * comb(right, sample - shown)  # samples with exactly so many shown
    total = 0
    while shown <= min(seen, errors):
        total += ways
        ways = ways * (errors - shown) * (sample - shown) // ((shown + 1) * (right - sample + shown + 1))
        shown += 1
    return total <= Fraction(str(alpha)) * comb(population, sample)

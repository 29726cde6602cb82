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

from stages.quality.hypergeometric import Alpha, exact, ruled_out, undetected


@dataclass(frozen=True)
class Admission:
    """Which automatic labels are accepted, and what is promised about them."""

    cut: int  # so many of the ranking are accepted, from the front, sampled records included
    wrong: int | None  # of the labels accepted at most so many are wrong; None if nothing can be promised


def tolerated(population: int, sample: int, alpha: Alpha, budget: int) -> int | None:
    """c: the largest x such that U(x') − x' ≤ budget for every x' ≤ x; None if there is none.

    U(x) − x never falls as x grows, since one error more in the population shows at most one error more on the sample;
    and U(x) ≤ budget + x says that budget + x + 1 errors are ruled out. So c takes no search for U.
    """

    def fails(seen: int) -> bool:  # false, then true, as more are seen
        return not ruled_out(budget + seen + 1, population, sample, alpha, seen)

    place = bisect_left(range(sample + 1), True, key=fails)
    return place - 1 if place else None


def rank(ids: Sequence[str], confidences: Sequence[float]) -> list[str]:
    """Order records by confidence, most confident first; ties by id."""
    return [id for _, id in sorted(zip((-each for each in confidences), ids, strict=True))]


def admit(ranking: Sequence[str], errors: Mapping[str, bool], budget: int, alpha: Alpha) -> Admission:
    """Accept the automatic labels before the (c + 1)-th error on the sample.

    Parameters
    ----------
    ranking
        Ids of the population's N records, from `rank`; fixed without looking at the sample.
    errors
        For each id of the sample, whether its automatic label is wrong. The sample is complete and uniform.
    budget, alpha
        B, the labels that may be wrong, and the probability that more are.

    Raises
    ------
    ValueError
        A record of the sample is not in the ranking.
    """
    places = error_places(ranking, errors)
    limit = tolerated(len(ranking), len(errors), alpha, budget)
    if limit is None:
        return Admission(0, None)
    return Admission(_before(places, limit, len(ranking)), budget)


def share(epsilon: float | Fraction, records: int) -> int:
    """Give ⌊epsilon · records⌋, with epsilon read as the decimal number that it prints as."""
    part = exact(epsilon)
    return records * part.numerator // part.denominator


def error_places(ranking: Sequence[str], errors: Mapping[str, bool]) -> list[int]:
    """Tell where in the ranking, from 0, the errors of the sample stand.

    Raises
    ------
    ValueError
        A record of the sample is not in the ranking.
    """
    if outside := sorted(errors.keys() - set(ranking)):
        raise ValueError(f"{len(outside)} records of the sample are not in the ranking, such as {outside[0]!r}")
    return [place for place, id in enumerate(ranking) if errors.get(id)]


def mistaken(population: int, sample: int, alpha: Alpha, budget: int, hidden: int) -> int:
    """Bound the wrong labels that `admit` has accepted, if people called so many wrong labels of the sample right.

    The cut then lies no further than the (c + hidden + 1)-th error that the sample truly has. That is what the theorem
    accepts with c + hidden in place of c, and the budget that goes with it is U(c + hidden) − (c + hidden). It holds
    wherever the hidden errors are.
    """
    limit = tolerated(population, sample, alpha, budget)
    if limit is None:
        return 0  # nothing was accepted
    shown = min(sample, limit + hidden)
    return undetected(population, sample, alpha, shown) - shown


def foreseen(population: int, places: Sequence[int], sample: int, larger: int, alpha: Alpha, budget: int) -> int:
    """Forecast the cut of a larger sample, whose errors are spread over the ranking as those of the present one.

    Parameters
    ----------
    population, sample
        N and m.
    places
        Where the errors of the present sample stand in the ranking, from `error_places`.
    larger
        The size of the larger sample.
    """
    limit = tolerated(population, larger, alpha, budget)
    return 0 if limit is None else _before(places, limit * sample // larger, population)


def _before(places: Sequence[int], limit: int, population: int) -> int:
    return places[limit] if limit < len(places) else population

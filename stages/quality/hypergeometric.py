"""What a sample without replacement rules out, in whole numbers, so that no rounding decides.

Probabilities that are not fractions are read as the decimal numbers that they print as.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from math import comb

Alpha = float | Fraction


def exact(number: Alpha) -> Fraction:
    """Read a number as the decimal that it prints as."""
    return number if isinstance(number, Fraction) else Fraction(str(number))


def ruled_out(errors: int, population: int, sample: int, alpha: Alpha, seen: int) -> bool:
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
    level = exact(alpha)
    return total * level.denominator <= level.numerator * comb(population, sample)


def undetected(population: int, sample: int, alpha: Alpha, seen: int) -> int:
    """U(x): the largest number of errors in the population that a sample may show as so few.

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
        return ruled_out(errors, population, sample, alpha, seen)

    return bisect_left(range(population + 1), True, key=too_many) - 1


def between(population: int, sample: int, alpha: Alpha, seen: int) -> tuple[int, int]:
    """Give the exact interval for the errors in the population, with alpha shared equally between its two sides.

    See Wang, Exact Optimal Confidence Intervals for Hypergeometric Parameters, 2015, on this one and narrower ones.
    """
    side = exact(alpha) / 2
    right = undetected(population, sample, side, sample - seen)
    return population - right, undetected(population, sample, side, seen)


def spent(alpha: Alpha, rankings: int) -> Fraction:
    """Share alpha among rankings that are judged by one sample, so that all promises hold together (Bonferroni).

    Whoever tries several annotators against one open audit and keeps the best has judged as many rankings as there
    were different ones. Each must be judged at this smaller alpha; then it does not matter which is kept.

    Parameters
    ----------
    alpha
        The probability with which any of the promises may fail.
    rankings
        How many different rankings, at least 1; or how many classes, each with a promise of its own.
    """
    return exact(alpha) / rankings

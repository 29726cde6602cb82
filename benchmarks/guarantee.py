"""Break the promises, if they can be broken: `python -m benchmarks.guarantee [--trials 2000]`.

For each scope, share and pattern of errors: in how many of the audits drawn more labels are wrong than was promised.
Beside them, the usual threshold: the longest head whose Clopper-Pearson limit, taken by itself, is low enough.
Patterns are hostile: their errors are as many as the rule just does not allow, or a little more, in several places.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
from scipy.stats import binom

from stages.quality import Head, admit_share, share, spent, tolerated

POPULATION, SIZE, ALPHA, CLASSES = 2000, 300, 0.05, 3
EPSILONS = (0.01, 0.02, 0.05, 0.1)

Rule = Callable[[np.ndarray, np.ndarray, float, Fraction], np.ndarray]


def patterns(epsilon: float) -> dict[str, np.ndarray]:
    """Say of each place in the ranking whether its label is wrong."""
    place, random = np.arange(POPULATION), np.random.default_rng(1)
    budget = share(epsilon, POPULATION)
    limit = tolerated(POPULATION, SIZE, ALPHA, budget) or 0
    allowed = np.array([share(epsilon, k - -(-k * SIZE // POPULATION)) for k in range(POPULATION + 1)])
    barely = np.diff(allowed + 1, prepend=0)[1:] > 0
    barely[0] = True
    late = barely & (place >= POPULATION // 2)
    late[POPULATION // 2 : POPULATION // 2 + allowed[POPULATION // 2] + 1] = True
    return {
        "all in front": place < budget + limit + 1,
        "all at the end": place >= POPULATION - budget - limit - 1,
        "evenly, a little too many": np.diff(np.floor(1.02 * epsilon * np.arange(POPULATION + 1))) > 0,
        "barely too many in each head": barely,
        "barely too many from the middle on": late,
        "in clumps": place % 400 < np.ceil(420 * epsilon),
        "at random (all confidences tied)": random.random(POPULATION) < 1.05 * epsilon,
        "more with less confidence": random.random(POPULATION) < 3 * epsilon * place / POPULATION,
    }


def dataset(wrong: np.ndarray, samples: np.ndarray, epsilon: float, alpha: Fraction) -> np.ndarray:
    """Say for each sample whether more labels are wrong than the scope `dataset` promises."""
    budget = share(epsilon, wrong.size)
    limit = tolerated(wrong.size, int(samples[0].sum()), alpha, budget)
    if limit is None:
        return np.zeros(len(samples), dtype=bool)
    accepted = (wrong & samples).cumsum(axis=1) <= limit
    return np.asarray((accepted & wrong & ~samples).sum(axis=1) > budget)


def accepted(wrong: np.ndarray, samples: np.ndarray, epsilon: float, alpha: Fraction) -> np.ndarray:
    """Say for each sample whether more labels are wrong than the scope `accepted` promises."""
    sizes = [-(-wrong.size * step // 20) for step in range(5, 21)]
    ends = np.array(sizes) - 1
    counts = [flags.cumsum(axis=1)[:, ends].tolist() for flags in (samples, samples & wrong)]
    cut = [cut_at(tuple(sizes), tuple(s), tuple(x), epsilon, alpha) for s, x in zip(*counts, strict=True)]
    head = np.arange(wrong.size) < np.array(cut)[:, None]
    unseen, left = (head & wrong & ~samples).sum(axis=1), (head & ~samples).sum(axis=1)
    return np.array([bad > share(epsilon, rest) for bad, rest in zip(unseen.tolist(), left.tolist(), strict=True)])


@cache
def cut_at(sizes: tuple[int, ...], s: tuple[int, ...], x: tuple[int, ...], epsilon: float, alpha: Fraction) -> int:
    return admit_share([Head(k, m, e, k - m) for k, m, e in zip(sizes, s, x, strict=True)], epsilon, alpha).cut


def clopper_pearson(wrong: np.ndarray, samples: np.ndarray, epsilon: float, alpha: Fraction) -> np.ndarray:
    """Break the promise of `accepted` by the longest head whose upper Clopper-Pearson limit is at most epsilon."""
    chances = [binom.cdf(np.arange(n + 1), n, epsilon) for n in range(SIZE + 1)]
    limit = np.array([each.searchsorted(float(alpha), "right") - 1 for each in chances])
    good = (samples & wrong).cumsum(axis=1) <= limit[samples.cumsum(axis=1)]
    head = np.arange(wrong.size) < np.where(good.any(axis=1), wrong.size - good[:, ::-1].argmax(axis=1), 0)[:, None]
    return np.asarray((head & wrong & ~samples).sum(axis=1) > epsilon * (head & ~samples).sum(axis=1))


def by_class(rule: Rule) -> Rule:
    """Give each class a promise of its own; the classes take turns in the ranking."""

    def broken(wrong: np.ndarray, samples: np.ndarray, epsilon: float, alpha: Fraction) -> np.ndarray:
        found = np.zeros(len(samples), dtype=bool)
        for one in range(CLASSES):
            mine = samples[:, one::CLASSES]
            for size in np.unique(mine.sum(axis=1)):  # the rule is told how many of the sample are of its class
                rows = np.flatnonzero(mine.sum(axis=1) == size)
                found[rows] |= rule(wrong[one::CLASSES], mine[rows], epsilon, spent(alpha, CLASSES))
        return found

    return broken


CLOPPER_PEARSON = "Clopper-Pearson"  # for comparison: it is no part of the verdict
RULES: dict[str, Rule] = {
    "dataset": dataset,
    "accepted": accepted,
    "class, dataset": by_class(dataset),
    "class, accepted": by_class(accepted),
    CLOPPER_PEARSON: clopper_pearson,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    draws = np.random.default_rng(7).random((trials, POPULATION))
    samples = draws <= np.partition(draws, SIZE - 1, axis=1)[:, SIZE - 1 : SIZE]
    slack = 3 * (ALPHA * (1 - ALPHA) / trials) ** 0.5
    print(
        f"{trials:,} audits of {SIZE} among {POPULATION:,}; broken promises, at most {ALPHA} (+ {slack:.3f} by chance)"
    )
    print(f"{'scope':<17}{'errors':<36}" + "".join(f"{epsilon:>8g}" for epsilon in EPSILONS))
    worst = 0.0
    for scope, rule in RULES.items():
        for name in patterns(0.1):
            rates = [float(rule(patterns(each)[name], samples, each, spent(ALPHA, 1)).mean()) for each in EPSILONS]
            worst = max(worst, *rates) if scope != CLOPPER_PEARSON else worst
            print(f"{scope:<17}{name:<36}" + "".join(f"{rate:>8.4f}" for rate in rates), flush=True)
    print(f"worst of the scopes: {worst:.4f}")
    sys.exit(worst > ALPHA + slack)


if __name__ == "__main__":
    main()

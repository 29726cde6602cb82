"""How many automatic labels may be accepted, so that at most a stated share of those accepted is wrong.

A population of N records carries automatic labels in a ranking. People label a uniform sample of m of them. A head is
the first k records of the ranking; the heads that may be accepted are ⌈j · N / 20⌉ for j from 5 to 20.

Theorem. Let b(k) = ⌊ε · (k − ⌈k · m / N⌉)⌋. Go through the heads in order, with a level that begins at 0, gains α / 2
at the first quarter of the ranking and α / 6 at each other one, and falls back to 0 after a head that fails. A head is
shown to be good if b(k) + 1 errors in it are ruled out at the level: P(Hypergeometric(k, b(k) + 1, s) ≤ x) ≤ level,
where s records of the sample are in the head and x of them are wrong. If the ranking was fixed without looking at the
sample, and people were right on it, then with probability at least 1 − α every head shown to be good has at most b(k)
errors.

Proof. Given s, the sample within the head is uniform, of size s: so if the head has more than b(k) errors, it is shown
to be good with a probability of at most the level, whatever s is. The heads, b(k) and the gains do not depend on the
sample; call a head bad if it has more errors than b(k). As long as no bad head has been called good, the level at a bad
head is at most what was gained since the bad head before it, since it fell back to 0 there. So the probability that
some bad head is called good is at most the sum of what is gained between them, which is at most α (the fallback
procedure of Wiens 2003; Wiens and Dmitrienko 2005). ∎

Of a good head's b(k) errors the sample has taken x out; so b(k) − x is a bound on the wrong labels among those that
are accepted. As it holds for all good heads at once, we may choose among them as we like: the largest in which b(k) − x
is at most ε times the labels that are truly accepted there, off the sample and not labelled by people otherwise.

Why b(k) does not count what the sample takes out, which would let in a little more: x would then be part of the
hypothesis, and the proof needs one that the sample did not choose. The price is less than a share m / N of ε.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from stages.quality.guarantee import Admission, error_places, share
from stages.quality.hypergeometric import Alpha, exact, ruled_out, undetected

STEPS = 20
GAINS = {5: Fraction(1, 2), 10: Fraction(1, 6), 15: Fraction(1, 6), 20: Fraction(1, 6)}  # shares of alpha, by step


@dataclass(frozen=True)
class Head:
    """The first records of a ranking, and what the sample shows of them."""

    size: int  # k
    sampled: int  # s
    wrong: int  # x
    accepted: int  # labels accepted if the ranking is cut here


def heads(ranking: Sequence[str], errors: Mapping[str, bool], taken: Collection[str]) -> list[Head]:
    """Count what the sample shows of each head.

    Parameters
    ----------
    ranking
        Ids of the population's N records; fixed without looking at the sample.
    errors
        For each id of the sample, whether its automatic label is wrong. The sample is complete and uniform.
    taken
        Ids, those of the sample among them, that carry no automatic label in any case.
    """
    error_places(ranking, errors)  # the sample is of this ranking
    sampled, wrong, left = (
        [0, *accumulate(flags)]
        for flags in (
            [id in errors for id in ranking],
            [errors.get(id, False) for id in ranking],
            [id not in taken for id in ranking],
        )
    )
    sizes = [-(-len(ranking) * step // STEPS) for step in range(min(GAINS), STEPS + 1)]
    return [Head(size, sampled[size], wrong[size], left[size]) for size in sizes]


def admit_share(heads: Sequence[Head], epsilon: float, alpha: Alpha) -> Admission:
    """Accept the largest head that is shown to be good.

    Parameters
    ----------
    heads
        From `heads`.
    epsilon, alpha
        The share of the accepted labels that may be wrong, and the probability that more are.
    """
    population, sample = heads[-1].size, heads[-1].sampled
    found = Admission(0, None)
    part, level = exact(epsilon), Fraction(0)
    for step, head in enumerate(heads, min(GAINS)):
        level += exact(alpha) * GAINS.get(step, 0)
        allowed = share(part, head.size - -(-head.size * sample // max(1, population)))
        if not ruled_out(allowed + 1, head.size, head.sampled, level, head.wrong):
            level = Fraction(0)
        elif allowed - head.wrong <= share(part, head.accepted):
            found = Admission(head.size, max(0, allowed - head.wrong))
    return found


def mistaken_share(heads: Sequence[Head], cut: int, alpha: Alpha, hidden: int) -> int:
    """Bound the wrong labels in an accepted head, if people called so many wrong labels of the sample right.

    A bound for all heads at once (Bonferroni), since the head was chosen by what the sample showed.
    """
    head = next(each for each in heads if each.size == cut)
    shown = min(head.sampled, head.wrong + hidden)
    return undetected(head.size, head.sampled, exact(alpha) / len(heads), shown) - shown


def foreseen_share(heads: Sequence[Head], larger: int, epsilon: float, alpha: Alpha) -> int:
    """Forecast the cut of a larger sample, whose errors are spread over the ranking as those of the present one."""
    population, sample = heads[-1].size, heads[-1].sampled
    grown = [
        Head(
            each.size,
            sampled := each.size * larger // population,
            min(sampled, -(-each.wrong * larger // sample)),
            each.size - sampled,
        )
        for each in heads
    ]
    return admit_share(grown, epsilon, alpha).cut

from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from stages.quality import (
    Admission,
    Head,
    admit,
    admit_share,
    between,
    heads,
    rank,
    share,
    spent,
    tolerated,
    undetected,
)
from stages.quality.accepted import foreseen_share, mistaken_share
from stages.quality.guarantee import foreseen, mistaken

ALPHAS = (0.05, 0.1, 0.2, 0.5)


def shown_at_most(population: int, errors: int, sample: int, seen: int) -> Fraction:
    ways = sum(comb(errors, i) * comb(population - errors, sample - i) for i in range(min(seen, sample) + 1))
    return Fraction(ways, comb(population, sample))


def largest_undetected(population: int, sample: int, alpha: float, seen: int) -> int:
    plausible = [shown_at_most(population, d, sample, seen) > Fraction(str(alpha)) for d in range(population + 1)]
    return max(d for d, each in enumerate(plausible) if each)


def cuts(wrong: np.ndarray, samples: np.ndarray, limit: int) -> np.ndarray:
    """Say for each sample, a row of flags in the order of the ranking, how many records are accepted."""
    return ((wrong & samples).cumsum(axis=1) <= limit).sum(axis=1)


def violations(wrong: np.ndarray, samples: np.ndarray, cut: np.ndarray, budget: int) -> np.ndarray:
    accepted = np.arange(wrong.size) < cut[:, None]
    return (accepted & wrong & ~samples).sum(axis=1) > budget


@pytest.mark.parametrize("alpha", [0, 0.01, *ALPHAS])
def test_undetected_is_its_definition_for_every_small_population(alpha: float) -> None:
    for population in range(10):
        for sample in range(population + 1):
            found = [undetected(population, sample, alpha, seen) for seen in range(sample + 1)]
            assert found == [largest_undetected(population, sample, alpha, seen) for seen in range(sample + 1)]


def test_undetected_agrees_with_scipy_on_a_large_population() -> None:
    for seen in (0, 7, 30, 150):
        bound = undetected(40_000, 300, 0.05, seen)
        chances = hypergeom.cdf(seen, 40_000, [bound, bound + 1], 300)
        assert chances[0] > 0.05 >= chances[1]


def test_a_probability_of_exactly_alpha_counts_as_ruled_out() -> None:
    assert shown_at_most(20, 19, 1, 0) == Fraction(1, 20)
    assert undetected(20, 1, 0.05, 0) == 18
    assert tolerated(20, 1, 0.05, budget=18) == 0
    assert tolerated(20, 1, 0.05, budget=17) is None


@pytest.mark.parametrize("alpha", [0, *ALPHAS])
def test_tolerated_is_its_definition_for_every_small_population(alpha: float) -> None:
    for population in range(9):
        for sample, budget in product(range(population + 1), range(population + 1)):
            excess = [largest_undetected(population, sample, alpha, x) - x for x in range(sample + 1)]
            allowed = [x for x in range(sample + 1) if max(excess[: x + 1]) <= budget]
            assert tolerated(population, sample, alpha, budget) == (allowed[-1] if allowed else None)


@pytest.mark.parametrize(("alpha", "budget"), [(0.1, 0), (0.2, 1), (0.5, 0), (0.5, 1)])
def test_admit_keeps_the_promise_for_every_pattern_of_errors_and_every_sample(alpha: float, budget: int) -> None:
    population = 6
    ids = [str(place) for place in range(population)]
    for size in range(population + 1):
        samples = list(combinations(range(population), size))
        for wrong in product((False, True), repeat=population):
            broken = 0
            for sample in samples:
                errors = {ids[place]: wrong[place] for place in sample}
                cut = admit(ids, errors, budget, alpha).cut
                broken += sum(wrong[place] for place in range(cut) if place not in sample) > budget
            assert Fraction(broken, len(samples)) <= Fraction(str(alpha)), (size, wrong)


@pytest.mark.parametrize(("alpha", "budget"), list(product(ALPHAS, (0, 1, 2))))
def test_the_rule_keeps_the_promise_for_every_pattern_of_errors_and_every_sample(alpha: float, budget: int) -> None:
    population = 8
    for size in range(population + 1):
        limit = tolerated(population, size, alpha, budget)
        places = np.array(list(combinations(range(population), size)), dtype=int)
        samples = np.zeros((len(places), population), dtype=bool)
        np.put_along_axis(samples, places, True, axis=1)
        for pattern in product((False, True), repeat=population):
            wrong = np.array(pattern)
            broken = 0 if limit is None else violations(wrong, samples, cuts(wrong, samples, limit), budget).sum()
            assert Fraction(int(broken), len(samples)) <= Fraction(str(alpha)), (size, pattern)


def test_the_rule_is_sharp_tolerating_one_error_more_breaks_the_promise() -> None:
    population, size, alpha, budget = 12, 6, 0.2, 2
    limit = tolerated(population, size, alpha, budget)
    assert limit is not None
    samples = np.array([each for each in product((False, True), repeat=population) if sum(each) == size])

    def worst(limit: int) -> float:
        heads = [np.arange(population) < errors for errors in range(population + 1)]
        return max(violations(head, samples, cuts(head, samples, limit), budget).mean() for head in heads)

    assert 0 < worst(limit) <= alpha < worst(limit + 1)


POPULATION, SIZE, TRIALS = 2000, 200, 2000
SLACK = 3 * (0.05 * 0.95 / TRIALS) ** 0.5  # three standard errors


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    draws = np.random.default_rng(7).random((TRIALS, POPULATION))
    return draws <= np.partition(draws, SIZE - 1, axis=1)[:, SIZE - 1 : SIZE]


def patterns(budget: int, limit: int) -> dict[str, np.ndarray]:
    place = np.arange(POPULATION)
    random = np.random.default_rng(8)
    undetectable = budget + limit + 1
    return {
        "most confident": place < undetectable,
        "least confident": place >= POPULATION - undetectable,
        "spread": place % (POPULATION // undetectable) == 0,
        "in two clumps": (place < undetectable // 2) | ((place >= 1000) & (place < 1000 + undetectable)),
        "more with less confidence": random.random(POPULATION) < 0.6 * place / POPULATION,
        "everywhere": np.ones(POPULATION, dtype=bool),
        "within budget": place < budget,
    }


@pytest.mark.parametrize("epsilon", [0.05, 0.1])
def test_the_promise_holds_in_simulation(samples: np.ndarray, epsilon: float) -> None:
    budget = round(epsilon * POPULATION)
    limit = tolerated(POPULATION, SIZE, 0.05, budget)
    assert limit is not None
    rates = {
        name: violations(wrong, samples, cuts(wrong, samples, limit), budget).mean()
        for name, wrong in patterns(budget, limit).items()
    }
    assert max(rates.values()) <= 0.05 + SLACK, rates
    assert rates["most confident"] > 0.02, "the simulation must come near the bound, or it could not fail"
    assert rates["within budget"] == 0


def test_the_simulation_cuts_where_admit_cuts(samples: np.ndarray) -> None:
    wrong = patterns(200, 12)["more with less confidence"]
    ids = [f"{place:04}" for place in range(POPULATION)]
    limit = tolerated(POPULATION, SIZE, 0.05, 200)
    for sample in samples[:20]:
        errors = {ids[place]: bool(wrong[place]) for place in np.flatnonzero(sample)}
        assert limit is not None
        assert sum(errors.values()) > limit
        assert admit(ids, errors, 200, 0.05).cut == cuts(wrong, sample[None], limit)[0] < POPULATION


def test_a_naive_threshold_breaks_the_promise(samples: np.ndarray) -> None:
    """Accept the longest head of the ranking whose share of errors on the sample is at most epsilon."""
    wrong = np.arange(POPULATION) % 8 == 0  # 12.5 % anywhere
    share = (wrong & samples).cumsum(axis=1) / np.maximum(1, samples.cumsum(axis=1))
    cut = POPULATION - (share <= 0.1)[:, ::-1].argmax(axis=1)
    assert violations(wrong, samples, cut, 200).mean() > 0.05 + SLACK


def test_a_ranking_that_saw_the_sample_breaks_the_promise(samples: np.ndarray) -> None:
    """A model trained on the audit's labels is right, or at least unsure, where it saw that it was wrong."""
    random = np.random.default_rng(9)
    budget = POPULATION // 10
    limit = tolerated(POPULATION, SIZE, 0.05, budget)
    assert limit is not None
    broken = []
    for sample in samples[:200]:
        wrong = random.random(POPULATION) < 0.3
        ranking = np.argsort(wrong & sample, kind="stable")  # its errors on the sample come last
        cut = cuts(wrong[ranking], sample[ranking][None], limit)
        broken.append(violations(wrong[ranking], sample[ranking][None], cut, budget)[0])
    assert np.mean(broken) > 0.9


def test_a_sample_from_the_active_queue_breaks_the_promise() -> None:
    """The least confident records say nothing of a model that is wrong where it is sure."""
    ids = [f"{place:04}" for place in range(POPULATION)]
    wrong = np.arange(POPULATION) < 300
    errors = {ids[place]: bool(wrong[place]) for place in range(POPULATION - SIZE, POPULATION)}
    assert wrong[: admit(ids, errors, 200, 0.05).cut].sum() > 200


def test_admit_cuts_before_the_first_error_too_many() -> None:
    ids = [f"{place:02}" for place in range(40)]
    errors = {id: id in ("19", "31") for id in ids[1::2]}
    assert tolerated(40, 20, 0.1, 4) == 1
    assert admit(ids, errors, budget=4, alpha=0.1) == Admission(cut=31, wrong=4)
    assert admit(ids, errors | {"31": False}, 4, 0.1).cut == 40


def test_a_sample_too_small_for_any_promise_accepts_nothing() -> None:
    ids = [f"{place:02}" for place in range(40)]
    assert admit(ids, {"03": False}, 2, 0.05) == Admission(0, None)
    assert admit(ids, {}, 2, 0.05).cut == 0, "no sample, no promise"


def test_a_population_within_the_budget_needs_no_sample() -> None:
    assert admit(["a", "b"], {}, 2, 0.05).cut == 2


def test_a_whole_population_that_people_labelled_is_accepted() -> None:
    ids = ["a", "b", "c"]
    assert admit(ids, dict.fromkeys(ids, True), 0, 0.05).cut == 3


def test_an_empty_population_is_no_error() -> None:
    assert admit([], {}, 0, 0.05) == Admission(0, 0)
    assert admit_share(heads([], {}, ()), 0.1, 0.05) == Admission(0, 0)


def test_the_budget_is_taken_from_the_decimal_that_was_written() -> None:
    assert int(0.29 * 100) == 28
    assert share(0.29, 100) == 29


def test_a_sample_from_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="1 records of the sample are not in the ranking, such as 'z'"):
        admit(["a"], {"z": False}, 0, 0.05)
    with pytest.raises(ValueError, match="1 records of the sample are not in the ranking, such as 'z'"):
        heads(["a"], {"z": False}, ())


@given(st.dictionaries(st.text(max_size=2), st.sampled_from([0.1, 0.5, 0.9]), max_size=12), st.randoms())
def test_rank_puts_the_most_confident_first_whatever_the_order_of_the_input(confidences, random) -> None:
    ids = list(confidences)
    random.shuffle(ids)
    ranking = rank(ids, [confidences[id] for id in ids])
    assert sorted(ranking) == sorted(ids)
    for one, next in pairwise(ranking):
        assert confidences[one] > confidences[next] or (confidences[one] == confidences[next] and one < next)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_more_budget_or_more_risk_never_accepts_less(wrong, data) -> None:
    ids = [f"{place:02}" for place in range(len(wrong))]
    sample = data.draw(st.sets(st.sampled_from(ids)))
    errors = {id: wrong[int(id)] for id in sorted(sample)}

    def cut(budget: int, alpha: float) -> int:
        return admit(ids, errors, budget, alpha).cut

    assert cut(1, 0.05) <= cut(5, 0.05) <= cut(5, 0.3)


# --- at most a share of the accepted labels


def heads_of(wrong: np.ndarray, sample: np.ndarray) -> tuple[Head, ...]:
    """Count as `heads` does, on flags in the order of the ranking."""
    return counted(tuple(sample.cumsum().tolist()), tuple((sample & wrong).cumsum().tolist()))


@cache
def counted(sampled: tuple[int, ...], seen: tuple[int, ...]) -> tuple[Head, ...]:
    sizes = [-(-len(sampled) * step // 20) for step in range(5, 21)]
    return tuple(Head(size, sampled[size - 1], seen[size - 1], size - sampled[size - 1]) for size in sizes)


@cache
def cut_at(sampled: tuple[int, ...], seen: tuple[int, ...], epsilon: float, alpha: float) -> int:
    return admit_share(counted(sampled, seen), epsilon, alpha).cut


def breaks(wrong: np.ndarray, sample: np.ndarray, cut: int, epsilon: float) -> bool:
    return int((wrong & ~sample)[:cut].sum()) > Fraction(str(epsilon)) * int((~sample)[:cut].sum())


def broken_shares(population: int, size: int, epsilon: float, alpha: float) -> list[Fraction]:
    """Give the exact probability of a broken promise for each pattern of errors."""
    places = np.array(list(combinations(range(population), size)), dtype=int)
    samples = np.zeros((len(places), population), dtype=bool)
    np.put_along_axis(samples, places, True, axis=1)
    sampled = [tuple(each) for each in samples.cumsum(axis=1).tolist()]
    shares = []
    for pattern in product((False, True), repeat=population):
        wrong = np.array(pattern)
        seen = (samples & wrong).cumsum(axis=1).tolist()
        unseen = np.column_stack([np.zeros(len(samples), dtype=int), (~samples & wrong).cumsum(axis=1)])
        left = np.column_stack([np.zeros(len(samples), dtype=int), (~samples).cumsum(axis=1)])
        cut = [cut_at(m, tuple(x), epsilon, alpha) for m, x in zip(sampled, seen, strict=True)]
        each = np.arange(len(samples))
        broken = 1000 * unseen[each, cut] > round(1000 * epsilon) * left[each, cut]
        shares.append(Fraction(int(broken.sum()), len(samples)))
    return shares


@pytest.mark.slow
@pytest.mark.parametrize(
    ("population", "alpha", "epsilon"), [(7, 0.5, 0.3), (8, 0.3, 0.5), (8, 0.5, 0.5), (8, 0.9, 0.2)]
)
def test_the_share_keeps_its_promise_for_every_pattern_of_errors_and_every_sample(
    population: int, alpha: float, epsilon: float
) -> None:
    worst = [max(broken_shares(population, size, epsilon, alpha)) for size in range(population + 1)]
    assert 0 < max(worst) <= Fraction(str(alpha)), "it must be at risk, or the test could not fail"


@pytest.mark.slow
def test_the_share_keeps_its_promise_on_ten_records_of_which_half_are_sampled() -> None:
    assert 0 < max(broken_shares(10, 5, 0.4, 0.6)) <= Fraction(3, 5)


@pytest.mark.parametrize(("scope", "alpha"), [("dataset", 0.6), ("accepted", 0.9)])
def test_all_classes_keep_their_promises_together(scope: str, alpha: float) -> None:
    """Two classes take turns in a ranking of eight; each pays for two."""
    population, epsilon = 8, 0.5
    part = spent(alpha, 2)

    def broken(wrong: np.ndarray, sample: np.ndarray) -> bool:
        if scope == "accepted":
            seen = tuple(sample.cumsum().tolist()), tuple((sample & wrong).cumsum().tolist())
            return breaks(wrong, sample, cut_at(*seen, epsilon, part), epsilon)
        limit = tolerated(wrong.size, int(sample.sum()), part, share(epsilon, wrong.size))
        cut = 0 if limit is None else int(((wrong & sample).cumsum() <= limit).sum())
        return int((wrong & ~sample)[:cut].sum()) > share(epsilon, wrong.size)

    known = cache(lambda wrong, sample: broken(np.array(wrong), np.array(sample)))
    worst = Fraction(0)
    for size in range(population + 1):
        samples = [tuple(place in each for place in range(8)) for each in combinations(range(population), size)]
        for wrong in product((False, True), repeat=population):
            either = sum(known(wrong[::2], each[::2]) or known(wrong[1::2], each[1::2]) for each in samples)
            worst = max(worst, Fraction(either, len(samples)))
    assert 0 < worst <= Fraction(str(alpha))


def recomputed(wrong: np.ndarray, sample: np.ndarray, epsilon: float, alpha: float) -> int:
    """Apply the rule anew, in floating point."""
    n, m, cut, level = wrong.size, int(sample.sum()), 0, 0.0
    for step in range(5, 21):
        k = -(-n * step // 20)
        level += {5: alpha / 2, 10: alpha / 6, 15: alpha / 6, 20: alpha / 6}.get(step, 0)
        sampled, seen = int(sample[:k].sum()), int((sample & wrong)[:k].sum())
        allowed = int(epsilon * (k - -(-k * m // n)) + 1e-9)
        if hypergeom.cdf(seen, k, allowed + 1, sampled) > level:
            level = 0.0
        elif allowed - seen <= epsilon * (k - sampled) + 1e-9:
            cut = k
    return cut


def test_anyone_can_recompute_which_labels_are_accepted(samples: np.ndarray) -> None:
    found = set()
    for rate in (0.02, 0.06, 0.15):
        wrong = np.random.default_rng(3).random(POPULATION) < np.linspace(0, 2 * rate, POPULATION)
        for sample in samples[:60]:
            cut = admit_share(heads_of(wrong, sample), 0.1, 0.05).cut
            assert cut == recomputed(wrong, sample, 0.1, 0.05)
            found.add(cut)
    assert len(found) > 8


def hostile(epsilon: float) -> dict[str, np.ndarray]:
    place = np.arange(POPULATION)
    random = np.random.default_rng(8)
    budget = [int(epsilon * (size - -(-size * SIZE // POPULATION))) for size in range(POPULATION + 1)]
    barely = np.diff([each + 1 for each in budget], prepend=0)[1:] > 0
    barely[0] = True  # each head has one error more than the rule allows
    late = barely & (place >= POPULATION // 2)
    late[POPULATION // 2 : POPULATION // 2 + 1 + budget[POPULATION // 2]] = True
    evenly = np.diff(np.floor(1.02 * epsilon * np.arange(POPULATION + 1))) > 0
    return {
        "evenly, a little too many": evenly,
        "barely too many everywhere": barely,
        "barely too many from the middle on": late,
        "in clumps": place % 400 < round(400 * epsilon * 1.05),
        "more with less confidence": random.random(POPULATION) < 2 * epsilon * place / POPULATION,
        "all in front": place < budget[POPULATION] + 1,
    }


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [0.05, 0.1])
def test_the_share_keeps_its_promise_in_simulation(samples: np.ndarray, epsilon: float) -> None:
    trials = 400
    slack = 3 * (0.05 * 0.95 / trials) ** 0.5
    rates = {}
    for name, wrong in hostile(epsilon).items():
        cut = [admit_share(heads_of(wrong, sample), epsilon, 0.05).cut for sample in samples[:trials]]
        rates[name] = np.mean([breaks(wrong, *each, epsilon) for each in zip(samples[:trials], cut, strict=True)])
    assert max(rates.values()) <= 0.05 + slack, rates
    assert max(rates.values()) > 0, rates


def test_the_longest_head_that_looks_good_breaks_the_promise(samples: np.ndarray) -> None:
    """Test many heads, each at the full alpha, and accept the largest that passes."""
    wrong = np.arange(POPULATION) % 39 % 10 == 0  # 4 in 39
    size = np.arange(50, POPULATION + 1, 10)
    broken = []
    for sample in samples[:300]:
        sampled, seen = sample.cumsum()[size - 1], (sample & wrong).cumsum()[size - 1]
        too_many = (0.1 * (size - sampled)).astype(int) + seen + 1
        good = size[hypergeom.cdf(seen, size, too_many, sampled) <= 0.05]
        broken.append(breaks(wrong, sample, max(good, default=0), 0.1))
    assert np.mean(broken) > 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_heads_count_what_the_sample_shows() -> None:
    ids = [f"{place:02}" for place in range(80)]
    errors = {id: id in ("19", "31") for id in ids[1::2]}
    found = heads(ids, errors, {*ids[1::2], "00"})
    assert len(found) == 16
    assert found[0] == Head(size=20, sampled=10, wrong=1, accepted=9)
    assert found[-1] == Head(size=80, sampled=40, wrong=2, accepted=39)


def test_labels_that_people_give_meanwhile_do_not_thin_out_the_accepted_ones() -> None:
    """The wrong ones stay, and their share grows."""
    ids = [f"{place:03}" for place in range(400)]
    errors = dict.fromkeys(ids[::2], False) | dict.fromkeys(ids[::80], True)
    found = admit_share(heads(ids, errors, set(ids[::2])), 0.1, 0.1)
    assert found.cut == 400
    assert found.wrong is not None
    rest = 10 * found.wrong - 1  # with so few labels left, the bound is above a tenth
    taken = set(ids[::2]) | set(ids[1::2][: 200 - rest])
    assert admit_share(heads(ids, errors, taken), 0.1, 0.1).cut < 400


# --- the exact interval, people's own errors, and several rankings


def test_the_exact_interval_covers_the_truth_as_often_as_it_says() -> None:
    for population, sample in ((9, 4), (12, 6), (60, 20)):
        for errors in range(population + 1):
            missed = Fraction(0)
            for seen in range(min(sample, errors) + 1):
                low, high = between(population, sample, 0.1, seen)
                chance = shown_at_most(population, errors, sample, seen)
                chance -= shown_at_most(population, errors, sample, seen - 1) if seen else 0
                missed += 0 if low <= errors <= high else chance
            assert missed <= Fraction(1, 10)


def test_the_estimate_covers_the_errors_among_those_accepted_although_the_cut_was_chosen(samples: np.ndarray) -> None:
    """The cut stands before an error, so it is no cut fixed beforehand; the interval is wide enough all the same."""
    limit = tolerated(POPULATION, SIZE, 0.05, 100)
    assert limit is not None
    for wrong in (patterns(100, limit)["more with less confidence"], patterns(100, limit)["spread"]):
        covered = []
        for sample, cut in zip(samples[:400], cuts(wrong, samples[:400], limit), strict=True):
            low, high = between(int(cut), int(sample[:cut].sum()), 0.05, int((wrong & sample)[:cut].sum()))
            covered.append(low <= wrong[:cut].sum() <= high)
        assert np.mean(covered) > 0.95 - 3 * (0.05 * 0.95 / 400) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [1, 2])
def test_the_bound_for_people_who_err_holds_wherever_they_erred(hidden: int) -> None:
    population, size, alpha, budget = 8, 4, 0.3, 2
    limit = tolerated(population, size, alpha, budget)
    assert limit is not None
    bound = mistaken(population, size, alpha, budget, hidden)
    assert bound > budget
    samples = [np.isin(np.arange(population), each) for each in combinations(range(population), size)]
    for pattern in product((False, True), repeat=population):
        wrong, broken = np.array(pattern), 0
        for sample in samples:
            seen = np.flatnonzero(wrong & sample)
            worst = 0
            for unseen in combinations(seen, min(hidden, len(seen))):
                shown = wrong & ~np.isin(np.arange(population), unseen)
                cut = cuts(shown, sample[None], limit)[0]
                worst = max(worst, int((wrong & ~sample)[:cut].sum()))
            broken += worst > bound
        assert Fraction(broken, len(samples)) <= Fraction(str(alpha)), pattern


@pytest.mark.slow
def test_the_share_for_people_who_err_holds_wherever_they_erred(samples: np.ndarray) -> None:
    hidden, broken = 10, []
    random = np.random.default_rng(11)
    wrong = random.random(POPULATION) < 0.08
    for sample in samples[:300]:
        seen = np.flatnonzero(wrong & sample)
        shown = wrong.copy()
        shown[seen[:hidden]] = False  # where the annotator is most sure
        found = heads_of(shown, sample)
        cut = admit_share(found, 0.1, 0.05).cut
        if cut:
            bound = mistaken_share(found, cut, 0.05, hidden)
            broken.append(int((wrong & ~sample)[:cut].sum()) > bound)
            assert bound >= admit_share(found, 0.1, 0.05).wrong
    assert len(broken) > 100
    assert np.mean(broken) <= 0.05 + 3 * (0.05 * 0.95 / len(broken)) ** 0.5


def test_the_best_of_several_annotators_needs_a_smaller_alpha(samples: np.ndarray) -> None:
    """Each of twenty annotators has a few errors too many; the one that fares best on the sample is kept."""
    random = np.random.default_rng(12)
    annotators = 20
    budget = POPULATION // 10

    def rate(alpha: float | Fraction) -> float:
        limit = tolerated(POPULATION, SIZE, alpha, budget)
        assert limit is not None
        rankings = [random.permutation(np.arange(POPULATION) < budget + limit + 1) for _ in range(annotators)]
        cut = np.array([cuts(wrong, samples[:500], limit) for wrong in rankings])
        best = cut.argmax(axis=0)
        broken = [violations(wrong, samples[:500], cut[i], budget) for i, wrong in enumerate(rankings)]
        return float(np.array(broken)[best, np.arange(500)].mean())

    slack = 3 * (0.05 * 0.95 / 500) ** 0.5
    assert rate(0.05) > 0.05 + slack
    assert rate(spent(0.05, annotators)) <= 0.05 + slack


def test_alpha_is_spent_exactly() -> None:
    assert spent(0.05, 1) == Fraction(1, 20)
    assert sum([spent(0.1, 3)] * 3) == Fraction(1, 10)


def test_a_larger_sample_of_the_same_kind_is_foreseen_to_accept_no_less_of_the_ranking() -> None:
    ids = [f"{place:04}" for place in range(1000)]
    errors = {id: int(id) % 30 == 0 for id in ids[::5]}
    errors |= dict.fromkeys(ids[800::5], True)
    places = [place for place, id in enumerate(ids) if errors.get(id)]
    assert foreseen(1000, places, 200, 200, 0.05, 50) == admit(ids, errors, 50, 0.05).cut
    assert foreseen(1000, places, 200, 600, 0.05, 50) > admit(ids, errors, 50, 0.05).cut
    counts = heads(ids, errors, errors.keys())
    assert foreseen_share(counts, 200, 0.1, 0.05) == admit_share(counts, 0.1, 0.05).cut
    assert foreseen_share(counts, 600, 0.1, 0.05) >= admit_share(counts, 0.1, 0.05).cut

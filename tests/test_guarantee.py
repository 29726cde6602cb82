from fractions import Fraction
from itertools import combinations, pairwise, product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from stages.quality import Admission, admit, rank, tolerated, undetected

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
    confidence = {id: 1 - place / 10 for place, id in enumerate(ids)}
    for size in range(population + 1):
        samples = list(combinations(range(population), size))
        for wrong in product((False, True), repeat=population):
            broken = 0
            for sample in samples:
                errors = {ids[place]: wrong[place] for place in sample}
                cut = admit(ids, confidence, errors, budget / 100, alpha, records=100).cut
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
    confidence = {id: 1 - place / POPULATION for place, id in enumerate(ids)}
    for sample in samples[:20]:
        errors = {ids[place]: bool(wrong[place]) for place in np.flatnonzero(sample)}
        found = admit(ids, confidence, errors, 0.1, 0.05, POPULATION)
        assert found.tolerated is not None
        assert found.errors > found.tolerated
        assert found.cut == cuts(wrong, sample[None], found.tolerated)[0] < POPULATION


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
    confidence = {id: 1 - place / POPULATION for place, id in enumerate(ids)}
    wrong = np.arange(POPULATION) < 300
    errors = {ids[place]: bool(wrong[place]) for place in range(POPULATION - SIZE, POPULATION)}
    assert wrong[: admit(ids, confidence, errors, 0.1, 0.05, POPULATION).cut].sum() > 200


def test_admit_tells_what_it_did() -> None:
    ids = [f"{place:02}" for place in range(40)]
    confidence = {id: 0.99 - 0.01 * place for place, id in enumerate(ids)}
    errors = {id: id in ("19", "31") for id in ids[1::2]}
    assert tolerated(40, 20, 0.1, 4) == 1
    found = admit(ids, confidence, errors, epsilon=0.08, alpha=0.1, records=50)
    assert found == Admission(cut=31, tolerated=1, errors=2, threshold=confidence["30"], error_bound=0.08)
    assert admit(ids, confidence, errors | {"31": False}, 0.08, 0.1, 50).cut == 40


def test_a_sample_too_small_for_any_promise_accepts_nothing() -> None:
    ids = [f"{place:02}" for place in range(40)]
    found = admit(ids, dict.fromkeys(ids, 0.9), {"03": False}, 0.05, 0.05, 40)
    assert (found.cut, found.tolerated, found.threshold) == (0, None, None)
    assert admit(ids, dict.fromkeys(ids, 0.9), {}, 0.05, 0.05, 40).cut == 0, "no sample, no promise"


def test_a_population_within_the_budget_needs_no_sample() -> None:
    assert admit(["a", "b"], {"a": 0.6, "b": 0.5}, {}, 0.1, 0.05, records=20).cut == 2


def test_a_whole_population_that_people_labelled_is_accepted() -> None:
    ids = ["a", "b", "c"]
    assert admit(ids, dict.fromkeys(ids, 0.5), dict.fromkeys(ids, True), 0.0, 0.05, 3).cut == 3


def test_an_empty_population_is_no_error() -> None:
    assert admit([], {}, {}, 0.1, 0.05, 0) == Admission(0, 0, 0, None, None)


def test_the_budget_is_taken_from_the_decimal_that_was_written() -> None:
    assert int(0.29 * 100) == 28
    assert admit([], {}, {}, 0.29, 0.05, 100).error_bound == 0.29


def test_a_sample_from_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="1 records of the sample are not in the ranking, such as 'z'"):
        admit(["a"], {"a": 0.5}, {"z": False}, 0.1, 0.05, 1)


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

    def cut(epsilon: float, alpha: float) -> int:
        return admit(ids, dict.fromkeys(ids, 0.5), errors, epsilon, alpha, len(ids)).cut

    assert cut(0.05, 0.05) <= cut(0.2, 0.05) <= cut(0.2, 0.3)

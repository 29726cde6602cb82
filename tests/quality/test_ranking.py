"""Named things are ranked by which of two people prefer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from stages import InputError
from stages.quality import compared, ranking
from stages.quality.ranking import PRIOR, fit
from stages.report import people
from stages.tasks import Choice, Pairwise

NAMES = ("a", "b", "c", "d")
comparisons = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.lists(st.sampled_from(["left", "right"]), max_size=3)),
    max_size=20,
)


def ranked(drawn):
    votes = {f"r{n}": {f"p{m}": vote for m, vote in enumerate(given)} for n, (_, _, given) in enumerate(drawn)}
    return ranking(votes, {f"r{n}": (left, right) for n, (left, right, _) in enumerate(drawn)})


def test_strengths_are_those_of_a_logistic_regression():
    random = np.random.default_rng(1)
    left, right = random.integers(0, 5, 400), random.integers(0, 5, 400)
    left, right = left[left != right], right[left != right]
    won = random.random(len(left)) < 1 / (1 + np.exp(-(left - right) / 2 - 0.5))
    design = np.zeros((len(left), 6))
    rows = np.arange(len(left))
    design[rows, left], design[rows, right], design[:, 5] = 1, -1, 1
    oracle = LogisticRegression(C=PRIOR**2, fit_intercept=False, tol=1e-10, max_iter=1000).fit(design, won).coef_[0]
    strengths, errors = fit(left, right, won.astype(float), 5)
    assert strengths[:5] == pytest.approx(oracle[:5] - oracle[:5].mean(), abs=1e-5)
    assert strengths[5] == pytest.approx(oracle[5], abs=1e-5)
    assert strengths[:5].sum() == pytest.approx(0, abs=1e-9)
    assert (abs(strengths[:5] - (np.arange(5) - 2) / 2) < 3 * errors[:5]).all()


def test_intervals_hold_what_is_true_about_as_often_as_they_say():
    random, true = np.random.default_rng(2), np.array([-1.0, -0.2, 0.3, 0.9])
    inside = []
    for _ in range(200):
        left = random.integers(0, 4, 300)
        right = (left + random.integers(1, 4, 300)) % 4
        won = random.random(300) < 1 / (1 + np.exp(-(true[left] - true[right])))
        strengths, errors = fit(left, right, won.astype(float), 4)
        inside += (abs(strengths[:4] - true) < 1.96 * errors[:4]).tolist()
    assert 0.92 < np.mean(inside) < 0.98


@given(comparisons)
@settings(deadline=None)
def test_what_is_called_left_does_not_matter(drawn):
    found = ranked(drawn)
    swap = {"left": "right", "right": "left"}
    turned = ranked([(right, left, [swap[vote] for vote in given]) for left, right, given in drawn])
    if found["items"] is None:
        assert "compares two named things" in found["reason"]
        assert turned == found
        return
    assert sum(each["preferred"] for each in found["items"]) == pytest.approx(found["records"])
    one, other = ({each["item"]: each["strength"] for each in given["items"]} for given in (found, turned))
    assert one == pytest.approx(other, abs=1e-8)
    assert found["left"]["value"] == pytest.approx(-turned["left"]["value"], abs=1e-8)
    assert all(each["low"] < each["strength"] < each["high"] for each in found["items"])


def test_the_one_that_always_won_is_first_and_no_more_than_shown():
    found = ranked([("a", "b", ["left"]), ("b", "a", ["right"]), ("b", "c", ["left", "left"]), ("c", "c", ["left"])])
    assert [each["item"] for each in found["items"]] == ["a", "b", "c"]
    assert [each["records"] for each in found["items"]] == [2, 3, 1]
    assert found["records"] == 3
    assert found["items"][0]["low"] < 0  # three comparisons show little


def test_several_votes_on_one_pair_are_one_comparison():
    one, many = (ranked([("a", "b", ["left"] * count), ("b", "c", ["left"] * count)]) for count in (1, 9))
    assert one == many


def test_the_page_says_what_people_prefer():
    told = str(people.ranking({"ranking": ranked([("a<b", "c", ["left"]), ("c", "a<b", ["right"])])}))
    assert "over 2 comparisons" in told
    assert "a&lt;b" in told
    assert "2 of 2" in told
    assert "cannot be ranked: no labelled record" in str(people.ranking({"ranking": ranked([])}))
    assert str(people.ranking({})) == ""


def test_what_compares_nothing_is_told():
    pairs, moods = Pairwise("better", "text"), Choice("mood", "text", ("good", "bad"))
    assert compared([], moods, ["text"]) == []
    assert compared(["a", "b"], pairs, ["a", "b"]) == ["a", "b"]
    with pytest.raises(InputError, match="this task is choice"):
        compared(["a", "b"], moods, ["a", "b"])
    with pytest.raises(InputError, match="there is no field 'b'; the dataset has a"):
        compared(["a", "b"], pairs, ["a"])

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest, chi2_contingency
from sklearn.metrics import roc_auc_score

from stages import quality
from stages.quality import counted, paired_change, relabelled, text_drift, wilson
from stages.quality.drift import _auc


def spread(before, after):
    return quality.spread(counted(before), counted(after))


values = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)


@given(values, values)
def test_measures_of_spread_are_scipys(before, after):
    found = spread(before, after)
    names = sorted({*before, *after})
    table = np.array([[each.count(name) for name in names] for each in (before, after)])
    distance = jensenshannon(*table, base=2)
    assert found["jensen_shannon"] == pytest.approx(distance**2 if np.isfinite(distance) else 0, abs=1e-9)
    if len(names) > 1:
        expected = chi2_contingency(table, correction=False)
        assert found["chi_squared"]["statistic"] == pytest.approx(expected.statistic)
        assert found["chi_squared"]["p"] == pytest.approx(expected.pvalue)
        assert 0 <= found["cramers_v"] <= 1


@given(values)
def test_the_same_labels_have_not_drifted(labels):
    found = spread(labels, labels)
    assert found["psi"] == found["jensen_shannon"] == 0
    assert found["chi_squared"]["p"] == 1


@given(values, values)
def test_drift_is_the_same_in_either_direction(one, other):
    there, back = spread(one, other), spread(other, one)
    for measure in ("psi", "jensen_shannon", "cramers_v"):
        assert there[measure] == pytest.approx(back[measure])
        assert there[measure] >= 0


def test_the_stability_index_is_its_formula_and_survives_a_new_label():
    found = spread(["a"] * 80 + ["b"] * 20, ["a"] * 60 + ["b"] * 40)
    assert found["psi"] == pytest.approx(0.2 * np.log(0.8 / 0.6) + 0.2 * np.log(0.4 / 0.2), abs=0.01)
    assert 0.25 < spread(["a"] * 100, ["a"] * 50 + ["b"] * 50)["psi"] < 10
    assert found["after"] == {"a": 60, "b": 40}


def test_labels_without_any_in_common_are_one_bit_apart():
    found = spread(["a", "a"], ["b", "b"])
    assert found["jensen_shannon"] == found["cramers_v"] == 1


def test_each_label_of_a_list_counts():
    assert spread([["a", "b"], ["a"]], [["b"]])["before"] == {"a": 2, "b": 1}


def test_a_version_without_labels_has_no_measure_and_says_so():
    found = spread([], ["a"])
    assert found["psi"] is found["chi_squared"] is None
    assert found["reason"] == "the version before has no labels"
    assert spread(["a"], [])["reason"] == "the version after has no labels"


def test_relabelled_records_are_counted_by_what_became_of_them():
    before = {"1": "a", "2": "a", "3": "b", "4": "a", "5": "c"}
    after = {"1": "b", "2": "b", "3": "a", "4": "a", "6": "c"}
    found = relabelled(before, after)
    assert (found["common"], found["gained"], found["lost"]) == (4, 1, 1)
    assert found["rate"]["value"] == 0.75
    assert found["flow"] == [{"from": "a", "to": "b", "count": 2}, {"from": "b", "to": "a", "count": 1}]
    assert relabelled({"1": ["a", "b"]}, {"1": ["a"]})["flow"] == [{"from": '["a", "b"]', "to": '["a"]', "count": 1}]
    assert relabelled({}, after)["rate"]["reason"] == "no records to compute it from"


@given(st.integers(1, 200), st.data())
def test_wilsons_interval_is_scipys(n, data):
    count = data.draw(st.integers(0, n))
    expected = binomtest(count, n).proportion_ci(method="wilson")
    found = wilson(count, n)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))


def test_a_change_is_seen_in_pairs_where_two_accuracies_do_not_show_it():
    ids = [f"{i}" for i in range(300)]
    before = {id: int(id) % 3 != 0 for id in ids}
    after = before | {id: True for id in ids if int(id) % 30 == 0}
    found = paired_change(before, after, 1)
    assert (found["n"], found["repaired"], found["broken"]) == (300, 10, 0)
    assert found["change"]["value"] == pytest.approx(10 / 300)
    assert found["change"]["low"] > 0
    assert found["p"] == pytest.approx(2 * 0.5**10)
    apart = [wilson(sum(each.values()), 300) for each in (before, after)]
    assert apart[0]["high"] > apart[1]["low"]


def test_only_records_judged_in_both_are_paired():
    found = paired_change({"1": True, "2": False}, {"2": True, "3": False}, 1)
    assert (found["n"], found["repaired"], found["broken"]) == (1, 1, 0)
    nothing = paired_change({"1": True}, {"2": True}, 1)
    assert (nothing["p"], nothing["reason"]) == (None, "no record was judged in both")
    assert nothing["change"]["value"] is None
    same = paired_change({"1": True, "2": False}, {"1": True, "2": False}, 1)
    assert (same["p"], same["change"]["value"]) == (1, 0)


def test_where_nothing_changed_on_few_records_something_may_have_all_the_same():
    judged = {f"{i}": i % 2 == 0 for i in range(30)}
    most = wilson(0, 30)["high"]
    assert paired_change(judged, judged, 1)["change"] == {"value": 0, "low": -most, "high": most}


@pytest.mark.slow
def test_the_area_under_the_curve_is_scikit_learns_and_its_interval_covers():
    random = np.random.default_rng(4)
    covered = []
    for _ in range(200):
        lower, higher = random.normal(0, 1, 60).round(1), random.normal(0.8, 1, 40).round(1)
        found = _auc(lower, higher)
        expected = roc_auc_score([0] * 60 + [1] * 40, np.concatenate([lower, higher]))
        assert found["value"] == pytest.approx(expected)
        covered.append(found["low"] <= 0.7142 <= found["high"])  # the normal distribution at .8 / sqrt(2)
    assert 0.88 <= np.mean(covered) <= 0.99


def test_texts_of_another_kind_are_told_apart_and_those_of_the_same_are_not():
    random = np.random.default_rng(4)
    words = ["film", "plot", "actor", "scene", "score", "phone", "battery", "screen", "charger", "price"]

    def texts(count, vocabulary):
        return [" ".join(random.choice(vocabulary, 8)) for _ in range(count)]

    assert text_drift(texts(60, words[:6]), texts(60, words[4:]), 1)["auc"]["low"] > 0.9
    same = text_drift(texts(80, words), texts(80, words), 1)["auc"]
    assert same["low"] < 0.5 < same["high"]
    assert (
        "10 texts of each version are needed, found 1 and 60" in text_drift(["a"], texts(60, words), 1)["auc"]["reason"]
    )

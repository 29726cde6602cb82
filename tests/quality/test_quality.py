import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, confusion_matrix, multilabel_confusion_matrix

from stages import InputError
from stages.quality import (
    Gate,
    Guarantee,
    Quality,
    agreement,
    bootstrap,
    calibration,
    cases,
    confusion,
    judge,
    label_issues,
    precision,
    reliability,
    suspicion,
    suspicious,
)
from stages.quality.intervals import SAME, wilson
from stages.tasks import Choice, Rating

SENTIMENT = Choice("sentiment", "text", ("positive", "neutral", "negative"))
TOPICS = Choice("topics", "text", ("sport", "money", "war"), multiple=True)

# --- intervals


def mean(sums: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):
        return {"mean": sums[..., 0] / sums[..., 1]}


def flags(share: float, n: int) -> np.ndarray:
    return np.column_stack([np.arange(n) < share * n, np.ones(n)]).astype(float)


def test_the_interval_of_a_share_is_that_of_the_normal_approximation() -> None:
    found = bootstrap(flags(0.8, 1000), mean, seed=1, replicates=4000)["mean"]
    reach = 1.96 * (0.8 * 0.2 / 1000) ** 0.5
    assert found["value"] == 0.8
    assert found["low"] == pytest.approx(0.8 - reach, abs=0.002)
    assert found["high"] == pytest.approx(0.8 + reach, abs=0.002)


def test_a_wider_level_gives_a_wider_interval() -> None:
    narrow, wide = (bootstrap(flags(0.8, 100), mean, 1, level=level)["mean"] for level in (0.5, 0.99))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for seed in range(300):
        found = bootstrap(np.column_stack([random.random(150) < 0.7, np.ones(150)]).astype(float), mean, seed, 200)
        covered += found["mean"]["low"] <= 0.7 <= found["mean"]["high"]
    assert 0.89 < covered / 300 < 0.99


@given(st.permutations(range(12)))
def test_the_order_of_the_records_does_not_matter(order: list[int]) -> None:
    statistics = np.arange(36.0).reshape(12, 3) % 5
    assert bootstrap(statistics[list(order)], mean, 1, 20) == bootstrap(statistics, mean, 1, 20)


def test_the_seed_decides_the_interval() -> None:
    statistics = np.column_stack([np.random.default_rng(1).random(50), np.ones(50)])
    assert bootstrap(statistics, mean, 1) == bootstrap(statistics, mean, 1) != bootstrap(statistics, mean, 2)


def test_drawing_in_parts_changes_nothing_but_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bootstrap(flags(0.3, 50), mean, 1)
    monkeypatch.setattr("stages.quality.intervals.CELLS", 7)
    assert bootstrap(flags(0.3, 50), mean, 1) == whole


def test_replicates_without_the_label_are_left_out() -> None:
    truth, given = ["positive"] * 9 + ["negative"], ["positive"] * 10
    found = bootstrap(SENTIMENT.statistics(truth, given), SENTIMENT.score, 1)
    assert found["recall_negative"] == wilson(0, 1)
    assert found["accuracy"]["low"] < 0.9 < found["accuracy"]["high"]


def test_where_all_are_right_the_interval_is_that_of_as_many_records_as_have_a_part_in_the_metric() -> None:
    truth = ["positive"] * 57 + ["negative"] * 3
    found = bootstrap(SENTIMENT.statistics(truth, truth), SENTIMENT.score, 1)
    assert found["accuracy"] == found["macro_f1"] == wilson(60, 60)
    assert found["accuracy"]["low"] == pytest.approx(0.94, abs=0.001)
    assert found["recall_negative"] == wilson(3, 3)
    assert found["recall_negative"]["low"] == pytest.approx(0.438, abs=0.001)
    gate = {"sure": Gate("accuracy", at_least=0.95)}
    assert judge(gate, {"n": 60, "accuracy": found["accuracy"]})["undecided"] == ["sure"]


def test_where_none_is_right_the_interval_is_as_wide_as_where_all_are() -> None:
    truth, given = ["positive"] * 57 + ["negative"] * 3, ["positive"] * 57 + ["neutral"] * 3
    found = bootstrap(SENTIMENT.statistics(truth, given), SENTIMENT.score, 1)
    assert found["recall_negative"] == found["f1_negative"] == wilson(0, 3)
    assert found["recall_negative"]["high"] == pytest.approx(1 - 0.438, abs=0.001)
    gate = {"found": Gate("recall_negative", at_least=0.5)}  # it failed, by three records
    assert judge(gate, {"n": 60, "recall_negative": found["recall_negative"]})["undecided"] == ["found"]


def test_what_is_no_share_has_no_interval_where_resampling_shows_none_and_says_so() -> None:
    task = Rating("stars", "text", ("1", "2", "3"))
    truth = [1, 2] * 30
    right, one_off = (bootstrap(task.statistics(truth, given), task.score, 1) for given in (truth, [2, 3] * 30))
    for found, error in ((right, 0), (one_off, 1)):
        assert found["mean_absolute_error"] == {"value": error, "low": None, "high": None, "reason": SAME}
    assert (right["accuracy"], one_off["accuracy"]) == (wilson(60, 60), wilson(0, 60))
    assert right["quadratic_kappa"] == wilson(60, 60)
    lazy = bootstrap(task.statistics(truth, [2] * 60), task.score, 1)
    assert lazy["quadratic_kappa"] == {"value": 0, "low": None, "high": None, "reason": SAME}  # whichever records


def test_a_gate_of_a_metric_without_interval_is_judged_by_its_value_if_it_says_so() -> None:
    stated = {"n": 60, "error": {"value": 0.0, "low": None, "high": None, "reason": SAME}}
    assert judge({"low": Gate("error", at_most=0.5)}, stated)["low"]["reason"] == SAME
    assert judge({"low": Gate("error", at_most=0.5, end="value")}, stated)["passed"]


def test_a_label_that_never_occurs_has_no_metric_and_says_so() -> None:
    found = bootstrap(SENTIMENT.statistics(["positive"] * 3, ["negative"] * 3), SENTIMENT.score, 1)
    assert found["f1_neutral"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "no records to compute it from",
    }


def test_one_record_has_a_value_but_no_interval() -> None:
    assert bootstrap(flags(1, 1), mean, 1)["mean"] == {
        "value": 1.0,
        "low": None,
        "high": None,
        "reason": "an interval needs two records",
    }


def test_no_record_has_no_value() -> None:
    found = bootstrap(SENTIMENT.statistics([], []), SENTIMENT.score, 1)
    assert {metric["value"] for metric in found.values()} == {None}
    assert {metric["reason"] for metric in found.values()} == {"no records to compute it from"}


# --- calibration


def records(n: int, overconfident: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    confidence = (0.4 + 0.6 * random.random(n)).round(2)
    return confidence, random.random(n) < confidence - overconfident


def errors(n: int, overconfident: float, trials: int) -> list[dict[str, float]]:
    return [calibration(*records(n, overconfident, seed), seed)["calibration_error"] for seed in range(trials)]


def test_a_calibrated_model_is_not_called_miscalibrated() -> None:
    found = errors(300, 0.0, 40)
    assert np.median([each["low"] for each in found]) < 0.01
    assert np.median([each["value"] for each in found]) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("overconfident", [0.05, 0.2])
def test_the_calibration_error_is_found(overconfident: float) -> None:
    found = errors(1000, overconfident, 40)
    assert np.mean([each["value"] for each in found]) == pytest.approx(overconfident, abs=0.01)
    assert np.mean([each["low"] <= overconfident <= each["high"] for each in found]) > 0.85
    assert all(each["low"] <= each["value"] <= each["high"] for each in found)


def test_the_brier_score_is_scikit_learns() -> None:
    confidence, right = records(500, 0.1, 1)
    found = calibration(confidence.round(3), right, 1)["brier_score"]
    assert found["value"] == pytest.approx(brier_score_loss(right, confidence.round(3)))
    assert found["low"] < found["value"] < found["high"]


def test_the_reliability_table_is_scikit_learns() -> None:
    confidence = np.random.default_rng(1).permutation(1000)[:630] / 1000
    right = np.random.default_rng(2).random(630) < confidence
    table = reliability(confidence, right)
    accuracy, predicted = calibration_curve(right, confidence, n_bins=10, strategy="quantile")
    assert [row["accuracy"] for row in table] == pytest.approx(accuracy)
    assert [row["confidence"] for row in table] == pytest.approx(predicted)
    assert [row["count"] for row in table] == [63] * 10
    assert [row["bin"] for row in table] == list(range(10))


def test_equal_confidences_share_a_bin() -> None:
    table = reliability(np.array([0.5] * 300 + [0.9] * 300), np.arange(600) % 2 == 0)
    assert [(row["count"], row["confidence"]) for row in table] == [(300, 0.5), (300, 0.9)]


def test_few_records_share_one_bin() -> None:
    assert len(reliability(*records(119, 0, 1))) == 1
    assert len(reliability(*records(120, 0, 1))) == 2


def test_calibration_of_nothing_and_of_one_record() -> None:
    nothing = calibration(np.empty(0), np.empty(0, dtype=bool), 1)
    assert {metric["value"] for metric in nothing.values()} == {None}
    assert reliability(np.empty(0), np.empty(0, dtype=bool)) == []
    one = calibration(np.array([0.7]), np.array([True]), 1)["calibration_error"]
    assert (one["value"], one["low"]) == (pytest.approx(0.3), None)


# --- confusion

sentiments = st.lists(st.tuples(*[st.sampled_from(SENTIMENT.labels)] * 2), max_size=20)
topics = st.lists(st.tuples(*[st.sets(st.sampled_from(TOPICS.labels)).map(sorted)] * 2), min_size=1, max_size=20)


@given(sentiments)
def test_the_confusion_of_single_labels_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    truth, given = [each[0] for each in pairs], [each[1] for each in pairs]
    expected = confusion_matrix(truth, given, labels=SENTIMENT.labels) if pairs else np.zeros((3, 3))
    assert confusion(SENTIMENT, truth, given).tolist() == expected.tolist()


@given(topics)
def test_the_confusion_of_several_labels_is_scikit_learns(pairs: list[tuple[list[str], list[str]]]) -> None:
    truth, given = [each[0] for each in pairs], [each[1] for each in pairs]
    expected = multilabel_confusion_matrix(TOPICS.codes(truth), TOPICS.codes(given))
    assert confusion(TOPICS, truth, given).tolist() == expected.tolist()


# --- agreement

Votes = dict[str, dict[str, Any]]

# Krippendorff 2011, section C: four observers, twelve units; a dot is a missing value.
KRIPPENDORFF = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}


def by_unit(rows: Mapping[str, str]) -> Votes:
    units = range(len(next(iter(rows.values()))))
    return {str(unit): {who: row[unit] for who, row in rows.items() if row[unit] != "."} for unit in units}


def by_pairs(votes: Votes) -> float:
    """Alpha as defined: disagreement among pairs within a record over that among all pairs."""
    units = [list(each.values()) for each in votes.values() if len(each) > 1]
    values = [value for unit in units for value in unit]
    n = len(values)
    observed = sum(sum(a != b for a in unit for b in unit) / (len(unit) - 1) for unit in units) / n
    expected = sum(a != b for a in values for b in values) / (n * (n - 1))
    return 1 - observed / expected


def test_alpha_is_krippendorffs_published_one() -> None:
    found = agreement(by_unit(KRIPPENDORFF), SENTIMENT, seed=1)
    assert found["n"] == 40
    assert round(found["alpha"]["value"], 3) == 0.743
    assert found["alpha"]["low"] < 0.743 < found["alpha"]["high"]


values = st.sampled_from(["a", "b", "c", ["a"], ["a", "b"]])
some_votes = st.lists(st.dictionaries(st.sampled_from("pqrs"), values, max_size=4), min_size=1, max_size=12).map(
    lambda units: {str(place): unit for place, unit in enumerate(units)}
)


@given(some_votes)
def test_alpha_is_what_its_definition_says(votes: Votes) -> None:
    found = agreement(votes, SENTIMENT, seed=1)
    paired = [value for each in votes.values() if len(each) > 1 for value in each.values()]
    assert found["n"] == len(paired)
    if all(value == paired[0] for value in paired):
        assert found["alpha"]["value"] is None
    else:
        assert found["alpha"]["value"] == pytest.approx(by_pairs(votes))


@given(some_votes, st.randoms())
def test_alpha_does_not_depend_on_the_order_of_records_or_people(votes: Votes, random: Any) -> None:
    def shuffled(items: Any) -> dict[str, Any]:
        pairs = list(items)
        random.shuffle(pairs)
        return dict(pairs)

    other = shuffled((record, shuffled(each.items())) for record, each in votes.items())
    assert agreement(other, SENTIMENT, seed=1) == agreement(votes, SENTIMENT, seed=1)


def test_people_who_always_agree_have_alpha_one_and_those_who_guess_zero() -> None:
    random = np.random.default_rng(1).choice(SENTIMENT.labels, (2000, 2)).tolist()
    same = {str(i): {"p": a, "q": a} for i, (a, _) in enumerate(random)}
    guessed = agreement({str(i): {"p": a, "q": b} for i, (a, b) in enumerate(random)}, SENTIMENT, seed=1)["alpha"]
    assert agreement(same, SENTIMENT, seed=1)["alpha"] == wilson(2000, 2000)
    assert guessed["low"] < 0 < guessed["high"]


def test_alpha_without_overlap_says_why_there_is_none() -> None:
    found = agreement({"1": {"p": "a"}, "2": {"q": "b"}}, SENTIMENT, 1)
    assert found["n"] == 0
    assert found["alpha"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "no record has labels from two people",
    }
    assert agreement({}, SENTIMENT, 1)["n"] == 0


def test_alpha_of_one_label_alone_says_why_there_is_none() -> None:
    found = agreement({"1": {"p": "a", "q": "a"}, "2": {"p": "a", "q": "a"}}, SENTIMENT, 1)
    assert (found["n"], found["alpha"]["value"]) == (4, None)
    assert found["alpha"]["reason"] == "all labels are the same, so agreement by chance is certain"


def votes_of(people: int, error: float, records: int) -> Votes:
    random = np.random.default_rng(5)
    return {
        f"{i}": {f"p{j}": "wrong" if random.random() < error else "right" for j in range(people)}
        for i in range(records)
    }


def test_peoples_errors_are_found_from_overlap() -> None:
    random = np.random.default_rng(5)
    labels = [f"{i}" for i in range(60)]  # so many that two who err hardly ever agree
    votes = {
        f"{i}": {f"p{j}": random.choice(labels) if random.random() < 0.1 else "right" for j in range(3)}
        for i in range(2000)
    }
    found = agreement(votes, SENTIMENT, 1)
    assert found["person_error"]["low"] < 0.1 < found["person_error"]["high"]
    assert found["consensus_error"]["low"] < 3 * 0.1**2 * 0.9 + 0.1**3 < found["consensus_error"]["high"]


def test_people_who_always_agree_or_never_may_err_as_far_as_wilsons_interval_of_their_agreement_allows() -> None:
    same = agreement(votes_of(2, 0, 30) | {"30": {"p0": "wrong", "p1": "wrong"}}, SENTIMENT, 1)
    assert same["person_error"]["value"] == same["consensus_error"]["value"] == 0
    assert same["person_error"]["low"] == pytest.approx(0, abs=1e-9)
    assert (1 - same["person_error"]["high"]) ** 2 == pytest.approx(wilson(31, 31)["low"])
    high = same["person_error"]["high"]
    assert same["consensus_error"]["high"] == pytest.approx(1 - (1 - high) ** 2)  # of two, one suffices
    never = agreement({f"{i}": {"p": "right", "q": "wrong"} for i in range(31)}, SENTIMENT, 1)
    assert (never["person_error"]["value"], never["person_error"]["high"]) == (1, 1)
    assert (1 - never["person_error"]["low"]) ** 2 == pytest.approx(wilson(0, 31)["high"])


def test_people_who_agree_alike_on_every_record_leave_their_error_without_interval() -> None:
    found = agreement({f"{i}": {"p": "a", "q": "a", "r": "b"} for i in range(30)}, SENTIMENT, 1)
    assert found["person_error"]["value"] == pytest.approx(1 - 3**-0.5)
    assert found["person_error"]["high"] is None
    assert found["person_error"]["reason"] == SAME


def test_more_people_per_record_err_less_together() -> None:
    found = {n: agreement(votes_of(n, 0.1, 500), SENTIMENT, 1) for n in (2, 3, 5)}
    assert found[2]["consensus_error"]["value"] > found[3]["consensus_error"]["value"]
    assert found[3]["consensus_error"]["value"] > found[5]["consensus_error"]["value"]


def test_peoples_errors_without_overlap_say_why_they_are_not_known() -> None:
    found = agreement({"1": {"a": "x"}, "2": {"b": "y"}}, SENTIMENT, 1)
    for name in ("person_error", "consensus_error"):
        assert found[name]["value"] is None
        assert found[name]["reason"] == "no record has labels from two people"


def test_people_who_always_say_the_same_have_no_error() -> None:
    found = agreement({"1": {"a": "x", "b": "x"}, "2": {"a": "x", "b": "x"}}, SENTIMENT, 1)
    assert found["alpha"]["value"] is None
    assert found["person_error"]["value"] == found["consensus_error"]["value"] == 0


# --- gates

REPORT: dict[str, Any] = {
    "annotator": {
        "name": "linear@8a10f3",
        "audit": {
            "n": 300,
            "accuracy": {"value": 0.67, "low": 0.61, "high": 0.72},
            "macro_f1": {"value": 0.55, "low": 0.49, "high": 0.61},
            "f1_U.S.": {"value": 0.9, "low": 0.8, "high": 0.95},
            "f1_rare": {"value": None, "low": None, "high": None, "reason": "no records to compute it from"},
            "recall_rare": {"value": 1.0, "low": None, "high": None, "reason": "an interval needs two records"},
        },
    },
    "guarantee": {"coverage": 0.52, "error_bound": None, "reason": "no audit is open"},
    "agreement": {"n": 900, "alpha": {"value": 0.61, "low": 0.57, "high": 0.65}},
    "model": None,
    "reason": "nobody has labelled anything yet",
}


def test_gates_are_judged_in_the_form_of_the_quality_report() -> None:
    gates = {
        "macro_f1": Gate("annotator.audit.macro_f1", at_least=0.6),
        "coverage": Gate("guarantee.coverage", at_least=0.6),
        "agreement": Gate("agreement.alpha", at_least=0.5),
    }
    f1 = {"value": 0.55, "low": 0.49, "high": 0.61, "end": "low", "verdict": "not enough data", "needed": 432}
    alpha = {"value": 0.61, "low": 0.57, "high": 0.65, "end": "low", "verdict": "pass"}
    expected = {
        "passed": False,
        "failed": ["coverage"],
        "undecided": ["macro_f1"],
        "macro_f1": {"metric": "annotator.audit.macro_f1", "at_least": 0.6, **f1},
        "coverage": {"metric": "guarantee.coverage", "at_least": 0.6, "value": 0.52, "verdict": "fail"},
        "agreement": {"metric": "agreement.alpha", "at_least": 0.5, **alpha},
    }
    found = judge(gates, REPORT)
    assert found == expected
    assert list(found) == list(expected)
    assert list(found["macro_f1"]) == list(expected["macro_f1"])


@pytest.mark.parametrize(
    ("gate", "verdict"),
    [
        (Gate("annotator.audit.accuracy", at_least=0.61), "pass"),
        (Gate("annotator.audit.accuracy", at_least=0.62), "not enough data"),
        (Gate("annotator.audit.accuracy", at_least=0.73), "fail"),
        (Gate("annotator.audit.accuracy", at_most=0.72), "pass"),
        (Gate("annotator.audit.accuracy", at_most=0.71), "not enough data"),
        (Gate("annotator.audit.accuracy", at_most=0.6), "fail"),
        (Gate("annotator.audit.accuracy", at_least=0.67, end="value"), "pass"),
        (Gate("annotator.audit.accuracy", at_least=0.68, end="value"), "fail"),
        (Gate("annotator.audit.accuracy", at_least=0.72, end="high"), "pass"),
        (Gate("annotator.audit.accuracy", at_least=0.73, end="high"), "fail"),
        (Gate("annotator.audit.accuracy", at_most=0.61, end="low"), "pass"),
        (Gate("annotator.audit.accuracy", at_most=0.6, end="low"), "fail"),
        (Gate("guarantee.coverage", at_most=0.52), "pass"),
        (Gate("guarantee.coverage", at_most=0.51), "fail"),
        (Gate("agreement.n", at_least=900), "pass"),
        (Gate("annotator.audit.f1_U.S.", at_least=0.8), "pass"),
    ],
)
def test_the_end_that_a_gate_names_must_clear_it(gate: Gate, verdict: str) -> None:
    found = judge({"gate": gate}, REPORT)
    assert found["gate"]["verdict"] == verdict
    assert found["passed"] == (verdict == "pass")
    assert (found["failed"], found["undecided"]) == (
        ["gate"] if verdict == "fail" else [],
        ["gate"] if verdict == "not enough data" else [],
    )


def test_as_much_data_as_is_said_to_be_needed_decides() -> None:
    """A share of two thirds, held against .6: with so many records its interval clears the bound, barely."""
    few = {"n": 60, "right": bootstrap(flags(2 / 3, 60), mean, 3)["mean"]}
    gate = {"gate": Gate("right", at_least=0.6)}
    needed = judge(gate, few)["gate"]["needed"]
    assert 150 < needed < 300
    n = 3 * (needed // 3)
    enough = bootstrap(flags(2 / 3, n), mean, 3)["mean"]
    assert enough["low"] == pytest.approx(0.6, abs=0.02)


def test_how_much_is_needed_is_null_with_a_reason_where_it_cannot_be_said() -> None:
    measured = {"value": 0.5, "low": 0.4, "high": 0.6}
    found = judge({"a": Gate("m", at_least=0.5), "b": Gate("m", at_least=0.55)}, {"m": measured | {"n": 9}})
    assert (found["a"]["needed"], found["a"]["reason"]) == (None, "the value is the bound itself")
    assert found["b"]["needed"] == 36
    found = judge({"b": Gate("m", at_least=0.55)}, {"m": measured})
    assert (found["b"]["needed"], found["b"]["verdict"]) == (None, "not enough data")
    assert "not known how many" in found["b"]["reason"]


@pytest.mark.parametrize(
    ("metric", "value", "reason"),
    [
        ("guarantee.error_bound", None, "no audit is open"),
        ("annotator.audit.f1_rare", None, "no records to compute it from"),
        ("annotator.audit.recall_rare", 1.0, "an interval needs two records"),
        ("model.size", None, "nobody has labelled anything yet"),
    ],
)
def test_what_cannot_be_judged_is_undecided_and_does_not_pass(metric: str, value: float | None, reason: str) -> None:
    found = judge({"gate": Gate(metric, at_least=0.5)}, REPORT)
    assert (found["passed"], found["failed"], found["undecided"]) == (False, [], ["gate"])
    assert found["gate"]["verdict"] == "not enough data"
    assert found["gate"]["needed"] is None
    assert (found["gate"]["value"], found["gate"]["reason"]) == (value, reason)


def test_a_gate_may_ask_that_the_promise_survives_peoples_errors() -> None:
    report = {"guarantee": {"sensitivity": {"0.02": {"hidden": 6, "error_bound": 0.116}}, "reason": None}}
    gate = {"robust": Gate("guarantee.sensitivity.0.02.error_bound", at_most=0.12)}
    assert judge(gate, report)["passed"]
    report = {"guarantee": {"sensitivity": None, "reason": "no audit is open"}}
    assert judge(gate, report)["robust"]["reason"] == "no audit is open"


def test_a_gate_that_is_switched_off_is_not_judged() -> None:
    assert judge({"coverage": None}, REPORT) == {"passed": True, "failed": [], "undecided": []}


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            "annotator.audit.macro_f2",
            "quality.gates.mine.metric: 'annotator.audit.macro_f2' is not in the quality report; "
            "nearest to it: annotator.audit.macro_f1, ",
        ),
        (
            "annotator.audit",
            "quality.gates.mine.metric: 'annotator.audit' is not in the quality report; nearest to it: ",
        ),
        ("annotator.name", "quality.gates.mine.metric: 'annotator.name' is not a number in the quality report"),
    ],
)
def test_a_metric_that_is_not_there_is_an_error_that_names_the_nearest(metric: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        judge({"mine": Gate(metric, at_least=0.5)}, REPORT)


# --- suspicious labels


def test_a_label_that_is_not_the_most_probable_one_is_suspicious_the_least_probable_first() -> None:
    labelled = {
        "a": ("positive", [1.0, 0.0, 0.0]),
        "b": ("positive", [0.3, 0.6, 0.1]),
        "c": ("positive", [0.1, 0.3, 0.6]),
        "d": ("positive", [0.05, 0.5, 0.45]),
        "e": ("neutral", [0.5, 0.5, 0.0]),
        "f": ("neutral", [0.4, 0.6, 0.0]),
    }
    scores = np.array([scores for _, scores in labelled.values()])
    labels = [label for label, _ in labelled.values()]
    assert suspicious(SENTIMENT, list(labelled), labels, scores) == ["d", "c", "b"]


def slips(odds: tuple[float, float, float]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """One label in ten is a slip, drawn by these odds; what the model says of the right one is too faint."""
    random = np.random.default_rng(5)
    sure = random.dirichlet((0.3, 0.3, 0.3), 3000)
    right = (sure.cumsum(axis=1) < random.random((3000, 1))).sum(axis=1).clip(0, 2)
    slip = random.random(3000) < 0.1
    given = np.where(slip, random.choice(3, 3000, p=odds), right)
    faint = np.sqrt(sure)
    return [SENTIMENT.labels[each] for each in given], faint / faint.sum(axis=1, keepdims=True), slip


@pytest.mark.parametrize("odds", [(1 / 3, 1 / 3, 1 / 3), (0.1, 0.8, 0.1)])
def test_how_suspicious_a_label_is_says_how_probably_it_is_a_slip(odds: tuple[float, float, float]) -> None:
    labels, scores, slip = slips(odds)
    doubt = 1 / (1 + np.exp(-suspicion(SENTIMENT, labels, scores)))
    assert doubt.mean() == pytest.approx(0.1, abs=0.02)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        inside = (low <= doubt) & (doubt < high)
        assert slip[inside].mean() == pytest.approx(doubt[inside].mean(), abs=0.03 + 2 / inside.sum() ** 0.5)


def test_a_label_that_people_tend_to_slip_to_is_doubted_sooner() -> None:
    labels, scores, _ = slips((0.1, 0.8, 0.1))
    same = np.tile([0.4, 0.3, 0.3], (2, 1))
    found = suspicion(SENTIMENT, [*labels, *SENTIMENT.labels[1:]], np.concatenate([scores, same]))[-2:]
    assert found[0] > found[1] + 1  # the log-odds of the second and of the third label


def test_few_labels_are_doubted_by_their_probability_alone() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    found = suspicion(Choice("c", "t", ("a", "b")), ["b", "b", "b"], scores)
    assert found.argsort().tolist() == [1, 2, 0]
    assert (found < 0).all()


def test_wrong_labels_come_first() -> None:
    random = np.random.default_rng(5)
    truth = random.integers(0, 3, 600)
    scores = random.dirichlet(np.ones(3), 600) + 3 * np.eye(3)[truth]
    scores /= scores.sum(axis=1, keepdims=True)
    noisy = random.random(600) < 0.1
    labels = [SENTIMENT.labels[i] for i in np.where(noisy, (truth + 1) % 3, truth)]
    found = suspicious(SENTIMENT, [str(i) for i in range(600)], labels, scores)
    assert {int(id) for id in found} == set(np.flatnonzero(noisy))


def test_ties_among_suspicious_labels_go_by_id_whatever_the_order() -> None:
    labels = ["positive", "positive", "positive", "neutral"]
    scores = np.array([[0.1, 0.9, 0.0], [0.1, 0.9, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])
    assert suspicious(SENTIMENT, ["b", "a", "x", "y"], labels, scores) == ["a", "b"]
    assert suspicious(SENTIMENT, ["y", "x", "a", "b"], labels[::-1], scores[::-1]) == ["a", "b"]


def test_one_suspicious_label_of_several_is_enough() -> None:
    values = [["sport"], ["sport"], ["money", "sport"], [], ["money"], ["money"]]
    scores = np.array(
        [[0.9, 0.1, 0.1], [0.8, 0.9, 0.1], [0.9, 0.9, 0.0], [0.1, 0.1, 0.0], [0.1, 0.8, 0.1], [0.2, 0.9, 0.0]]
    )
    assert suspicious(TOPICS, list("abcdef"), values, scores) == ["b"]


def said(record: str, first: str | None, now: str | None = None, **more: Any) -> dict[str, Any]:
    given = {"value": first, "confidence": 1.0, "queues": ["random"]}
    line = {"record": record, "value": now or first, "confidence": 1.0, "adjudicated": False, "first": given}
    return line | {"rechecked": now is not None} | more


def test_labels_are_ranked_as_they_first_were_given() -> None:
    proposals = [
        {"record": f"{i}", "value": "a", "confidence": 0.75, "scores": {"a": 0.75, "b": 0.25}} for i in range(9)
    ]
    human = [said(f"{i}", "a") for i in range(8)] + [said("8", "b", "a"), said("9", "b")]
    assert label_issues(Choice("c", "t", ("a", "b")), human, proposals) == {"8": []}


def test_of_other_tasks_the_surest_proposals_of_something_else_come_first() -> None:
    proposals = [{"record": f"{i}", "value": "a", "confidence": each} for i, each in enumerate([0.5, 0.9, 0.9, 1.0])]
    human = [said("0", "b"), said("1", "b"), said("2", "b"), said("3", "a")]
    task = SimpleNamespace(compare=lambda one, other: float(one == other), bar=1.0)
    assert list(label_issues(task, human, proposals)) == ["1", "2", "0"]


def test_what_is_shown_are_the_surest_wrong_proposals_of_a_complete_audit() -> None:
    task = Choice("c", "t", ("a", "b"))
    sure = {"0": 0.7, "1": 0.9, "2": 0.9, "3": 0.8, "4": 0.6}
    proposals = [
        {"record": each, "value": "a", "confidence": share, "scores": {"a": share, "b": 1 - share}}
        for each, share in sure.items()
    ]
    human = [said("0", "b"), said("1", "b"), said("2", "b"), said("3", "a"), said("4", None), said("5", "b")]
    wrong = {
        "5": True,
        "4": True,
        "3": False,
        "2": True,
        "1": True,
        "0": True,
    }  # 5 has no proposal
    ranking = list(label_issues(task, human, proposals))
    found = cases(ranking, human, proposals, SimpleNamespace(wrong=wrong, missing=[]))
    assert [each["record"] for each in found["mistaken"]] == ["1", "2", "0"]
    assert found["mistaken"][0] == {"record": "1", "people": "b", "proposed": "a", "confidence": 0.9}
    assert [each["record"] for each in found["suspicious"]] == ["1", "2", "0"]
    assert cases(ranking, human, proposals, SimpleNamespace(wrong=wrong, missing=["9"]))["mistaken"] == []
    assert cases(ranking, human, proposals, None)["mistaken"] == []


def test_precision_is_of_those_that_were_asked_again_and_decided() -> None:
    task = Choice("c", "t", ("a", "b"))
    divided = {"value": "b", "confidence": 0.5, "queues": ["active"]}
    human = [
        said("0", "b", "a"),
        said("1", "b", "b"),
        said("2", "b"),
        said("3", "b", "a", confidence=0.5),
        said("4", "b", "a") | {"first": divided},
        said("5", "b", "a", confidence=0.5, adjudicated=True),
    ]
    found = precision(task, [f"{i}" for i in range(6)], human)
    assert (found["10"]["n"], found["10"]["value"]) == (3, pytest.approx(2 / 3))
    assert found["10"]["low"] < 2 / 3 < found["10"]["high"]
    none = precision(task, ["2"], human)["10"]
    assert (none["n"], none["value"], none["reason"]) == (0, None, "none of these labels was asked again")


def test_no_record_has_nothing_suspicious() -> None:
    assert suspicious(SENTIMENT, [], [], np.zeros((0, 3))) == []
    assert suspicious(TOPICS, [], [], np.zeros((0, 3))) == []


# --- settings


def test_the_default_option_holds_what_it_says() -> None:
    found = TypeAdapter(Quality).validate_python(yaml.safe_load(Path("conf/quality/default.yaml").read_text()))
    assert found == Quality(
        guarantee=Guarantee(scope="dataset", epsilon=0.1, alpha=0.05),
        gates={
            "coverage": Gate("guarantee.coverage", at_least=0.5),
            "macro_f1": Gate("annotator.audit.macro_f1", at_least=0.6),
            "agreement": Gate("agreement.alpha", at_least=0.5),
        },
    )


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"scope": "record"}, ("guarantee", "scope")),
        ({"epsilon": "much"}, ("guarantee", "epsilon")),
        ({"epsilom": 0.1}, ("guarantee", "epsilom")),
    ],
)
def test_a_wrong_key_or_type_is_found_where_it_stands(changed: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Quality).validate_python(
            {"guarantee": {"scope": "dataset", "epsilon": 0.1, "alpha": 0.05} | changed}
        )
    assert found.value.errors()[0]["loc"] == place


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Guarantee("dataset", 1, 0.05), "guarantee.epsilon: a share from 0 to below 1 is expected, found 1"),
        (lambda: Guarantee("dataset", float("nan"), 0.05), "guarantee.epsilon: "),
        (
            lambda: Guarantee("dataset", 0.1, 0),
            "guarantee.alpha: a probability above 0 and below 1 is expected, found 0",
        ),
        (lambda: Guarantee("dataset", 0.1, 0.05, without_audit=90), "guarantee.without_audit: "),
        (
            lambda: Gate("agreement.alpha"),
            "the gate on 'agreement.alpha' needs one of at_least and at_most, found neither",
        ),
        (
            lambda: Guarantee("class", 0.1, 0.05),
            "guarantee.class_scope: dataset or accepted is expected with scope: class, found null",
        ),
        (
            lambda: Guarantee("accepted", 0.1, 0.05, class_scope="dataset"),
            "guarantee.class_scope: null is expected with scope: accepted, found dataset",
        ),
        (lambda: Gate("agreement.alpha", 0.1, 0.2), "found both"),
        (lambda: Quality(Guarantee("dataset", 0.1, 0.05), {"failed": None}), "gates: the name 'failed' is taken"),
    ],
)
def test_a_value_out_of_range_is_an_input_error(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        make()

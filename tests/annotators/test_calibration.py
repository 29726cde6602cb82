from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.annotators.calibration import calibrate, calibrated, propose
from stages.annotators.curves import CURVES
from stages.tables import DIGITS
from stages.tasks import Choice

few = settings(max_examples=50, deadline=None)

MOOD = Choice("mood", "text", ("good", "neutral", "bad"))
TOPICS = Choice("topic", "text", ("billing", "delivery"), multiple=True)
FOLDS = 5


def held_out(truth: Any, count: int = 2000) -> tuple[np.ndarray, list[str]]:
    """Confidences from 1/2 to 1 in the first label, and labels by how often it is right at such a confidence."""
    sure = np.linspace(0.5, 1, count)
    random = np.random.default_rng(3)
    right = random.random(count) < truth(sure)
    other = np.where(random.random(count) < 0.75, "neutral", "bad")
    scores = np.column_stack([sure, (1 - sure) * 0.75, (1 - sure) * 0.25])
    return scores, np.where(right, "good", other).tolist()


def in_folds(count: int) -> list[int]:
    return [row % FOLDS for row in range(count)]


def test_the_method_that_makes_held_out_labels_likeliest_is_chosen_and_all_are_told() -> None:
    scores, values = held_out(lambda sure: np.where(sure < 0.8, 0.55, 0.9))
    found = calibrate(scores, values, in_folds(len(values)), MOOD)
    assert set(found["likelihood"]) == {"temperature", "beta", "isotonic"}
    assert found["method"] == "isotonic"
    assert found["likelihood"]["isotonic"] == max(found["likelihood"].values())
    sure = np.array([each.confidence for each in propose(scores, found, MOOD) if each])
    assert sure[:1000].mean() == pytest.approx(0.55, abs=0.03)
    assert sure[1300:].mean() == pytest.approx(0.9, abs=0.03)


def test_likelihoods_come_from_labels_that_the_calibration_had_not_seen() -> None:
    scores, values = held_out(lambda sure: sure, 100)
    folds = in_folds(100)
    told = calibrate(scores, values, folds, MOOD)["likelihood"]["isotonic"]
    right = np.array([value == "good" for value in values])
    each = []
    for fold in range(FOLDS):
        out = np.array(folds) == fold
        curve = CURVES["isotonic"]
        found = calibrated(scores[out], "isotonic", curve.fit(scores[~out, 0], right[~out]), multiple=False)
        each += (found * MOOD.codes(np.array(values)[out].tolist())).sum(axis=1).tolist()
    assert told == pytest.approx(np.log(each).mean(), abs=1e-6)


def test_a_few_labels_in_one_fold_take_the_simplest_and_say_that_nothing_was_compared() -> None:
    scores, values = held_out(lambda sure: sure, 4)
    found = calibrate(scores, values, [0] * 4, MOOD)
    assert found["method"] == "temperature"
    assert set(found["likelihood"].values()) == {None}


def test_of_several_choices_at_once_only_the_temperature_is_tried() -> None:
    scores = np.tile([0.9, 0.2], (20, 1))
    assert list(calibrate(scores, [["billing"]] * 20, in_folds(20), TOPICS)["likelihood"]) == ["temperature"]


confidences = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@few
@given(sure=confidences, flips=st.lists(st.booleans(), min_size=30, max_size=30), name=st.sampled_from(sorted(CURVES)))
@example(sure=[0.0, 1.0], flips=[True, False] * 15, name="isotonic")
@example(sure=[1.0] * 9, flips=[False] * 30, name="beta")
def test_a_surer_proposal_stays_so(sure: list[float], flips: list[bool], name: str) -> None:
    given_sure = np.array(sure)
    parameters = CURVES[name].fit(given_sure, np.array(flips[: len(sure)]))
    grid = np.linspace(0, 1, 101)
    found = CURVES[name].apply(grid, parameters)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()
    if name == "isotonic":
        assert (np.diff(found) > 0).all()


rows = st.lists(
    st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda row: sum(row) > 1e-3), min_size=2, max_size=12
)


@few
@given(rows=rows, truth=st.lists(st.sampled_from(MOOD.labels), min_size=12, max_size=12))
@example(rows=[[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], truth=["bad"] * 12)
def test_no_label_becomes_another_and_probabilities_sum_to_one(rows: list[list[float]], truth: list[str]) -> None:
    scores = (np.array(rows) / np.sum(rows, axis=1, keepdims=True)).round(DIGITS)
    best = scores.argmax(axis=1)
    for method in ("beta", "isotonic"):
        right = np.array([MOOD.labels[place] == value for place, value in zip(best, truth, strict=False)])
        parameters = CURVES[method].fit(scores.max(axis=1), right)
        found = calibrated(scores, method, parameters, multiple=False)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        assert (found >= 0).all()
        for line, place in zip(propose(scores, {"method": method, "parameters": parameters}, MOOD), best, strict=True):
            assert line is not None
            assert line.value == MOOD.labels[place]
            assert isinstance(line.scores, dict)
            assert line.confidence == max(line.scores.values())

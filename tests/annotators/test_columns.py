"""The annotator that learns from the columns of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.annotators import Columns, NotEnough, crossfit
from stages.tasks import Choice

SPECIES = Choice("species", "bill", ("Adelie", "Chinstrap", "Gentoo"))
ANNOTATOR = Columns(("bill", "island"))


def records(count: int = 200, seed: int = 1) -> tuple[pd.DataFrame, list[str]]:
    """Species told apart by a number and a category together, each missing now and then."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 3, count)
    bill = np.array([38.0, 49.0, 48.0])[codes] + random.normal(0, 1.5, count)
    island = np.array([["Dream", "Biscoe"], ["Dream", "Dream"], ["Biscoe", "Biscoe"]])[codes, codes * 0]
    frame = pd.DataFrame({"id": [f"{place:04}" for place in range(count)], "bill": bill, "island": island})
    frame["island"] = frame["island"].astype("str")
    frame.loc[random.random(count) < 0.05, "bill"] = np.nan
    frame.loc[random.random(count) < 0.05, "island"] = None
    return frame, [SPECIES.labels[code] for code in codes]


def test_it_learns_from_numbers_and_categories_with_gaps():
    frame, values = records()
    fitted = crossfit(ANNOTATOR, frame, dict(zip(frame["id"][:100], values[:100], strict=True)), SPECIES, 1)
    right = [proposal.value == value for proposal, value in zip(fitted.proposals, values, strict=True)]
    assert np.mean(right[100:]) > 0.9
    assert fitted.name.startswith("columns@")


def test_a_missing_number_is_a_feature_of_its_own():
    frame = pd.DataFrame({"bill": [np.nan, 1.0] * 20, "island": pd.Series(["Dream"] * 40, dtype="str")})
    model = ANNOTATOR.fit(frame, ["Adelie", "Gentoo"] * 20, SPECIES, 1)
    assert [SPECIES.labels[code] for code in model.predict(frame).argmax(axis=1)] == ["Adelie", "Gentoo"] * 20
    assert list(model.features["kind"]) == ["number", "missing", "category"]


def test_what_it_has_never_seen_changes_nothing():
    frame, values = records()
    model = ANNOTATOR.fit(frame, values, SPECIES, 1)
    rows = pd.DataFrame({"bill": [48.0, 48.0], "island": pd.Series(["Atlantis", None], dtype="str")})
    first, second = model.predict(rows)
    assert np.isfinite(first).all()
    assert (first == second).all()


def test_the_unit_of_a_number_does_not_matter():
    frame, values = records()
    metres = frame.assign(bill=frame["bill"] / 1000)
    found = [ANNOTATOR.fit(each, values, SPECIES, 1).predict(each) for each in (frame, metres)]
    assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_a_saved_model_predicts_the_same(tmp_path):
    frame, values = records()
    model = ANNOTATOR.fit(frame, values, SPECIES, 1)
    model.save(tmp_path)
    assert ANNOTATOR.load(tmp_path, SPECIES).predict(frame) == pytest.approx(model.predict(frame), abs=1e-4)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # a regression on nonsense
@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=4, max_size=20), st.randoms(use_true_random=False))
def test_any_numbers_give_probabilities_whatever_the_order_of_the_records(numbers, draw):
    frame = pd.DataFrame({"bill": pd.Series(numbers, dtype=float), "island": pd.Series(["a"] * len(numbers))})
    values = [SPECIES.labels[place % 2] for place in range(len(numbers))]
    order = draw.sample(range(len(numbers)), len(numbers))
    model = ANNOTATOR.fit(frame, values, SPECIES, 1)
    other = ANNOTATOR.fit(frame.iloc[order], [values[place] for place in order], SPECIES, 1)
    assert model.features.equals(other.features)
    assert model.predict(frame).sum(axis=1) == pytest.approx(1)


def test_a_field_that_is_not_there_is_named():
    frame, values = records(10)
    with pytest.raises(InputError, match=r"annotator\.fields: there is no field 'beak'"):
        Columns(("beak",)).fit(frame, values, SPECIES, 1)


def test_no_labels_are_not_enough():
    frame, _ = records(10)
    with pytest.raises(NotEnough):
        ANNOTATOR.fit(frame[:0], [], SPECIES, 1)

"""STAPLE: whose mask is trusted, and that nothing else shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.review import Annotation, majority, settle
from stages.review.pictures import probability, staple
from stages.tasks import Choice
from stages.tasks.pictures import Masks
from tests.review.test_review import REVIEW, line

TASK = Masks("objects", "image", ("cat", "dog"))
marks = (
    st.integers(1, 5)
    .flatmap(
        lambda people: st.lists(st.lists(st.booleans(), min_size=people, max_size=people), min_size=1, max_size=40)
    )
    .map(lambda rows: np.array(rows).T)
)


def people(seed: int, errors: list[tuple[float, float]], side: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """A disc, and masks of it that leave out and add pixels with the given probabilities."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[:side, :side]
    disc = (down - side / 2) ** 2 + (across - side / 2) ** 2 < (side / 3) ** 2
    draws = [random.random((side, side)) for _ in errors]
    marked = [np.where(disc, draw >= missed, draw < added) for draw, (missed, added) in zip(draws, errors, strict=True)]
    return disc, np.array(marked)


def test_it_is_the_filter_of_itk():
    """Computed by SimpleITK 2.5.7, `STAPLEImageFilter`, which stops a little earlier."""
    marked = np.array([[1] * 4 + [0] * 8, [1, 1, 1, 0, 1] + [0] * 7, [1, 1, 0, 1] + [0] * 8, [0] + [1] * 6 + [0] * 5])
    np.testing.assert_allclose(probability(marked.astype(bool)), [1] * 4 + [0] * 8, atol=1e-6)


def test_one_who_knows_outweighs_two_who_do_not():
    disc, marked = people(1, [(0.02, 0.01), (0.45, 0.3), (0.45, 0.3), (0.45, 0.3)])
    vote = 2 * marked.sum(axis=0) > len(marked)
    found = probability(marked.reshape(4, -1)).reshape(disc.shape) > 0.5
    assert (found != disc).mean() < 0.03 < 0.1 < (vote != disc).mean()


@given(marks)
def test_what_all_marked_is_in_and_what_nobody_marked_is_out(marked):
    found = probability(marked)
    assert ((found >= 0) & (found <= 1)).all()
    if len(marked) > 2 and 0 < marked.mean() < 1:
        everyone, nobody = marked.all(axis=0), ~marked.any(axis=0)
        assert found[everyone].min(initial=1) >= found[nobody].max(initial=0)


@given(marks, st.randoms())
def test_neither_the_order_of_people_nor_that_of_pixels_shows(marked, draw):
    rows = draw.sample(range(len(marked)), len(marked))
    columns = draw.sample(range(marked.shape[1]), marked.shape[1])
    np.testing.assert_allclose(probability(marked[rows][:, columns]), probability(marked)[columns], atol=1e-6)


def region(mask: np.ndarray, label: str = "cat") -> dict:
    return TASK.region(mask, label)


def test_of_one_person_the_mask_itself_and_of_none_nothing():
    disc, _ = people(1, [])
    value = TASK.ordered([region(disc), region(~disc, "dog")])
    assert staple(TASK, {"a": {"ann": value}})["a"] == (value, 1.0, "staple over 1 people")
    assert staple(TASK, {}) == {}
    assert staple(TASK, {"a": {"ann": [], "bob": []}})["a"].value == []


def test_labels_are_parted_and_who_marked_nothing_counts():
    disc, marked = people(2, [(0.03, 0.01)] * 3)
    votes = {"a": {"ann": [region(marked[0])], "bob": [region(marked[1])], "cyd": [region(marked[2], "dog")]}}
    agreed = staple(TASK, votes)["a"]
    assert [each["label"] for each in agreed.value] == ["cat"]
    assert (TASK.mask(agreed.value, "cat") != disc).mean() < 0.05
    assert agreed.confidence == pytest.approx(2 / 3)


def test_a_choice_of_the_review_makes_the_consensus():
    _, marked = people(1, [(0.02, 0.01), (0.45, 0.3), (0.45, 0.3), (0.45, 0.3)])
    votes = {"1": {f"ann{person}": [region(mask)] for person, mask in enumerate(marked)}}
    said = [
        Annotation(round=1, line=place, **(line(annotator=name) | {"result": TASK.show(value)}), value=value)
        for place, (name, value) in enumerate(votes["1"].items(), 1)
    ]
    for method in (majority, staple):
        review = replace(REVIEW, consensus=method.__name__)
        made = settle(said, {"1": "c"}, TASK, review, "b5d0")
        assert made.labels[0]["value"] == method(TASK, votes)["1"].value
    assert staple(TASK, votes)["1"].value != majority(TASK, votes)["1"].value


def test_other_tasks_are_refused():
    with pytest.raises(InputError, match="staple is for masks, this task is choice; take majority"):
        staple(Choice("a", "b", ("c", "d")), {"x": {"ann": "c"}})

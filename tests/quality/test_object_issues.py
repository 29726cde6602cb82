"""What looks wrong among people's boxes and masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality import label_issues
from stages.tasks import Doubt
from stages.tasks.pictures import Boxes, Masks
from tests.publishing.test_pictures import box

LABELS = ("cat", "dog")
BOXES, MASKS = Boxes("objects", "image", LABELS), Masks("objects", "image", LABELS)
CAT, DOG = box(10, 10, 20, 20), box(60, 60, 20, 20, "dog")


def found(value, proposed, scores, confidence=0.7, task=BOXES):
    return task.doubts(value, proposed, scores, confidence)


@pytest.mark.parametrize(
    ("value", "proposed", "scores", "expected"),
    [
        ([CAT, DOG], [CAT, DOG], [0.9, 0.8], []),
        ([CAT], [CAT, DOG], [0.9, 0.8], [Doubt("missed", "dog", 0.8)]),
        ([], [CAT], [0.9], [Doubt("missed", "cat", 0.9)]),
        ([CAT, DOG], [CAT], [0.9], [Doubt("spurious", "dog", 0.7)]),
        ([CAT], [], [], [Doubt("spurious", "cat", 0.7)]),
        ([box(10, 10, 20, 20, "dog")], [CAT], [0.9], [Doubt("wrong_label", "cat", 0.9)]),
        ([box(10, 20, 20, 20)], [CAT], [0.9], [Doubt("badly_placed", "cat", pytest.approx(0.9 * 2 / 3))]),
        ([CAT, CAT], [CAT], [0.9], [Doubt("spurious", "cat", 0.7)]),
        ([CAT, DOG], [CAT], None, [Doubt("spurious", "dog", 0.7)]),
        ([CAT], [CAT, DOG], None, [Doubt("missed", "dog", 0.7)]),
        # of two that overlap it, the one of its label is meant
        ([box(10, 10, 20, 18, "dog"), box(10, 10, 20, 16)], [CAT], [0.9], [Doubt("spurious", "dog", 0.7)]),
        # one beside another of its kind is missed, not badly placed
        ([CAT], [CAT, box(29, 10, 20, 20)], [0.9, 0.8], [Doubt("missed", "cat", 0.8)]),
    ],
)
def test_each_way_to_be_wrong_is_told_from_the_others(value, proposed, scores, expected):
    assert found(value, proposed, scores) == expected


def region(rows: slice, columns: slice, label: str = "cat"):
    mask = np.zeros((20, 20), dtype=bool)
    mask[rows, columns] = True
    return MASKS.region(mask, label)


def test_masks_are_judged_by_label_and_strokes_add_up():
    strokes = [region(slice(0, 5), slice(0, 10)), region(slice(5, 10), slice(0, 10))]
    whole = [region(slice(0, 10), slice(0, 10))]
    assert found(strokes, whole, [0.9], task=MASKS) == []
    assert found(strokes[:1], [region(slice(0, 16), slice(0, 10))], [0.9], task=MASKS) == [
        Doubt("badly_placed", "cat", pytest.approx(0.9 * (1 - 5 / 16)))
    ]
    named = [region(slice(0, 10), slice(0, 10), "dog")]
    assert found(strokes, named, [0.9], task=MASKS) == [Doubt("wrong_label", "dog", 0.9)]
    assert found([], whole, [0.9], task=MASKS) == [Doubt("missed", "cat", 0.9)]


places = st.integers(0, 8).map(lambda each: each * 10)
values = st.lists(
    st.builds(lambda x, y, label: box(x, y, 20, 20, label), places, places, st.sampled_from(LABELS)), max_size=4
)


@given(values, values, st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_every_difference_is_doubted_and_no_object_twice(value, proposed, scores):
    said = found(value, proposed, scores[: len(proposed)])
    assert all(0 <= each.degree <= 1 for each in said)
    assert sum(each.kind == "spurious" for each in said) <= len(value)
    assert sum(each.kind != "spurious" for each in said) <= len(proposed)
    if BOXES.compare(value, proposed) < BOXES.bar:
        assert said
    assert found(value, value, [1.0] * len(value)) == []


def test_the_strongest_doubt_decides_what_is_not_found_comes_last_and_what_is_right_is_left_out():
    human = [{"record": id, "first": {"value": [CAT]}} for id in "abcde"] + [{"record": "f", "first": {"value": None}}]
    auto = [
        {"record": id, "value": value, "scores": scores, "confidence": 0.95}
        for id, value, scores in (
            ("a", [CAT], [0.9]),
            ("b", [CAT, DOG], [0.9, 0.4]),
            ("c", [CAT, DOG], [0.9, 0.8]),
            ("d", [], []),
            ("f", [CAT], [0.9]),
        )
    ]
    ranking = label_issues(BOXES, human, auto)
    assert list(ranking) == list(label_issues(BOXES, human[::-1], auto[::-1])) == ["c", "b", "d"]
    assert [each.kind for doubts in ranking.values() for each in doubts] == ["missed", "missed", "spurious"]

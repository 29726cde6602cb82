"""What looks wrong among people's spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality import label_issues
from stages.tasks import Doubt, Spans
from stages.tasks.span_doubts import span_doubts

NAMES = Spans("names", "text", ("person", "place"))


def span(start, end, label="person"):
    return {"start": start, "end": end, "label": label}


spans = st.builds(
    lambda start, length, label: span(start, start + length, label),
    st.integers(0, 12),
    st.integers(1, 6),
    st.sampled_from(NAMES.labels),
)
values = st.lists(spans, max_size=5).map(NAMES.ordered)

ANN, ROME = span(0, 3), span(10, 14, "place")


@pytest.mark.parametrize(
    ("value", "proposed", "scores", "expected"),
    [
        ([ANN, ROME], [ANN, ROME], [0.9, 0.8], []),
        ([ANN], [ANN, ROME], [0.9, 0.8], [Doubt("missed", "place", 0.8)]),
        ([ANN], [ANN, ROME], None, [Doubt("missed", "place", 0.7)]),
        ([ANN, ROME], [ANN], [0.9], [Doubt("spurious", "place", 0.7)]),
        ([ANN], [], [], [Doubt("spurious", "person", 0.7)]),
        ([span(0, 3, "place")], [ANN], [0.9], [Doubt("wrong_label", "person", 0.9)]),
        ([span(0, 2)], [ANN], [0.9], [Doubt("badly_placed", "person", 0.9)]),
        ([span(3, 5)], [ANN], [0.9], [Doubt("missed", "person", 0.9), Doubt("spurious", "person", 0.7)]),
        # what overlaps but has neither the borders nor the label is something else
        ([span(0, 2, "place")], [ANN], [0.9], [Doubt("missed", "person", 0.9), Doubt("spurious", "place", 0.7)]),
        # one of people's explains one of the annotator's, the surest
        (
            [span(0, 9)],
            [ANN, span(4, 9)],
            [0.6, 0.8],
            [Doubt("badly_placed", "person", 0.8), Doubt("missed", "person", 0.6)],
        ),
        # one that both give explains no other
        ([ANN], [ANN, span(0, 3, "place")], [0.9, 0.4], [Doubt("missed", "place", 0.4)]),
    ],
)
def test_each_way_to_be_wrong_is_told_from_the_others(value, proposed, scores, expected):
    assert span_doubts(value, proposed, scores, 0.7) == expected


@given(values, values, st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_every_difference_is_doubted_and_no_span_twice(value, proposed, scores):
    said = span_doubts(value, proposed, scores[: len(proposed)], 0.5)
    kinds = [each.kind for each in said]
    alike = kinds.count("wrong_label") + kinds.count("badly_placed")
    same = len([each for each in value if each in proposed])
    assert kinds.count("missed") + alike == len(proposed) - same
    assert kinds.count("spurious") + alike == len(value) - same


def test_the_surest_span_that_differs_decides_however_unsure_the_rest_of_the_text_is():
    human = [{"record": id, "first": {"value": [ANN]}} for id in "abcd"]
    auto = [
        {"record": id, "value": value, "scores": scores, "confidence": confidence}
        for id, value, scores, confidence in (
            ("a", [ANN], [0.9], 0.9),
            ("b", [ANN, ROME], [0.9, 0.4], 0.35),
            ("c", [ANN, ROME, span(20, 25)], [0.9, 0.8, 0.2], 0.1),
            ("d", [], [], 0.99),
        )
    ]
    ranking = label_issues(NAMES, human, auto)
    assert list(ranking) == list(label_issues(NAMES, human[::-1], auto[::-1])) == ["c", "b", "d"]
    assert [[each.kind for each in doubts] for doubts in ranking.values()] == [
        ["missed", "missed"],
        ["missed"],
        ["spurious"],
    ]

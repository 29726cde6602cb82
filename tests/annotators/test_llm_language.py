"""The language model asked for ratings, preferences and texts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from stages.annotators import crossfit
from stages.annotators.llm.examples import Examples
from stages.tasks import Pairwise, Rating, Task, Text
from tests.annotators.test_llm import Make
from tests.annotators.test_llm import make as make
from tests.chat import Reply, label, said, serving

TEN = Rating("stars", "text", tuple(map(str, range(1, 11))))
BETTER = Pairwise("better", "a", sides=("one", "two"))
SUMMARY = Text("summary", "text")
RECORDS = pd.DataFrame({"id": [f"r{n:02d}" for n in range(12)], "text": [f"Thing {n}" for n in range(12)]})


@pytest.mark.parametrize(
    ("task", "reply", "value", "confidence"),
    [
        (TEN, label({"3": 0.1, "10": 0.7, "2": 0.2}), 10, 0.7),
        (BETTER, label({"right": 0.9, "left": 0.1}), "right", 0.9),
        (SUMMARY, said('{"value": "A thing. 👍"}'), "A thing. 👍", 3.5 / 4),
    ],
    ids=["rating", "pairwise", "text"],
)
def test_an_answer_becomes_a_value_with_its_probability(
    make: Make, task: Task, reply: Reply, value: Any, confidence: float
) -> None:
    with serving(lambda *_: reply) as server:
        fitted = crossfit(make(server), RECORDS, {}, task, 1)
    assert {each and each.value for each in fitted.proposals} == {value}
    assert [each and each.confidence for each in fitted.proposals] == pytest.approx([confidence] * 12, abs=1e-2)


def test_examples_of_ratings_are_answers_as_the_schema_has_them(make: Make) -> None:
    with serving(lambda *_: label({"7": 1.0})) as server:
        crossfit(make(server, examples=Examples(count=4)), RECORDS, dict.fromkeys(RECORDS["id"], 7), TEN, 1)
    answered = {each["content"] for each in server.asked[0]["messages"] if each["role"] == "assistant"}
    assert answered == {'{"value": "7"}'}

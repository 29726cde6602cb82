"""The language model asked for ratings, preferences and texts: the form of an answer is the task's own."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from stages.annotators import crossfit
from stages.annotators.llm.examples import Examples
from stages.tasks import Askable, Pairwise, Quoting, Rating, Task, Text
from tests.annotators.test_llm import Make
from tests.annotators.test_llm import make as make
from tests.chat import said, serving, users

STARS = Rating("stars", "text", ("1", "2", "3", "4", "5"))
BETTER = Pairwise("better", "left")
SUMMARY = Text("summary", "text")
TASKS: dict[str, tuple[Task, list[Any]]] = {
    "rating": (STARS, [1, 4, 5]),
    "pairwise": (BETTER, ["left", "right", "left"]),
    "text": (SUMMARY, ["短い", 'he said "value": 3', "a\nb"]),
}


def records(count: int) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"r{n:02d}" for n in range(count)], "text": [f"number {n}" for n in range(count)]})


@pytest.mark.parametrize(("task", "values"), TASKS.values(), ids=TASKS)
def test_each_task_is_asked_for_in_its_own_form_and_shown_examples_of_it(
    make: Make, task: Task, values: list[Any]
) -> None:
    assert isinstance(task, Askable)
    table = records(15)
    truth = {id: values[n % 3] for n, id in enumerate(table["id"])}

    def form(value: Any) -> Any:
        return task.answer(value, {}) if isinstance(task, Quoting) else value

    def reply(request: Any, _: int) -> Any:
        number = int(json.loads(users(request)[-1])["text"].split()[-1])
        return said(json.dumps({"value": form(values[number % 3])}))

    with serving(reply) as server:
        known = dict(list(truth.items())[:12])
        fitted = crossfit(make(server, examples=Examples(3), samples=2), table, known, task, 1)
    assert [each and each.value for each in fitted.proposals] == list(truth.values())
    request = server.asked[0]
    assert request["response_format"]["json_schema"]["schema"]["properties"]["value"] == task.schema()
    given = [json.loads(each["content"])["value"] for each in request["messages"] if each["role"] == "assistant"]
    assert len(given) == 3
    assert set(given) <= {form(each) for each in values}


def test_a_rating_is_as_sure_as_the_model_was_of_its_number(make: Make) -> None:
    ten = Rating("stars", "text", tuple(map(str, range(1, 11))))
    start, end = ('{"value": "', 1.0, {}), ('"}', 1.0, {})
    replies = {
        4: [start, ("4", 0.6, {"4": 0.6, "5": 0.3, "1": 0.1}), end],
        1: [start, ("1", 0.8, {"1": 0.8, "2": 0.2}), ('"}', 0.75, {'"}': 0.75, "0": 0.25})],
        10: [start, ("1", 0.8, {"1": 0.8, "2": 0.2}), ("0", 0.25, {'"}': 0.75, "0": 0.25}), end],
    }
    expected = {4: {4: 0.6, 5: 0.3}, 1: {1: 0.6, 10: 0.2, 2: 0.2}, 10: {1: 0.6, 10: 0.2, 2: 0.2}}
    for number, tokens in replies.items():
        with serving(lambda *_, said_=tokens: said("".join(text for text, _, _ in said_), said_)) as server:
            found = make(server, model=f"m{number}").fit(records(0), [], ten, 1).predict(records(1))
        assert len(server.asked) == 1
        told = dict(zip(ten.values, found[0], strict=True))
        assert {each: told[each] for each in expected[number]} == pytest.approx(expected[number], abs=1e-3)


@pytest.mark.parametrize(
    ("task", "wrong"), [(STARS, "6"), (STARS, 4), (BETTER, "both"), (SUMMARY, ["a"]), (SUMMARY, "")]
)
def test_a_value_that_is_none_is_asked_for_once_more_and_never_guessed(make: Make, task: Task, wrong: Any) -> None:
    with serving(lambda *_: said(json.dumps({"value": wrong}))) as server:
        annotator = make(server)
        fitted = crossfit(annotator, records(1), {}, task, 1)
    assert fitted.proposals == [None]
    assert (len(server.asked), annotator.usage()["unparsed"]) == (2, 2)

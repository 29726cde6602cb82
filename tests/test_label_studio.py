from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

from stages import InputError
from stages.label_studio import check, task
from stages.tables import dump_line
from stages.tasks import Interface, load

SINGLE = """<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices>
</View>"""
TEXT = {"text": "text"}
MULTIPLE = SINGLE.replace('choice="single"', 'choice="multiple"')


@dataclass(frozen=True)
class Asked:
    queue: str = "active"
    reason: str = "margin 0.02"


def interface(xml: str = SINGLE) -> Interface:
    return Interface(load(xml, "mood.xml"), xml, "Say how it feels.", "0123456789ab")


def record(**fields: Any) -> dict[str, Any]:
    return {"id": "r1", "content": "c1", "text": "what a day", "source": "x", **fields}


def proposal(value: Any, confidence: float = 0.75) -> dict[str, Any]:
    return {"record": "r1", "value": value, "confidence": confidence, "by": "linear@1", "fold": None, "scores": {}}


def made(value: Any = "good", xml: str = SINGLE) -> dict[str, Any]:
    return task(record(), TEXT, Asked(), proposal(value), interface(xml).task)


def test_a_task_carries_the_record_the_queue_the_shown_fields_and_the_prediction() -> None:
    assert made() == {
        "data": {"record": "r1", "content": "c1", "queue": "active", "why": "margin 0.02", "text": "what a day"},
        "predictions": [
            {
                "model_version": "linear@1",
                "score": 0.75,
                "result": [
                    {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["good"]}},
                ],
            }
        ],
    }


def test_a_task_without_a_proposal_has_no_prediction() -> None:
    assert "predictions" not in task(record(), TEXT, Asked(), None, interface().task)


def test_fields_that_are_not_shown_stay_out() -> None:
    found = task(record(secret="x", subject="s"), {"subject": "text", "text": "text"}, Asked(), None, interface().task)
    assert list(found["data"]) == ["record", "content", "queue", "why", "subject", "text"]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT])
def test_a_missing_field_is_null(missing: Any) -> None:
    found = task(record(text=missing), TEXT, Asked(), None, interface().task)
    assert found["data"]["text"] is None
    assert dump_line(found)


def test_a_picture_is_shown_by_the_address_at_which_the_server_serves_it() -> None:
    row = record(image="data/clean/records/_media/r1.png", more=None)
    found = task(row, {"image": "image", "more": "image"}, Asked(), None, interface().task)
    assert found["data"]["image"] == "/data/local-files/?d=clean/records/_media/r1.png"
    assert found["data"]["more"] is None


def test_a_row_of_a_table_becomes_a_task_that_can_be_written() -> None:
    table = pd.DataFrame({"id": ["r1"], "content": ["c1"], "text": ["hm"], "size": [2.5]}).set_index("id", drop=False)
    row: Any = table.loc["r1"]
    found = task(row, {"text": "text", "size": "number"}, Asked(), proposal("bad"), interface().task)
    assert '"size": 2.5' in dump_line(found)


def test_json_reaches_a_task_parsed_for_what_draws_it() -> None:
    record = {"id": "r1", "content": "c1", "series": '{"time": [0, 60000], "v": [1.5, null]}', "none": None}
    found = task(record, {"series": "json", "none": "json"}, Asked(), None, interface().task)
    assert found["data"]["series"] == {"time": [0, 60000], "v": [1.5, None]}
    assert found["data"]["none"] is None


@pytest.mark.parametrize(
    ("xml", "value"), [(SINGLE, "good"), (MULTIPLE, ["bad"]), (MULTIPLE, ["bad", "good"]), (MULTIPLE, [])]
)
def test_tasks_and_predictions_are_what_the_sdk_takes(xml: str, value: Any) -> None:
    found = made(value, xml)
    check([found, found], interface(xml))
    sdk: Any = LabelInterface(xml)
    assert sdk.validate_task({"data": found["data"]})
    assert sdk.validate_prediction(found["predictions"][0])
    assert interface(xml).task.parse(found["predictions"][0]["result"]) == value


def result(**changes: Any) -> dict[str, Any]:
    return {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["good"]}, **changes}


@pytest.mark.parametrize(
    "prediction",
    [
        {"result": [result(value={"choices": ["great"]})]},
        {"result": [result(from_name="feeling")]},
        {"result": [result(to_name="picture")]},
        {"result": [result(type="labels")]},
        {"result": [result(value={"choices": ["good", "bad"]})]},
        {"result": [result(), result(value={"choices": ["bad"]})]},
        {"result": [result(), result()]},
        {"result": [result(value={"choices": []})]},
        {"result": [result(value={"labels": ["good"]})]},
        {"result": [result(value={})]},
        {"result": result()},
        {"score": 7},
        {"score": -0.1},
        {"score": "high"},
    ],
    ids=str,
)
def test_a_wrong_prediction_is_refused_and_its_record_named(prediction: dict[str, Any]) -> None:
    wrong = copy.deepcopy(made())
    wrong["predictions"][0].update(prediction)
    with pytest.raises(ValueError, match=r"^record r1: ") as refused:
        check([made(), wrong], interface())
    assert not isinstance(refused.value, InputError)


def test_labels_in_another_order_than_ours_are_refused() -> None:
    wrong = made(["bad", "good"], MULTIPLE)
    wrong["predictions"][0]["result"][0]["value"]["choices"].reverse()
    with pytest.raises(ValueError, match=r"record r1: .*read back"):
        check([wrong], interface(MULTIPLE))


def test_an_empty_queue_is_fine() -> None:
    check([], interface())

"""What people can do about a gate that is not passed."""

from __future__ import annotations

from typing import Any

import pytest

from stages.quality.advice import advice
from stages.quality.gates import judge
from stages.quality.settings import Gate
from stages.report import wording

LARGER = {"1200": 0.9, "600": 0.7}  # coverage by the size of the audit


def measured(value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, **more}


def statement(accuracy: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "annotator": {"audit": {"n": 300, "accuracy": accuracy}, "cross_validated": {"n": 500, "accuracy": accuracy}},
        "guarantee": {
            "audit": 1,
            "coverage": 0.5,
            "sample": 300,
            "forecast": {"600": {"coverage": 0.7}, "1200": {"coverage": 0.9}},
        },
        "agreement": {"alpha": measured(0.4, 0.3, 0.5)},
        "forecast": {"good": {"labels": {"value": 120, "low": 40, "high": 900}}},
        **more,
    }


def advised(gate: Gate, stated: dict[str, Any]) -> dict[str, Any]:
    return advice(judge({"good": gate}, stated), stated)


def test_a_gate_that_is_passed_needs_no_advice() -> None:
    assert advised(Gate("annotator.audit.accuracy", at_least=0.7), statement(measured(0.8, 0.75, 0.85))) == {}


@pytest.mark.parametrize(("estimate", "queue", "n"), [("audit", "audit", 300), ("cross_validated", "random", 500)])
def test_a_value_that_clears_its_bound_needs_a_larger_sample_of_its_own_queue(
    estimate: str, queue: str, n: int
) -> None:
    found = advised(Gate(f"annotator.{estimate}.accuracy", at_least=0.75), statement(measured(0.8, 0.7, 0.9)))["good"]
    assert found["queue"] == queue
    assert found["labels"]["value"] == 3 * n  # the interval has to be half as wide: four times the sample


def test_a_value_below_its_bound_needs_labels_to_learn_from_by_the_curve_with_its_interval() -> None:
    found = advised(Gate("annotator.audit.accuracy", at_least=0.95), statement(measured(0.8, 0.7, 0.9)))["good"]
    assert (found["queue"], found["labels"]) == ("active", {"value": 120, "low": 40, "high": 900})
    assert wording.advice(found) == (
        "about 120 labels more (40 to 900) from the active queue: the annotator has to become better"
    )


def test_without_a_curve_the_reason_stands_in_place_of_a_number() -> None:
    stated = statement(measured(0.8, 0.7, 0.9), forecast={"reason": "the annotator has no curve"})
    found = advised(Gate("annotator.audit.accuracy", at_least=0.95), stated)["good"]
    assert found["labels"] == measured(None, reason="the annotator has no curve")
    assert wording.advice(found).endswith("the annotator has to become better; the annotator has no curve")


def test_where_the_curve_never_gets_there_another_annotator_would_help_more() -> None:
    stated = statement(measured(0.8, 0.7, 0.9), forecast={"good": {"labels": measured(None, reason="not reached")}})
    found = advised(Gate("annotator.audit.accuracy", at_least=0.95), stated)["good"]
    assert found["queue"] is None
    assert wording.advice(found).startswith("another annotator (conf/annotator/) would help more")
    stated["forecast"]["good"]["labels"]["low"] = 400
    found = advised(Gate("annotator.audit.accuracy", at_least=0.95), stated)["good"]
    assert wording.advice(found).startswith("400 labels or more from the active queue: ")


def test_what_is_not_known_yet_asks_for_its_own_queue() -> None:
    stated = statement(measured(None, reason="the audit is not answered yet"))
    found = advised(Gate("annotator.audit.accuracy", at_least=0.7), stated)["good"]
    assert (found["queue"], found["labels"]["value"]) == ("audit", None)
    assert wording.advice(found) == "answer the audit queue; the audit is not answered yet"


def test_before_there_is_an_audit_it_has_to_be_opened() -> None:
    unknown = measured(None, reason="no audit is open: name its number and size in conf/review/")
    stated = statement(unknown)
    stated["guarantee"] |= {"audit": None, "coverage": None, "reason": unknown["reason"]}
    for gate in (Gate("annotator.audit.accuracy", at_least=0.7), Gate("guarantee.coverage", at_least=0.5)):
        assert wording.advice(advised(gate, stated)["good"]) == unknown["reason"]


def test_before_there_is_an_annotator_labels_come_first() -> None:
    unknown = measured(None, reason="no audit is open: name its number and size in conf/review/")
    stated = statement(unknown)
    stated["guarantee"] |= {"audit": None, "coverage": None, "reason": unknown["reason"]}
    stated["annotator"]["cross_validated"] = {"n": 0, "reason": "10 labels are needed, there are 4"}
    for gate in (Gate("annotator.audit.accuracy", at_least=0.7), Gate("guarantee.coverage", at_least=0.5)):
        told = wording.advice(advised(gate, stated)["good"])
        assert told == "answer the random queue; 10 labels are needed, there are 4"


def test_where_nobody_labelled_a_record_twice_two_have_to() -> None:
    stated = statement(
        measured(0.8), agreement={"alpha": measured(None, reason="no record has labels from two people")}
    )
    found = advised(Gate("agreement.alpha", at_least=0.8), stated)["good"]
    assert wording.advice(found).startswith("let two people or more label each record (overlap in conf/review/)")


def test_coverage_is_reached_by_the_smallest_audit_that_does_or_by_a_better_annotator() -> None:
    stated = statement(measured(0.8, 0.7, 0.9))
    found = advised(Gate("guarantee.coverage", at_least=0.6), stated)["good"]
    assert (found["queue"], found["labels"]["value"]) == ("audit", 300)
    found = advised(Gate("guarantee.coverage", at_least=0.95), stated)["good"]
    assert (found["queue"], found["labels"]["value"]) == ("active", None)


def test_where_people_have_labelled_everything_no_queue_helps_coverage() -> None:
    stated = statement(measured(0.8, 0.7, 0.9))
    reason = "people have labelled every record"
    stated["guarantee"] |= {
        "coverage": None,
        "reason": reason,
        "forecast": {"600": {"coverage": None, "reason": reason}},
    }
    found = advised(Gate("guarantee.coverage", at_least=0.5), stated)["good"]
    assert wording.advice(found).startswith(f"{reason}, so none is left to judge it by")
    stated["guarantee"] |= {"coverage": 0.4, "reason": None}
    assert advised(Gate("guarantee.coverage", at_least=0.5), stated)["good"]["queue"] == "active"


def test_no_queue_makes_people_agree() -> None:
    found = advised(Gate("agreement.alpha", at_least=0.8), statement(measured(0.8, 0.7, 0.9)))["good"]
    assert found["queue"] is None
    assert "a clearer guideline" in wording.advice(found)

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from stages.quality import people
from stages.quality.intervals import wilson
from stages.tasks import Choice

TASK = Choice("c", "t", ("no", "yes"))


@dataclass(frozen=True)
class Said:
    record: str
    annotator: str
    value: Any
    shown: dict[str, Any] | None = None
    seconds: float | None = None
    round: int = 1


def judged(answers, gold=None, proposals=None):
    return people(answers, TASK, gold or {}, proposals or {}, 1)


def test_a_person_is_held_against_what_most_of_the_others_said():
    answers = [Said("1", name, value) for name, value in zip("abc", ["yes", "no", "no"], strict=True)]
    answers += [Said("2", name, "yes") for name in "abc"]
    found = judged(answers)["people"]
    assert (found["a"]["others"]["n"], found["a"]["others"]["value"]) == (2, 0.5)
    assert (found["b"]["others"]["n"], found["b"]["others"]["value"]) == (1, 1)  # the others are divided on 1
    assert found["a"]["others"]["low"] < 0.5 < found["a"]["others"]["high"]


def test_a_person_alone_has_no_figure_but_a_reason():
    found = judged([Said("1", "a", "yes")])["people"]["a"]
    for name in ("others", "gold", "unchanged", "independent"):
        assert (found[name]["value"], found[name]["n"]) == (None, 0)
        assert found[name]["reason"]
    assert found["seconds"] is None
    assert judged([]) == {"seconds": None, "people": {}, "pairs": []}


def test_gold_records_and_seconds():
    answers = [Said(f"{i}", "a", "yes", seconds=float(i)) for i in range(5)]
    found = judged(answers, gold={"0": "yes", "1": "no", "9": "no"})["people"]["a"]
    assert (found["gold"]["n"], found["gold"]["value"]) == (2, 0.5)
    assert (found["answers"], found["seconds"]) == (5, 2)


def test_who_follows_what_is_shown_is_told_from_who_would_have_said_so_anyway():
    shown = [Said(f"{i}", "a", "yes", {"value": "yes"}) for i in range(9)] + [Said("9", "a", "no", {"value": "yes"})]
    unseen = [Said(f"u{i}", "a", "yes" if i < 5 else "no") for i in range(10)]
    found = judged(shown + unseen, proposals={each.record: "yes" for each in shown + unseen})["people"]["a"]
    assert (found["unchanged"]["n"], found["unchanged"]["value"]) == (10, 0.9)
    assert (found["independent"]["n"], found["independent"]["value"]) == (10, 0.5)


def test_drift_shows_by_round_and_confusion_says_what_for_what():
    answers = [Said(f"{i}", name, "yes", round=1 + i // 10) for i in range(20) for name in "ab"]
    answers += [Said(f"{i}", "c", "yes" if i < 15 else "no", round=1 + i // 10) for i in range(20)]
    found = judged(answers)["people"]["c"]
    assert {number: each["value"] for number, each in found["by_round"].items()} == {"1": 1.0, "2": 0.5}
    assert found["confusion"] == [{"others": "yes", "said": "no", "count": 5}]


def test_kappa_is_scikit_learns_for_those_with_enough_in_common():
    random = np.random.default_rng(2)
    one, other = random.choice(["no", "yes"], (2, 60), p=[0.3, 0.7])
    other = np.where(random.random(60) < 0.6, one, other)
    answers = [Said(f"{i}", name, str(said[i])) for name, said in (("a", one), ("b", other)) for i in range(60)]
    answers += [Said(f"{i}", "c", "yes") for i in range(19)]
    (pair,) = judged(answers)["pairs"]
    assert (pair["people"], pair["n"]) == (["a", "b"], 60)
    assert pair["kappa"]["value"] == pytest.approx(cohen_kappa_score(one, other))
    assert pair["kappa"]["low"] < pair["kappa"]["value"] < pair["kappa"]["high"]


def test_kappa_of_people_who_always_agree_may_be_less_than_one():
    (pair,) = judged([Said(f"{i}", name, "yes" if i % 2 else "no") for name in "ab" for i in range(30)])["pairs"]
    assert pair["kappa"] == wilson(30, 30)
    assert pair["kappa"]["low"] < 0.9


def test_kappa_of_people_who_only_ever_gave_one_label_is_not_known():
    (pair,) = judged([Said(f"{i}", name, "yes") for name in "ab" for i in range(30)])["pairs"]
    assert pair["kappa"]["value"] is None
    assert pair["kappa"]["reason"] == "both always gave one and the same label"


def test_the_order_of_answers_does_not_matter():
    random = np.random.default_rng(2)
    answers = [Said(f"{i}", name, str(random.choice(["no", "yes"]))) for name in "abc" for i in range(30)]
    assert judged(answers) == judged(answers[::-1])

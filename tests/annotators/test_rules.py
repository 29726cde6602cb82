"""Labelling functions, and what is made of their votes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError, annotators
from stages.annotators import Call, Compare, Keywords, Length, Pattern, Rules, crossfit
from stages.annotators.label_model import ABSTAIN, accuracies, majority, posterior
from stages.configuration import instantiate
from stages.tasks import Choice

MOOD = Choice("mood", "text", ("good", "neutral", "bad"))
TABLE = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "text": ["I LOVE it :)", "gloves are awful", "no thank you", None, "awful :)"],
        "stars": [5.0, 1.0, np.nan, 2.0, 1.0],
    }
)
FUNCTIONS: dict[str, Any] = {
    "praise": Keywords("text", ["love", "thank you"], "good"),
    "blame": Keywords("text", ["awful"], "bad"),
    "smile": Pattern("text", r":\)", "good"),
    "off": None,
}


def shouting(record: dict[str, Any]) -> str | None:
    return "bad" if record["text"] is not None and record["text"].isupper() else None


def wrong(record: dict[str, Any]) -> str:
    return "ugly"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Keywords("text", ["love", "thank you"], "good"), ["good", None, "good", None, None]),
        (Pattern("text", r":\)$", "good"), ["good", None, None, None, "good"]),
        (Length("text", "bad", minimum=9, maximum=12), ["bad", None, "bad", None, None]),
        (Length("text", "bad", maximum=8), [None, None, None, None, "bad"]),
        (Compare("stars", "<=", 2, "bad"), [None, "bad", None, "bad", "bad"]),
        (Compare("text", "=", "awful :)", "bad"), [None, None, None, None, "bad"]),
        (Call(f"{__name__}.shouting"), [None] * 5),
    ],
)
def test_a_function_votes_or_abstains_and_always_abstains_on_what_is_missing(function, expected):
    assert function.vote(TABLE) == expected


def test_a_function_of_the_user_s_gets_the_whole_record():
    shouted = TABLE.assign(text=TABLE["text"].str.upper())
    assert Call(f"{__name__}.shouting").vote(shouted) == ["bad", "bad", "bad", None, "bad"]


def test_rules_propose_without_any_label_and_nothing_where_all_abstain():
    for combine in ("majority", "label_model"):
        fitted = crossfit(Rules(FUNCTIONS, combine), TABLE, {}, MOOD, 1)
        found = {line["record"]: line for line in annotators.lines(fitted, TABLE["id"])}
        assert {id: line["value"] for id, line in found.items() if id != "e"} == {"a": "good", "b": "bad", "c": "good"}
        assert all(line["fold"] is None and 1 / 3 < line["confidence"] < 1 for line in found.values())
        assert fitted.calibration == {}


def votes_of(count: int, right: list[float], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Votes of functions that are right as often as given, each on half of the records, and the truth."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, count)
    columns = []
    for share in right:
        other = (truth + draw.integers(1, 3, count)) % 3
        column = np.where(draw.random(count) < share, truth, other)
        columns.append(np.where(draw.random(count) < 0.5, column, ABSTAIN))
    return np.array(columns).T, truth


def test_the_label_model_ranks_functions_without_a_label_and_beats_the_majority():
    votes, truth = votes_of(4000, [0.9, 0.45, 0.5, 0.85, 0.4])
    found, shares = accuracies(votes, np.full(len(votes), ABSTAIN), 3)
    assert set(np.argsort(-found)[:2]) == {0, 3}
    assert shares.tolist() == [1 / 3] * 3
    by_model = posterior(votes, found, shares).argmax(axis=1)
    by_count = majority(votes, 3).argmax(axis=1)
    assert (by_model == truth).mean() > (by_count == truth).mean() + 0.02


def test_labels_of_people_correct_what_agreement_suggests():
    votes, truth = votes_of(3000, [0.9, 0.4, 0.8])
    votes = np.column_stack([votes, votes[:, 1], votes[:, 1]])  # three that agree since they are the same
    known = np.where(np.arange(len(truth)) < 1000, truth, ABSTAIN)
    found, _ = accuracies(votes, known, 3)
    np.testing.assert_allclose(found, [0.9, 0.4, 0.8, 0.4, 0.4], atol=0.05)


@given(st.integers(0, 9), st.data())
def test_neither_order_of_records_nor_repetition_in_memory_changes_an_accuracy(seed, data):
    votes, truth = votes_of(40, [0.9, 0.6, 0.7], seed)
    known = np.where(np.arange(40) < 10, truth, ABSTAIN)
    order = data.draw(st.permutations(range(40)))
    one, other = accuracies(votes, known, 3), accuracies(votes[order], known[order], 3)
    assert one[0].tolist() == other[0].tolist()
    assert one[1].tolist() == other[1].tolist()


def test_more_votes_that_agree_are_surer():
    one, three = majority(np.array([[0, ABSTAIN, ABSTAIN], [0, 0, 0]]), 3)[:, 0]
    assert 1 / 3 < one < three < 1


def test_the_report_says_of_each_function_how_far_it_reaches_and_how_right_it_is():
    labels = {"a": "good", "b": "neutral", "e": "bad"}
    details = crossfit(Rules(FUNCTIONS), TABLE, labels, MOOD, 1).details
    assert details["coverage"] == 0.8
    assert list(details["functions"]) == ["praise", "blame", "smile"]
    blame = details["functions"]["blame"]
    assert (blame["coverage"], blame["overlap"], blame["conflict"]) == (0.4, 0.2, 0.2)
    assert (blame["accuracy"], blame["judged"], blame["reason"]) == (0.5, 2, None)
    nothing = crossfit(Rules({"long": Length("text", "bad", minimum=99)}), TABLE, labels, MOOD, 1).details
    assert nothing["functions"]["long"]["accuracy"] is None
    assert "no record that people have labelled" in nothing["functions"]["long"]["reason"]


def test_no_held_out_label_reaches_the_model_that_proposes_for_it():
    votes, truth = votes_of(60, [0.9, 0.6, 0.7])
    names = np.array([*MOOD.labels, ""])
    table = pd.DataFrame({"id": [f"r{n:02d}" for n in range(60)], **{f"f{j}": names[votes[:, j]] for j in range(3)}})
    rules = Rules({f"{j}{label}": Compare(f"f{j}", "=", label, label) for j in range(3) for label in MOOD.labels})
    known = {f"r{n:02d}": MOOD.labels[truth[n]] for n in range(30)}
    fitted = crossfit(rules, table, known, MOOD, 1)
    held = [id for id, fold in fitted.folds.items() if fold == 0]
    changed = known | dict.fromkeys(held, "bad")
    surveyed = rules.survey(table, MOOD)

    def model(labels: dict[str, str]) -> list[float]:
        inside = table[table["id"].isin([id for id in labels if id not in held])]
        return surveyed.fit(inside, [labels[id] for id in inside["id"]], MOOD, 1).accuracies.tolist()

    assert model(known) == model(changed)


def test_a_model_that_was_saved_proposes_the_same(tmp_path):
    rules = Rules(FUNCTIONS)
    model = rules.survey(TABLE, MOOD).fit(TABLE[:2], ["good", "bad"], MOOD, 1)
    model.save(tmp_path)
    np.testing.assert_allclose(rules.load(tmp_path, MOOD).predict(TABLE), model.predict(TABLE), atol=1e-5)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            Keywords("title", ["x"], "good"),
            "functions.f: field: there is no 'title'; the records have id, text",
        ),
        (Keywords("text", ["love"], "ugly"), "annotator.functions.f: votes 'ugly'; the labels are good, neutral, bad"),
        (Call(f"{__name__}.wrong"), "annotator.functions.f: votes 'ugly'"),
        (Compare("stars", "<", "two", "bad"), "value: 'two' is of type str, the field 'stars' is not"),
    ],
)
def test_a_function_that_does_not_fit_the_records_is_named(function, said):
    with pytest.raises(InputError, match=said):
        crossfit(Rules({"f": function}), TABLE, {}, MOOD, 1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"_target_": "stages.annotators.Pattern", "pattern": "(", "field": "t", "label": "x"},
            "no regular exp",
        ),
        ({"_target_": "stages.annotators.Keywords", "words": [" "], "field": "t", "label": "x"}, "one or more are exp"),
        ({"_target_": "stages.annotators.Call", "function": "nowhere.f"}, "package.function is expected, found 'nowhe"),
        ({"_target_": "stages.annotators.Length", "label": "x"}, "annotator.functions.f: 'field' is missing"),
        ("text", "annotator.functions.f: a mapping with _target_, or null, is expected"),
    ],
)
def test_wrong_settings_of_a_function_fail_before_any_work(settings, said):
    with pytest.raises(InputError, match=said):
        instantiate({"_target_": "stages.annotators.Rules", "functions": {"f": settings}}, "annotator")


def test_a_choice_of_several_labels_is_refused():
    with pytest.raises(InputError, match="rules vote for one label, and the labelling interface allows several"):
        crossfit(Rules(FUNCTIONS), TABLE, {}, Choice("mood", "text", MOOD.labels, multiple=True), 1)

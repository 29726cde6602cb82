from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages import InputError, annotators
from stages.annotators import Crossfit, Linear, NotEnough, crossfit
from stages.annotators.calibration import calibrated, sharpen, temperature
from stages.annotators.crossfit import FOLDS, stratified_folds
from stages.tasks import Choice, Task

few = settings(max_examples=25, deadline=None)

MOOD = Choice("mood", "text", ("good", "neutral", "bad"))
TOPICS = Choice("topic", "text", ("billing", "delivery", "product"), multiple=True)
LINEAR = Linear(("text",))
WORDS = {
    "good": ["lovely", "great", "sunny", "happy"],
    "neutral": ["table", "train", "street", "paper"],
    "bad": ["awful", "broken", "rainy", "angry"],
}


def truth(number: int) -> str:
    return ("good", "neutral", "bad")[number % 3]


def records(count: int = 60) -> pd.DataFrame:
    """Texts of three words, two of which tell the mood."""
    texts = [
        f"{WORDS[truth(n)][n % 4]} {WORDS[truth(n)][(n // 3) % 4]} {WORDS[truth(n + (n % 5 == 0))][n % 3]}"
        for n in range(count)
    ]
    return pd.DataFrame({"id": [f"r{n:03d}" for n in range(count)], "text": texts, "source": "x"})


def labels(count: int = 30, step: int = 2) -> dict[str, Any]:
    return {f"r{n:03d}": truth(n) for n in range(0, count * step, step)}


def lines(fitted: Crossfit, table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {line["record"]: line for line in annotators.lines(fitted, table["id"])}


@dataclass(frozen=True)
class Memory:
    """Knows by heart what it learned, and nothing else; so a proposal shows whether its label was learned."""

    name: str = "memory"

    def fit(self, records: pd.DataFrame, values: Sequence[Any], task: Task, seed: int) -> Memorised:
        return Memorised(dict(zip(records["id"], task.codes(values).tolist(), strict=True)), task)

    def load(self, folder: Path, task: Task) -> Memorised:
        raise NotImplementedError


@dataclass(frozen=True)
class Memorised:
    known: dict[str, list[int]]
    task: Task

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        unsure = [1 / len(self.task.labels)] * len(self.task.labels)
        return np.array([self.known.get(id, unsure) for id in records["id"]], dtype=float)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@pytest.mark.slow
@few
@given(values=st.lists(st.sampled_from(MOOD.labels), min_size=10, max_size=40), seed=st.integers(0, 9))
def test_no_proposal_comes_from_a_model_that_learned_that_record_s_label(values: list[str], seed: int) -> None:
    table = records(45)
    known = dict(zip(table["id"], values, strict=False))
    fitted = crossfit(Memory(), table, known, MOOD, seed)
    assert fitted.model is not None
    assert fitted.model.predict(table)[: len(known)].max(axis=1).tolist() == [1.0] * len(known)
    assert len({each.confidence for each in fitted.proposals if each}) == 1  # those that were learned are no surer


def test_a_proposal_for_a_learned_record_can_be_had_from_the_labels_outside_its_fold_alone() -> None:
    table, known = records(), labels()
    fitted = crossfit(LINEAR, table, known, MOOD, seed=1)
    method, parameters = fitted.calibration["method"], fitted.calibration["parameters"]
    for id, line in list(lines(fitted, table).items())[:4]:
        outside = {
            each: value for each, value in known.items() if line["fold"] is None or fitted.folds[each] != line["fold"]
        }
        assert (id in outside) == (id in known and line["fold"] is None)
        learned = table[table["id"].isin(outside)]
        model = LINEAR.fit(learned, [outside[each] for each in learned["id"]], MOOD, 1)
        expected = calibrated(model.predict(table[table["id"] == id]), method, parameters, multiple=False)
        assert list(line["scores"].values()) == expected.round(6)[0].tolist()


def test_every_record_has_a_proposal_and_learned_ones_name_their_fold() -> None:
    table, known = records(), labels()
    found = lines(crossfit(LINEAR, table, known, MOOD, seed=1), table)
    assert list(found) == list(table["id"])
    assert {id for id, line in found.items() if line["fold"] is not None} == set(known)
    for line in found.values():
        assert list(line) == ["record", "value", "confidence", "by", "fold", "scores"]
        assert list(line["scores"]) == list(MOOD.labels)
        assert line["scores"][line["value"]] == line["confidence"] == max(line["scores"].values())
        assert sum(line["scores"].values()) == pytest.approx(1, abs=1e-5)


def test_the_default_annotator_learns() -> None:
    table = records()
    found = lines(crossfit(LINEAR, table, labels(), MOOD, seed=1), table)
    right = sum(line["value"] == truth(int(id[1:])) for id, line in found.items())
    assert right >= 48  # 20 by chance


def test_a_penalty_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"annotator\.c: above 0 is expected, found 0"):
        crossfit(Linear(("text",), c=0), records(), labels(), MOOD, seed=1)


@few
@given(values=st.lists(st.sampled_from(MOOD.labels), max_size=60), seed=st.integers(0, 9), data=st.data())
def test_folds_are_stratified_and_do_not_depend_on_the_order_of_labels(
    values: list[str], seed: int, data: st.DataObject
) -> None:
    known = {f"r{n:03d}": value for n, value in enumerate(values)}
    folds = stratified_folds(known, seed)
    for group in [list(known), *([id for id in known if known[id] == value] for value in MOOD.labels)]:
        sizes = [sum(folds[id] == fold for id in group) for fold in range(FOLDS)]
        assert max(sizes) - min(sizes) <= 1
    shuffled = {id: known[id] for id in data.draw(st.permutations(list(known)))}
    assert stratified_folds(shuffled, seed) == folds


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({}, "10 labels are needed to learn from and to check on, there are 0"),
        (labels(9), "10 labels are needed to learn from and to check on, there are 9"),
        (dict.fromkeys(labels(), "good"), "labels of at least two kinds are needed, each on two records or more"),
        (dict.fromkeys(labels(), "good") | {"r001": "bad"}, "labels of at least two kinds are needed, each on two"),
    ],
    ids=["none", "too few", "one kind", "one of the other kind"],
)
def test_too_few_labels_give_a_reason_and_no_proposals(known: dict[str, str], reason: str) -> None:
    table = records()
    fitted = crossfit(LINEAR, table, known, MOOD, seed=1)
    assert lines(fitted, table) == {}
    said = annotators.report(fitted, known, MOOD)
    assert said["reason"].startswith(reason)
    assert (fitted.model, said["proposals"], said["calibration"]) == (None, 0, {})
    assert said["learned"]["records"] == len(known)
    assert sum(said["learned"]["labels"].values()) == len(known)


@dataclass(frozen=True)
class Knowing:
    """Needs no label, and says nothing of every third record."""

    name: str = "knowing"

    def fit(self, records: pd.DataFrame, values: Sequence[Any], task: Task, seed: int) -> Knowing:
        return self

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        rows = [[np.nan] * 3 if int(id[1:]) % 3 == 0 else [0.7, 0.2, 0.1] for id in records["id"]]
        return np.array(rows)


@pytest.mark.parametrize("count", [0, 9, 12])
def test_an_annotator_that_needs_no_label_proposes_whatever_the_labels_and_only_where_it_says_something(
    count: int,
) -> None:
    table, known = records(30), labels(count)
    fitted = crossfit(Knowing(), table, known, MOOD, seed=1)
    assert list(lines(fitted, table)) == [id for id in table["id"] if int(id[1:]) % 3]
    assert annotators.report(fitted, known, MOOD)["proposals"] == 20
    assert set(fitted.calibration) == ({"method", "parameters", "likelihood"} if count >= 10 else set())
    assert set(fitted.folds) == (set(known) if count >= 10 else set())


def test_two_of_another_kind_are_enough() -> None:
    known = dict.fromkeys(labels(), "good") | {"r001": "bad", "r003": "bad"}
    assert crossfit(LINEAR, records(), known, MOOD, seed=1).reason is None


def test_records_without_text_give_a_reason() -> None:
    table = records().assign(text=" ")
    assert crossfit(LINEAR, table, labels(), MOOD, seed=1).reason == "the labelled records have no text to learn from"


def test_a_record_without_text_among_others_has_a_proposal() -> None:
    table = records()
    table.loc[[0, 1], "text"] = [None, "\n"]
    assert len(lines(crossfit(LINEAR, table, labels(), MOOD, seed=1), table)) == len(table)


def test_several_fields_and_numbers_can_be_read() -> None:
    table = records().assign(size=[1.5, float("nan")] * 30)
    fitted = crossfit(Linear(("text", "size")), table, labels(), MOOD, seed=1)
    assert len(fitted.proposals) == len(table)


def test_labels_of_records_that_are_gone_are_not_learned() -> None:
    table = records()
    gone = crossfit(LINEAR, table, labels() | {"gone": "bad"}, MOOD, seed=1)
    assert gone.name == crossfit(LINEAR, table, labels(), MOOD, seed=1).name
    assert "gone" not in gone.folds


def test_no_records_have_no_proposals() -> None:
    fitted = crossfit(LINEAR, records().iloc[:0], {}, MOOD, seed=1)
    assert fitted.proposals == []
    assert fitted.reason is not None


def test_a_label_that_was_never_given_has_probability_zero() -> None:
    table = records()
    known = {id: "bad" if value == "neutral" else value for id, value in labels().items()}
    fitted = crossfit(LINEAR, table, known, MOOD, seed=1)
    assert all(line["scores"]["neutral"] == 0 for line in lines(fitted, table).values())
    assert all(sum(line["scores"].values()) == pytest.approx(1, abs=1e-5) for line in lines(fitted, table).values())
    assert annotators.report(fitted, known, MOOD)["learned"]["labels"] == {"good": 10, "neutral": 0, "bad": 20}


@pytest.mark.parametrize("replaced", [{}, {"neutral": "bad"}, {"good": "bad"}])
def test_a_model_expects_each_label_as_often_as_it_was_given(replaced: dict[str, str]) -> None:
    table = records()
    moods = [truth(n * n % 7) for n in range(len(table))]  # unlike the texts, and unbalanced
    values = [replaced.get(mood, mood) for mood in moods]
    expected = LINEAR.fit(table, values, MOOD, 1).predict(table).mean(axis=0)
    np.testing.assert_allclose(expected, MOOD.codes(values).mean(axis=0), atol=1e-3)
    assert all(expected[MOOD.labels.index(each)] == 0 for each in replaced)


def several(count: int = 40) -> dict[str, list[str]]:
    topics = {"good": ["billing"], "neutral": ["billing", "delivery"], "bad": []}
    return {f"r{n:03d}": topics[truth(n)] for n in range(count)}


def test_several_labels_may_be_proposed_or_none() -> None:
    table, known = records(), several()
    fitted = crossfit(LINEAR, table, known, TOPICS, seed=1)
    found = lines(fitted, table)
    assert {tuple(line["value"]) for line in found.values()} == {("billing",), ("billing", "delivery"), ()}
    for line in found.values():
        assert line["value"] == sorted(label for label, score in line["scores"].items() if score > 0.5)
        assert 0 < line["confidence"] <= 1
    assert max(line["scores"]["product"] for line in found.values()) < 0.5
    said = annotators.report(fitted, known, TOPICS)
    assert said["learned"]["labels"] == {"billing": 27, "delivery": 13, "product": 0}


def test_no_label_of_several_is_learned_from_the_record_itself() -> None:
    fitted = crossfit(Memory(), records(), several(), TOPICS, seed=1)
    scores = np.array([list(line["scores"].values()) for line in lines(fitted, records()).values()])
    assert scores.min(axis=1) == pytest.approx(scores.max(axis=1))


def stored(fitted: Crossfit, table: pd.DataFrame, folder: Path) -> tuple[list[str], dict[str, bytes]]:
    assert fitted.model is not None
    folder.mkdir()
    fitted.model.save(folder)
    written = sorted(json.dumps(line) for line in lines(fitted, table).values())
    return written, {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_proposals_and_model_are_the_same_twice_and_in_any_order_of_rows_and_labels(tmp_path: Path) -> None:
    table, known = records(), labels()
    first = stored(crossfit(LINEAR, table, known, MOOD, seed=1), table, tmp_path / "first")
    assert stored(crossfit(LINEAR, table, known, MOOD, seed=1), table, tmp_path / "again") == first
    shuffled = table.sample(frac=1, random_state=5)
    backwards = dict(reversed(known.items()))
    assert stored(crossfit(LINEAR, shuffled, backwards, MOOD, seed=1), shuffled, tmp_path / "shuffled") == first


def test_proposals_do_not_change_when_unlabelled_records_come_or_go() -> None:
    table, known = records(), labels(20)
    more, less = (lines(crossfit(LINEAR, each, known, MOOD, seed=1), each) for each in (table, table.iloc[:45]))
    assert {id: more[id] for id in less} == less


@pytest.mark.parametrize(
    ("task", "known"),
    [
        (MOOD, labels()),
        (MOOD, {id: "bad" if value == "neutral" else value for id, value in labels().items()}),
        (TOPICS, several()),
    ],
    ids=["three labels", "one never given", "multiple"],
)
def test_a_model_that_was_saved_predicts_the_same_to_rounding(
    tmp_path: Path, task: Choice, known: dict[str, Any]
) -> None:
    table = records()
    model = crossfit(LINEAR, table, known, task, seed=1).model
    assert model is not None
    model.save(tmp_path)
    loaded = LINEAR.load(tmp_path, task)
    np.testing.assert_allclose(loaded.predict(table), model.predict(table), atol=1e-5)
    assert loaded.predict(table.iloc[:0]).shape == (0, 3)


def test_the_name_tells_settings_labels_and_seed_apart() -> None:
    table, known = records(), labels()
    names = [
        crossfit(annotator, table, each, MOOD, seed).name
        for annotator, each, seed in [
            (LINEAR, known, 1),
            (Linear(("text",), c=1.0), known, 1),
            (LINEAR, known | {"r000": "bad"}, 1),
            (LINEAR, labels(29), 1),
            (LINEAR, known, 2),
        ]
    ]
    assert len(set(names)) == len(names)
    assert all(name.startswith("linear@") for name in names)


def test_too_few_labels_are_told_by_the_annotator_itself() -> None:
    table = records(3)
    with pytest.raises(NotEnough):
        LINEAR.fit(table, ["good"] * 3, MOOD, 1)


def drawn(share: float, count: int = 1000) -> np.ndarray:
    """The first label is right in this share of cases, the second in the rest."""
    codes = np.zeros((count, 2), dtype=int)
    right = np.arange(count) < share * count
    codes[right, 0] = codes[~right, 1] = 1
    return codes


@pytest.mark.parametrize("multiple", [False, True])
def test_the_temperature_tells_too_sure_from_not_sure_enough(multiple: bool) -> None:
    sure = np.tile([0.99, 0.01], (1000, 1))
    unsure = np.tile([0.6, 0.4], (1000, 1))
    assert temperature(sure, drawn(0.7), multiple) > 1.5
    assert temperature(unsure, drawn(0.95), multiple) < 0.7
    assert temperature(np.tile([0.8, 0.2], (1000, 1)), drawn(0.8), multiple) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("multiple", [False, True])
def test_calibrated_scores_say_how_often_they_are_right(multiple: bool) -> None:
    scores = np.tile([0.99, 0.01], (1000, 1))
    found = sharpen(scores, temperature(scores, drawn(0.7), multiple), multiple)
    np.testing.assert_allclose(found[0], [0.7, 0.3], atol=0.001)


@pytest.mark.parametrize("multiple", [False, True])
def test_the_temperature_stays_within_bounds_where_every_label_is_right_or_wrong(multiple: bool) -> None:
    scores = np.tile([0.9, 0.1], (20, 1))
    assert 0.05 <= temperature(scores, drawn(1, 20), multiple) < 0.1
    assert 10 < temperature(scores, drawn(0, 20), multiple) <= 20


scores = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda row: sum(row) > 1e-6)


@few
@given(rows=st.lists(scores, min_size=1, max_size=5), factor=st.floats(0.05, 20), multiple=st.booleans())
@example(rows=[[1e-30, 0.5, 1.0]], factor=0.05, multiple=True)
@example(rows=[[1e-30, 0.5, 1.0]], factor=0.05, multiple=False)
def test_calibration_keeps_the_order_of_labels(rows: list[list[float]], factor: float, multiple: bool) -> None:
    given_scores = np.array(rows) if multiple else np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sharpen(given_scores, factor, multiple)
    assert ((found >= 0) & (found <= 1)).all()
    if not multiple:
        np.testing.assert_allclose(found.sum(axis=1), 1)
    for before, after in zip(given_scores, found, strict=True):
        in_order = after[np.argsort(before, kind="stable")]
        assert (np.diff(in_order) >= -1e-12).all()
        assert (after[before == 0] == 0).all()


@few
@given(rows=st.lists(scores, min_size=1, max_size=5), multiple=st.booleans())
def test_a_temperature_of_one_changes_nothing(rows: list[list[float]], multiple: bool) -> None:
    given_scores = np.array(rows) if multiple else np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(sharpen(given_scores, 1.0, multiple), given_scores, atol=1e-12)


@few
@given(rows=st.lists(scores, min_size=1, max_size=5), factor=st.floats(0.05, 20))
def test_calibration_does_not_change_which_of_several_labels_are_proposed(
    rows: list[list[float]], factor: float
) -> None:
    given_scores = np.array(rows)
    given_scores[abs(given_scores - 0.5) < 1e-6] = 0
    assert ((sharpen(given_scores, factor, multiple=True) > 0.5) == (given_scores > 0.5)).all()

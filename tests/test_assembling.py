from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages import assembling
from stages.tables import read, write

KEYS = ["record", "value", "origin", "by", "confidence", "rounds", "guideline", "why"]


def human(record: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "record": record,
        "value": value,
        "by": ["p1", "p2"],
        "confidence": 1.0,
        "rounds": [1],
        "guideline": "old",
        "why": "majority",
        "before_audit": value,
        **more,
    }


def auto(record: str, value: Any, confidence: float = 0.9) -> dict[str, Any]:
    return {"record": record, "value": value, "confidence": confidence, "by": "linear@1", "fold": None, "scores": {}}


def label_lines(people: list[Any], machine: list[Any], admitted: dict[str, str]) -> list[dict[str, Any]]:
    return assembling.label_lines(people, machine, admitted, "new")


def test_people_s_label_wins_over_an_admitted_automatic_one() -> None:
    (line,) = label_lines([human("a", "spam")], [auto("a", "ham")], {"a": "guarantee"})
    assert line == dict(zip(KEYS, ["a", "spam", "human", ["p1", "p2"], 1.0, [1], "old", "majority"], strict=True))


def test_an_automatic_label_is_taken_only_where_it_is_admitted_and_says_why() -> None:
    lines = label_lines([], [auto("a", "ham", 0.7), auto("b", "spam")], {"a": "guarantee"})
    assert lines == [dict(zip(KEYS, ["a", "ham", "auto", ["linear@1"], 0.7, [], "new", "guarantee"], strict=True))]


def test_a_record_that_people_saw_but_did_not_label_may_have_an_automatic_label() -> None:
    assert label_lines([human("a", None)], [auto("a", "ham")], {}) == []
    (line,) = label_lines([human("a", None)], [auto("a", "ham")], {"a": "guarantee"})
    assert (line["value"], line["origin"]) == ("ham", "auto")


def test_an_empty_multiple_choice_is_a_label() -> None:
    (line,) = label_lines([human("a", [])], [auto("a", ["x"])], {"a": "guarantee"})
    assert (line["value"], line["origin"]) == ([], "human")


def test_lines_are_sorted_by_record_with_the_same_keys_in_the_same_order() -> None:
    lines = label_lines([human("c", "x"), human("a", "x")], [auto("d", "x"), auto("b", "x")], {"b": "y", "d": "y"})
    assert [line["record"] for line in lines] == ["a", "b", "c", "d"]
    assert [list(line) for line in lines] == [KEYS] * 4


def records(**changes: list[Any]) -> pd.DataFrame:
    made = {
        "id": ["a", "b", "c"],
        "content": ["1", "2", "3"],
        "text": ["one", None, "three"],
        "size": [1.0, None, 3e-9],
        "source": ["x", "x", "x"],
    }
    return pd.DataFrame({**made, **changes})


def splits(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b", "c"], "split": names or ["train", "train", "test"], "place": [2, 0, 1]})


LINES = label_lines([human("a", "spam")], [auto("c", "ham", 0.75)], {"c": "guarantee"})
FIELDS = {"text": "text", "size": "number"}


def test_every_record_has_its_split_and_the_unlabelled_have_null() -> None:
    table = assembling.dataset(records(), splits(), LINES)
    assert list(table["id"]) == ["a", "b", "c"]
    assert list(table["split"]) == ["train", "train", "test"]
    for column, values in {"label": ["spam", "ham"], "origin": ["human", "auto"], "confidence": [1.0, 0.75]}.items():
        assert table[column].isna().tolist() == [False, True, False]
        assert table[column].dropna().tolist() == values


@pytest.mark.parametrize(("kind", "values"), [("text", ["spam", "ham"]), ("texts", [["spam"], []])])
def test_a_table_of_labels_can_be_stored_and_null_stays_null(tmp_path: Path, kind: str, values: list[Any]) -> None:
    lines = label_lines([human("a", values[0])], [auto("c", values[1])], {"c": "guarantee"})
    write(tmp_path / "t", [assembling.dataset(records(), splits(), lines)], assembling.columns(FIELDS, kind))
    found = read(tmp_path / "t")
    assert list(found.columns) == ["id", "content", "text", "size", "source", "label", "origin", "confidence"]
    assert found["label"].isna().tolist() == found["origin"].isna().tolist() == [False, True, False]
    assert [each if kind == "text" else list(each) for each in found["label"].dropna()] == values


def test_a_dataset_without_labels_or_records_is_made() -> None:
    assert assembling.dataset(records(), splits(), [])["label"].isna().all()
    assert len(assembling.dataset(records().iloc[:0], splits().iloc[:0], [])) == 0


def fingerprint(table: pd.DataFrame, lines: list[dict[str, Any]], fields: dict[str, str] = FIELDS) -> str:
    return assembling.fingerprint(table, fields, lines)


BASE = assembling.dataset(records(), splits(), LINES)


@pytest.mark.parametrize(
    "table",
    [
        assembling.dataset(records(id=["a", "b", "d"]), splits().assign(id=["a", "b", "d"]), LINES),
        assembling.dataset(records(content=["1", "2", "4"]), splits(), LINES),
        assembling.dataset(records(text=["one", None, "drei"]), splits(), LINES),
        assembling.dataset(records(text=["one", "None", "three"]), splits(), LINES),
        assembling.dataset(records(text=["one", "null", "three"]), splits(), LINES),
        assembling.dataset(records(text=["one", "", "three"]), splits(), LINES),
        assembling.dataset(records(size=[1.0, None, 4e-9]), splits(), LINES),
        assembling.dataset(records(size=[1.0, 0.0, 3e-9]), splits(), LINES),
        assembling.dataset(records(), splits("train", "validation", "test"), LINES),
        BASE.iloc[:2],
    ],
)
def test_a_fingerprint_changes_with_every_record_split_and_field(table: pd.DataFrame) -> None:
    assert fingerprint(table, LINES) != fingerprint(BASE, LINES)


@pytest.mark.parametrize(("key", "value"), [(key, "other") for key in KEYS])
def test_a_fingerprint_changes_with_all_that_is_known_of_a_label(key: str, value: str) -> None:
    assert fingerprint(BASE, [LINES[0], {**LINES[1], key: value}]) != fingerprint(BASE, LINES)


def test_a_fingerprint_changes_with_a_label_more_or_less() -> None:
    more = label_lines([human("a", "spam"), human("b", "ham")], [auto("c", "ham", 0.75)], {"c": "guarantee"})
    assert len({fingerprint(BASE, lines) for lines in (LINES, LINES[:1], [], more)}) == 4


def test_values_do_not_run_into_each_other() -> None:
    one, other = records(content=["1", "2", "3x"]), records(text=["one", None, "xthree"])
    found = {fingerprint(assembling.dataset(each, splits(), LINES), LINES) for each in (records(), one, other)}
    assert len(found) == 3


def test_a_fingerprint_does_not_change_with_storage(tmp_path: Path) -> None:
    columns = {"id": "text", "content": "text", **FIELDS, "source": "text"}
    for rows in (1, 2, 50):
        write(tmp_path / str(rows), [records()], columns, rows)
        table = assembling.dataset(read(tmp_path / str(rows)), splits(), LINES)
        assert fingerprint(table, LINES) == fingerprint(BASE, LINES)
    for dtype in (object, "str", pd.StringDtype("pyarrow"), "category"):
        assert fingerprint(BASE.astype({"text": dtype, "split": dtype}), LINES) == fingerprint(BASE, LINES)
    shuffled = BASE[sorted(BASE.columns)].set_index(pd.Index([5, 3, 9]))
    assert fingerprint(shuffled, LINES) == fingerprint(BASE, LINES)


def test_a_fingerprint_is_a_hash_of_lines_that_anyone_can_write() -> None:
    said = """["a", "1", "train", "one", 1.0]
["b", "2", "train", null, null]
["c", "3", "test", "three", 3e-09]
{"record": "a", "value": "spam", "origin": "human", "by": ["p1", "p2"], "confidence": 1.0, "rounds": [1], \
"guideline": "old", "why": "majority"}
{"record": "c", "value": "ham", "origin": "auto", "by": ["linear@1"], "confidence": 0.75, "rounds": [], \
"guideline": "new", "why": "guarantee"}
"""
    assert fingerprint(BASE, LINES) == sha256(said.encode()).hexdigest()[:16]

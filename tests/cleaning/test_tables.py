"""Operators for the rows of a table."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import KNNImputer

from stages import InputError, tables
from stages.cleaning import (
    FillByGroup,
    FillByNeighbours,
    FillInTime,
    Isolated,
    KeyDuplicates,
    MapValues,
    Missing,
    Outliers,
    Units,
)
from stages.cleaning.numeric import numbers
from stages.cleaning.spelling import spellings
from tests.cleaning.test_cleaning import changed, kept, reasons, rejected, run, table

FIELDS = {"text": "text", "size": "number", "mass": "number", "at": "text"}


def clean_all(folder, frame: pd.DataFrame, operator, rows: int = 3):
    fields = {name: "text" for name in frame if name not in ("id", "source")}
    return run(folder, frame, {"operator": operator}, fields, rows=rows)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("mean", ["1", "4", "2.5", "8", "8", "4.333333333333333"]),
        ("median", ["1", "4", "2.5", "8", "8", "4"]),
        ("mode", ["1", "4", "1", "8", "8", "1"]),
    ],
)
@pytest.mark.parametrize("rows", [2, 10])
def test_gaps_are_filled_by_group_and_where_there_is_none_by_all(tmp_path, action, expected, rows):
    frame = table(["a", "a", "a", "b", "b", None], size=["1", "4", None, "8", " ", ""])
    cleaned = clean_all(tmp_path, frame, FillByGroup(["size"], ["text"], action), rows)
    assert kept(cleaned, "size") == expected
    trail = pd.concat(list(cleaned.trail))
    assert trail[["id", "operator", "field"]].to_numpy().tolist() == [
        [id, "operator", "size"] for id in ("0002", "0004", "0005")
    ]


def test_a_group_without_numbers_and_no_others_stays_as_it_is(tmp_path):
    frame = table(["a", "b"], size=[None, None])
    assert kept(clean_all(tmp_path, frame, FillByGroup(["size"], ["text"])), "size") == [None, None]


def test_gaps_are_filled_from_neighbours_as_scikit_learn_does(tmp_path):
    draw = np.random.default_rng(1)
    size = draw.normal(10, 3, 40)
    values = np.column_stack([size, size * 100 + draw.normal(0, 1, 40)])
    gaps = values.copy()
    gaps[::7, 1] = np.nan
    spread, centre = np.nanstd(gaps, axis=0), np.nanmean(gaps, axis=0)
    expected = KNNImputer().fit_transform((gaps - centre) / spread) * spread + centre
    cells = [[None if cell != cell else repr(cell) for cell in column] for column in gaps.T.tolist()]
    frame = table([None] * 40, size=cells[0], mass=cells[1])
    for rows in (7, 100):
        cleaned = clean_all(tmp_path, frame, FillByNeighbours(["size", "mass"]), rows)
        assert [float(each) for each in kept(cleaned, "mass")] == pytest.approx(expected[:, 1], abs=1e-5)
    assert np.abs(expected[::7, 1] - values[::7, 1]).mean() < 150


def test_a_record_without_any_number_has_no_neighbours(tmp_path):
    frame = table(["x"] * 3, size=["1", "2", None], mass=["3", None, None])
    cleaned = clean_all(tmp_path, frame, FillByNeighbours(["size", "mass"]))
    assert kept(cleaned, "mass") == ["3", "3", None]


def test_gaps_are_filled_in_time_within_a_series(tmp_path):
    frame = table(
        ["a", "a", "b", "a", "a", "b", "a"],
        size=["10", None, "100", "40", None, None, None],
        at=["2026-01-01", "2026-01-02", "2026-01-01", "2026-01-04", "2026-01-09", "2026-01-05T12:00:00Z", "?"],
    )
    for rows in (2, 10):
        cleaned = clean_all(tmp_path, frame, FillInTime(["size"], "at", ["text"]), rows)
        assert kept(cleaned, "size") == ["10", "20", "100", "40", "40", "100", None]


def test_time_may_be_a_number_and_all_records_one_series(tmp_path):
    frame = table([None] * 3, size=["1", None, "4"], at=["0", "1", "3"])
    assert kept(clean_all(tmp_path, frame, FillInTime(["size"], "at")), "size") == ["1", "2", "4"]


def test_so_many_values_may_be_missing_in_a_record_that_is_kept():
    frame = table(["a", None, None], size=["1", "2", None])
    assert reasons(Missing(["text", "size"], allowed=1).apply(frame)) == {2: "missing: text, size"}


def test_outliers_of_several_columns_are_told_together_or_marked_in_the_trail(tmp_path):
    frame = table(["1", "2", "3", "2", "99"], size=["5", "5.5", "6", "6", "-80"])
    expected = "text is 99, outside 0.5 to 4.5; size is -80, outside 3.5 to 7.5"
    assert rejected(clean_all(tmp_path, frame, Outliers(["text", "size"]))) == {"0004": expected}
    marked = clean_all(tmp_path, frame, Outliers(["text", "size"], action="mark"))
    assert kept(marked) == frame["text"].tolist()
    [[id, operator, field, note]] = pd.concat(list(marked.trail)).to_numpy().tolist()
    assert (id, operator, pd.isna(field), note) == ("0004", "operator", True, expected)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["reject", "mark"])
def test_a_row_that_is_odd_in_two_columns_together_is_isolated(tmp_path, action):
    draw = np.random.default_rng(1)
    size = draw.normal(0, 1, 200)
    rows = np.append(np.column_stack([size, size + draw.normal(0, 0.1, 200)]), [[3.0, -3.0]], axis=0)
    cells = [[repr(cell) for cell in column] for column in rows.T.tolist()]
    frame = table(["x"] * 201, size=cells[0], mass=[None, *cells[1][1:]])
    for shard in (50, 500):
        cleaned = clean_all(tmp_path, frame, Isolated(["size", "mass"], action=action), shard)
        found = rejected(cleaned) if action == "reject" else dict(pd.concat(list(cleaned.trail))[["id", "note"]].values)
        assert "0200" in found
        assert len(found) < 12
        assert found["0200"].startswith("size, mass are isolated (score 0.")


def test_of_records_with_the_same_key_the_declared_one_wins(tmp_path):
    frame = table(
        ["a", "a", "b", "a", None, None, "c", "c"],
        at=["2026-01-02", "2026-03-01", "2026-01-01", None, "1", "2", "5", "5"],
    )
    for rows in (2, 10):
        newest = rejected(clean_all(tmp_path, frame, KeyDuplicates(["text"], "at"), rows))
        assert {id: why.split()[4].strip(",") for id, why in newest.items()} == {
            "0000": "0001", "0003": "0001", "0007": "0006",
        }  # fmt: skip
        assert newest["0000"] == "the same text as 0001, whose at wins"
        oldest = rejected(clean_all(tmp_path, frame, KeyDuplicates(["text"], "at", "smallest"), rows))
        assert sorted(oldest) == ["0001", "0003", "0007"]


def test_numbers_win_as_numbers(tmp_path):
    frame = table(["a", "a"], size=["9", "10"])
    assert rejected(clean_all(tmp_path, frame, KeyDuplicates(["text"], "size"))).keys() == {"0000"}


keys = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["1", "2", "3", None])), min_size=1)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(keys, st.integers(1, 4))
def test_each_key_keeps_one_record_and_nothing_is_lost(tmp_path_factory, pairs, rows):
    frame = table([key for key, _ in pairs], size=[value for _, value in pairs])
    cleaned = clean_all(tmp_path_factory.mktemp("x"), frame, KeyDuplicates(["text"], "size"), rows)
    known = [key for key in kept(cleaned) if key is not None]
    assert sorted(known) == sorted({key for key, _ in pairs if key is not None})
    assert len(kept(cleaned)) + len(rejected(cleaned)) == len(pairs)


def test_a_unit_may_stand_before_the_number():
    outcome = Units("text", {"$": 1, "€": 1.5, "EUR": 1.5}).apply(
        table(["$ 12", "€2.50", "4 EUR", "£ 3", "$ 3 EUR", "5"])
    )
    assert changed(outcome)[:3] == ["12", "3.75", "6"]
    assert list(reasons(outcome)) == [3, 4, 5]


def test_a_field_that_an_operator_groups_by_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"cleaning\.operator: there is no field 'sort'"):
        clean_all(tmp_path, table(["x"], size=["1"]), FillByGroup(["size"], ["sort"]))


def test_rarer_spellings_are_proposed_for_the_frequent_one():
    counts = {"New York": 9, "new  york": 2, "New Yorc": 1, "Newark": 4, "100": 8, "1000": 1, "?": 3, "!": 1}
    found = {each.value: each.of for each in spellings(counts)}
    assert found == {"new  york": "New York", "New Yorc": "New York"}


@pytest.mark.slow
def test_the_proposal_is_an_operator_to_paste(tmp_path):
    frame = table(["Köln", "Köln", "Koeln", "Berlin", "berlin", "Berlin", 'B"erlin'])
    tables.write(tmp_path / "data/collected", [frame], dict.fromkeys(frame, "text"))
    command = [sys.executable, "-m", "stages.cleaning"]
    env = {"PYTHONPATH": ".:" + str(__import__("pathlib").Path(__file__).parents[2]), "PYTHONUTF8": "1"}
    done = subprocess.run([*command, "text"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    operator = yaml.safe_load(done.stdout)["spelling_text"]
    assert operator.pop("_target_") == "stages.cleaning.MapValues"
    assert operator == {"field": "text", "values": {"berlin": "Berlin", 'B"erlin': "Berlin"}}
    assert changed(MapValues(**operator).apply(frame))[3:] == ["Berlin"] * 4
    wrong = subprocess.run([*command, "town"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert wrong.returncode == 1
    assert wrong.stderr == "error: data/collected: there is no field 'town'; the dataset has text\n"


@given(st.lists(st.text("0123456789+-.eE infa\tx_,", max_size=6) | st.floats().map(repr), min_size=1, max_size=6))
def test_a_number_is_read_the_same_whatever_stands_in_other_rows(values):
    alone = [numbers(pa.array([value], pa.large_string()))[0] for value in values]
    together = numbers(pa.array([*values, "no number"], pa.large_string()))[:-1]
    assert np.array_equal(alone, together, equal_nan=True)

"""What the values of fields must be, and the trail of what cleaning changed."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError, tables
from stages.cleaning import Cleaned, Length, Missing, RepairText, clean
from stages.engine import Local
from stages.tables import Rule
from tests.cleaning.test_cleaning import kept, rejected, run, table

FIELDS = {"text": "text", "size": "number"}


def check(folder, frame: pd.DataFrame, schema: dict[str, Rule], operators=None, fields=None, rows=2) -> Cleaned:
    number = len(list(folder.iterdir()))
    tables.write(folder / f"in-{number}", [frame], dict.fromkeys(frame, "text"), rows)
    (folder / f"out-{number}").mkdir()
    fields = fields or {name: FIELDS[name] for name in frame if name in FIELDS}
    shards = tables.shards(folder / f"in-{number}")
    return clean(shards, operators or {}, fields, list(fields), Local(1), folder / f"out-{number}", None, schema)


@pytest.mark.parametrize(
    ("rule", "sizes", "reasons"),
    [
        (Rule(minimum=2), ["1", "2", None], {"0000": "size is 1.0, below 2"}),
        (Rule(maximum=2), ["1", "2", "2.5"], {"0002": "size is 2.5, above 2"}),
        (Rule(missing=0), ["1", None], {"0001": "size is missing"}),
        (Rule(missing=0.5), ["1", None], {}),
        (Rule(missing=0.4), ["1", None], {"0001": "size is missing, as in more than 0.4 of the records"}),
        (Rule(unique=True), ["1", "2", "1.0", None, None], {"0002": "size is 1.0, which a record before it has, too"}),
        (Rule(minimum=5, unique=True), ["1", "1"], {
            "0000": "size is 1.0, below 5",
            "0001": "size is 1.0, below 5; size is 1.0, which a record before it has, too",
        }),
    ],
)  # fmt: skip
def test_records_that_break_a_rule_of_numbers_are_rejected_with_the_reason(tmp_path, rule, sizes, reasons):
    cleaned = check(tmp_path, table(["x"] * len(sizes), size=sizes), {"size": rule})
    assert rejected(cleaned) == reasons
    assert len(kept(cleaned)) == len(sizes) - len(reasons)


@pytest.mark.parametrize(
    ("rule", "texts", "reasons"),
    [
        (Rule(pattern="[A-Z]+|x"), ["AB", "x", "ABx", None], {"0002": "text is 'ABx', not of the form [A-Z]+|x"}),
        (Rule(values=["a", "b"]), ["a", "c", ""], {"0001": "text is 'c', not one of a, b"}),
        (Rule(unique=True), ["a", "b", "a"], {"0002": "text is 'a', which a record before it has, too"}),
    ],
)
def test_records_that_break_a_rule_of_texts_are_rejected_with_the_reason(tmp_path, rule, texts, reasons):
    assert rejected(check(tmp_path, table(texts), {"text": rule})) == reasons


def test_a_rule_may_stop_the_pipeline_and_names_rows_and_rule(tmp_path):
    frame = table(["x"] * 9, size=["1"] * 2 + ["99"] * 7)
    with pytest.raises(InputError) as raised:
        check(tmp_path, frame, {"size": Rule(maximum=10, violation="stop")})
    said = str(raised.value)
    assert said.startswith("dataset.schema.size: 7 of 9: record '0002': size is 99.0, above 10; record '0003'")
    assert said.endswith("; and 2 more: correct the data, clean it, or declare `violation: reject`")


def test_rules_see_what_operators_made_and_what_is_of_the_declared_type(tmp_path):
    frame = table(["a", " b ", "c"], size=["1", "2", "many"])
    operators = {"repair": RepairText(["text"])}
    cleaned = check(tmp_path, frame, {"text": Rule(values=["a", "b"]), "size": Rule(minimum=1)}, operators)
    assert rejected(cleaned) == {"0002": "size is 'many', not a finite number"}
    assert cleaned.counts["schema"] == {"seen": 2, "changed": 0, "rejected": 0}


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.lists(st.none() | st.integers(0, 9).map(str), min_size=1, max_size=12), st.integers(1, 5))
def test_each_record_is_kept_or_rejected_wherever_a_shard_ends(tmp_path_factory, sizes, rows):
    frame, rule = table(["x"] * len(sizes), size=sizes), {"size": Rule(minimum=2, unique=True, missing=0.3)}
    whole, parts = (check(tmp_path_factory.mktemp("x"), frame, rule, rows=each) for each in (100, rows))
    assert rejected(parts) == rejected(whole)
    assert len(kept(parts)) + len(rejected(parts)) == len(sizes)
    share = sum(size is None for size in sizes) / len(sizes)
    expected = {
        f"{i:04}" for i, size in enumerate(sizes) if (int(size) < 2 or size in sizes[:i] if size else share > 0.3)
    }
    assert set(rejected(parts)) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"minimum": 2, "maximum": 1}, "'minimum' 2 is above 'maximum' 1"),
        ({"missing": 2}, "a share from 0 to 1, found 2"),
        ({"pattern": "("}, "no regular expression"),
    ],
)
def test_a_rule_that_nothing_fits_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        Rule(**given)


def test_the_trail_says_which_operator_changed_which_field(tmp_path):
    frame = table([" a ", None, "b", "x"], size=["1", None, "3", None])
    operators = {
        "repair": RepairText(["text"]),
        "fill": Missing(["text", "size"], "constant", 0),
        "short": Length("text", 0, 3),
    }
    cleaned = run(tmp_path, frame, operators, FIELDS)
    steps = [tuple(row) for row in pd.concat(list(cleaned.trail))[["id", "operator", "field"]].to_numpy()]
    assert steps == [
        ("0000", "repair", "text"),
        ("0001", "fill", "text"),
        ("0001", "fill", "size"),
        ("0003", "fill", "size"),
    ]
    assert {name: each["changed"] for name, each in cleaned.counts.items()} == {
        "repair": 1,
        "fill": 2,
        "short": 0,
        "types": 0,
    }

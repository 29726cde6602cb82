from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ftfy import fix_encoding
from ftfy.fixes import remove_control_chars, remove_terminal_escapes, unescape_html
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages import InputError, tables
from stages.cleaning import (
    Cleaned,
    Dates,
    ExactDuplicates,
    Filter,
    Length,
    MapValues,
    MaskPersonalData,
    Missing,
    NearDuplicates,
    Numbers,
    Outcome,
    Outliers,
    RepairText,
    Units,
    alike,
    clean,
    columns,
)
from stages.cleaning import repair as patterns
from stages.cleaning.base import digests, texts
from stages.engine import Local

TEXT = {"text": "text"}


def table(values: list[str | None], **others: list[str | None]) -> pd.DataFrame:
    ids = [f"{i:04d}" for i in range(len(values))]
    frame = {"id": ids, "text": values, **others, "source": ["made"] * len(ids)}
    return pd.DataFrame({name: pd.Series(column, dtype="str") for name, column in frame.items()})


def run(
    folder: Path,
    frame: pd.DataFrame,
    operators: dict[str, Any],
    fields: dict[str, str] = TEXT,
    shown: list[str] | None = None,
    rows: int = 3,
    processes: int = 1,
) -> Cleaned:
    number = len(list(folder.iterdir()))
    tables.write(folder / f"in-{number}", [frame], dict.fromkeys(frame, "text"), rows)
    (folder / f"scratch-{number}").mkdir()
    shards = tables.shards(folder / f"in-{number}")
    return clean(shards, operators, fields, shown or list(fields), Local(processes), folder / f"scratch-{number}")


def kept(cleaned: Cleaned, column: str = "text") -> list[Any]:
    values = pd.concat(list(cleaned.kept))[column]
    return [None if pd.isna(value) else value for value in values]


def rejected(cleaned: Cleaned) -> dict[str, str]:
    frames = list(cleaned.rejected)
    return {} if not frames else dict(pd.concat(frames)[["id", "reason"]].itertuples(index=False))


def changed(outcome: Outcome) -> list[str | None]:
    return texts(outcome.table, "text").to_pylist()


def reasons(outcome: Outcome) -> dict[int, str]:
    return outcome.rejected.to_dict()


# Repair


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("CafÃ© dâ€™Or", "Café d’Or"),
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("twice &amp;amp;#39;quoted&amp;amp;#39;", "twice 'quoted'"),
        ("&lt;b&gt;bold&lt;/b&gt; move", "bold move"),
        ('see <a href="http://x.org?a=1&b=2" target=_blank>here</a>', "see here"),
        ("one<br/>two<BR>three", "one\ntwo\nthree"),
        ("a<script type='x'>alert(1 < 2)</script>b<!-- c -->", "a\nb"),
        ("be\x07ll \x1b[31mred\x1b[0m\ufeff", "bell red"),
        ("  two  spaces\u00a0and\ttabs \n\n\n\n end ", "two spaces and tabs\n\nend"),
        ("e\u0301", "é"),
        ("", ""),
        (None, None),
    ],
)
def test_repair_mends(broken: str | None, whole: str | None) -> None:
    assert changed(RepairText(["text"]).apply(table([broken]))) == [whole]


@pytest.mark.parametrize(
    "text",
    [
        "I <3 you, <33 :-) >:( <- -> << x < y > z",
        "<EMAIL> or <PHONE>, dear <name>, <link in bio>, <b and c>",
        "AT&T, R&D, ?a=1&copy=2",
        "Übergrößenträger, œuvre, señor, “quoted” – ‘well’ … 5 €",
        "Привет, мир! Ёлка. Γειά σου Κόσμε",
        "日本語　".strip() + " 한국어 ไทย ❤️ 👩‍👩‍👧",
        "line one\n\nline two",
    ],
)
def test_repair_leaves_what_is_whole(text: str) -> None:
    assert changed(RepairText(["text"]).apply(table([text]))) == [text]


@pytest.mark.parametrize(
    ("switch", "text"),
    [
        ("encoding", "CafÃ©"),
        ("entities", "a &amp; b"),
        ("tags", "<b>a</b>"),
        ("form", "e\u0301"),
        ("controls", "a\x07"),
        ("spaces", "a  b"),
    ],
)
def test_a_repair_can_be_switched_off(switch: str, text: str) -> None:
    off = RepairText(["text"], **{switch: None if switch == "form" else False})
    assert changed(off.apply(table([text]))) == [text]
    assert changed(RepairText(["text"]).apply(table([text]))) != [text]


dirty_letters = st.sampled_from(
    list("ab1 \t\n\r<>/&;#!-\"'=x\x00\x07\x1b[m\u00a0\u0301\ufeff") + list("ÃÂâ€™©œŸðŸ˜éÐŸБ√βā\x80\x9f\ufffd")
)
dirty_parts = st.sampled_from(
    ["&amp;", "&lt;", "&gt;", "amp;", "<b>", "</b>", "<br>", "<!--", "-->", "Ã©", "â€œ", "&#60;"]
)
dirty_texts = st.lists(st.one_of(dirty_letters, dirty_parts, st.characters(exclude_categories=["Cs"]))).map("".join)


@pytest.mark.slow
@given(st.lists(st.one_of(st.none(), dirty_texts)))
@settings(max_examples=50, deadline=None)
def test_a_second_repair_changes_nothing(values: list[str | None]) -> None:
    for repair in (RepairText(["text"]), RepairText(["text"], form="NFKC"), RepairText(["text"], spaces=False)):
        once = changed(repair.apply(table(values)))
        assert changed(repair.apply(table(once))) == once


@pytest.mark.slow
@given(dirty_texts)
@settings(max_examples=300, deadline=None)
def test_the_cheap_test_lets_no_broken_text_pass(text: str) -> None:
    def suspected(pattern: str) -> bool:
        return pa.compute.match_substring_regex(pa.array([text]), pattern)[0].as_py()

    assert suspected(patterns.MOJIBAKE) or fix_encoding(text) == text
    assert suspected(patterns.ENTITY) or unescape_html(text) == text
    assert suspected(patterns.CONTROL) or remove_control_chars(remove_terminal_escapes(text)) == text


def test_nested_entities_and_tags_take_no_long() -> None:
    nested = ["&" + "amp;" * 50_000 + "lt;", "<!--" * 20_000, "<a " * 20_000, "<b x=" * 20_000]
    assert changed(RepairText(["text"]).apply(table(nested)))[0] == "<"


# Missing values


def test_missing_names_the_fields_that_lack_a_value() -> None:
    frame = table(["a", None, " \u00a0\n"], more=["b", "", "c"])
    assert reasons(Missing(["text", "more"]).apply(frame)) == {1: "missing: text, more", 2: "missing: text"}


@pytest.mark.parametrize(
    ("action", "filled"),
    [
        ("mean", ["1", "2.75", "2", "2.75", "2", "6", "x"]),
        ("median", ["1", "2", "2", "2", "2", "6", "x"]),
        ("mode", ["1", "2", "2", "2", "2", "6", "x"]),
        ("interpolate", ["1", "1.5", "2", "2", "2", "6", "x"]),
    ],
)
def test_missing_is_filled_from_the_whole_table(tmp_path: Path, action: Any, filled: list[str]) -> None:
    frame = table(["1", None, "2", " ", "2", "6", "x"])
    for rows in (2, 7):
        cleaned = run(tmp_path, frame, {"missing": Missing(["text"], action)}, rows=rows)
        assert kept(cleaned) == filled
        assert cleaned.counts["missing"] == {"seen": 7, "changed": 2, "rejected": 0}


def test_interpolation_takes_the_nearest_value_at_the_ends_and_leaves_a_column_without_numbers(tmp_path: Path) -> None:
    missing = {"missing": Missing(["text", "more"], "interpolate")}
    frame = table([None, "3", None, None, "9", None], more=[None, None, "x", None, None, None])
    cleaned = run(tmp_path, frame, missing, {"text": "number", "more": "text"}, rows=2)
    assert kept(cleaned) == [3, 3, 5, 7, 9, 9]
    assert kept(cleaned, "more") == [None, None, "x", None, None, None]


def test_a_constant_needs_no_second_pass() -> None:
    assert changed(Missing(["text"], "constant", 0).apply(table(["a", None]))) == ["a", "0"]
    with pytest.raises(InputError, match="constant takes a value"):
        Missing(["text"], "constant")
    with pytest.raises(InputError, match="constant takes a value"):
        Missing(["text"], "mean", 3)


# Limits and outliers


def test_length_counts_characters_and_lets_missing_texts_pass() -> None:
    found = reasons(Length("text", 2, 3).apply(table(["é", "éé", "👍👍👍", "abcd", None])))
    assert found == {0: "text has 1 characters, fewer than 2", 3: "text has 4 characters, more than 3"}
    with pytest.raises(InputError, match="above"):
        Length("text", 5, 4)


def test_filter_keeps_or_rejects_by_pattern() -> None:
    frame = table(["buy now", "hello", None])
    assert reasons(Filter("text", "(?i)BUY").apply(frame)) == {0: "text has a match of (?i)BUY"}
    assert reasons(Filter("text", "buy", "keep").apply(frame)) == {1: "text has no match of buy"}


def test_filter_takes_linear_time_and_says_what_it_cannot_do() -> None:
    assert reasons(Filter("text", "^(a+)+$").apply(table(["a" * 50_000 + "!"]))) == {}
    with pytest.raises(InputError, match=r"RE2 cannot compile.*no look-around"):
        Filter("text", "a(?=b)")


@pytest.mark.parametrize(("method", "threshold"), [("iqr", None), ("mad", None), ("zscore", 2.0)])
def test_outliers_are_rejected_or_clipped(tmp_path: Path, method: Any, threshold: float | None) -> None:
    frame = table(["1", "2", "3", "2", "1", "3", "2", "100", "x", None])
    for rows in (3, 10):
        cleaned = run(tmp_path, frame, {"outliers": Outliers(["text"], method, threshold)}, rows=rows)
        assert list(rejected(cleaned)) == ["0007"]
        assert rejected(cleaned)["0007"].startswith("text is 100, outside ")
        clipped = run(tmp_path, frame, {"outliers": Outliers(["text"], method, threshold, "clip")}, rows=rows)
        assert kept(clipped)[:7] + kept(clipped)[8:] == ["1", "2", "3", "2", "1", "3", "2", "x", None]
        assert 3 <= float(kept(clipped)[7]) < 100


def test_outliers_of_a_column_without_numbers_are_none(tmp_path: Path) -> None:
    assert rejected(run(tmp_path, table(["x", None]), {"outliers": Outliers(["text"])})) == {}


@pytest.mark.parametrize("action", ["reject", "clip"])
@pytest.mark.parametrize(
    ("method", "threshold", "values"),
    [
        ("iqr", None, ["0"] * 8 + ["1", "2"]),
        ("mad", None, ["0"] * 8 + ["1", "2"]),
        ("zscore", 0.25, ["0.1"] * 3),  # whose mean is 0.10000000000000002
    ],
)
def test_a_column_without_spread_has_no_outliers(
    tmp_path: Path, action: Any, method: Any, threshold: float | None, values: list[str]
) -> None:
    frame = table(values)
    cleaned = run(tmp_path, frame, {"outliers": Outliers(["text"], method, threshold, action)})
    assert rejected(cleaned) == {}
    assert kept(cleaned) == frame["text"].tolist()


# Formats


def test_numbers_get_one_form() -> None:
    outcome = Numbers("text", ",", ".").apply(table(["1.234,5", "+7", "-1.000.000", " 1,5e3 ", "1.23", "12,", None]))
    assert changed(outcome) == ["1234.5", "7", "-1000000", "1.5e3", "1.23", "12,", None]
    assert reasons(outcome) == {
        4: "text is '1.23', not a number such as 1.234,5",
        5: "text is '12,', not a number such as 1.234,5",
    }
    with pytest.raises(InputError, match="two different"):
        Numbers("text", ",", ",")


def test_dates_get_iso_form_by_the_first_format_that_fits() -> None:
    dates = Dates("text", ["%d.%m.%Y", "%m/%d/%Y %H:%M"])
    outcome = dates.apply(table(["24.12.2026", "12/24/2026 18:30", "31.02.2026", None]))
    assert changed(outcome) == ["2026-12-24", "2026-12-24T18:30:00", "31.02.2026", None]
    assert list(reasons(outcome)) == [2]
    with pytest.raises(InputError, match="%Q"):
        Dates("text", ["%Q"])


def test_units_become_one_without_the_noise_of_floats() -> None:
    units = Units("text", {"m": 1, "km": 1000, "mi": 1609.344, "": 1})
    outcome = units.apply(table(["1.1 km", "3mi", "20", "4 ft", "much", None]))
    assert changed(outcome) == ["1100", "4828.032", "20", "4 ft", "much", None]
    assert list(reasons(outcome)) == [3, 4]


def test_prices_are_read_with_the_signs_of_their_country() -> None:
    prices = Units("text", {"€": 1, "$": 0.9}, decimal=",", thousands=".")
    outcome = prices.apply(table(["€ 1.234,50", "20 €", "$99,00", "-1.000.000€", "€ 1.23", "1,234.50 €"]))
    assert changed(outcome) == ["1234.5", "20", "89.1", "-1000000", "€ 1.23", "1,234.50 €"]
    assert list(reasons(outcome)) == [4, 5]
    with pytest.raises(InputError, match="two different"):
        Units("text", {"€": 1}, decimal=",", thousands=",")


def test_values_are_mapped_and_others_kept_or_rejected() -> None:
    frame = table(["y", "n", "?", "maybe", None])
    mapping = {"y": "yes", "n": "no", "?": None}
    assert changed(MapValues("text", mapping).apply(frame)) == ["yes", "no", None, "maybe", None]
    assert reasons(MapValues("text", mapping, "reject").apply(frame)) == {3: "text is 'maybe', not y or n or ?"}


# Personal data


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to Jane.Doe+x@mail.example.co.uk.", "write to <EMAIL>."),
        ("müller@example.de,me@x.org", "<EMAIL>,<EMAIL>"),
        ("call 555-867-5309 or (555) 867-5309!", "call <PHONE> or <PHONE>!"),
        ("+44 20 7946 0958, 0049 170 1234567", "<PHONE>, <PHONE>"),
        ("tel:1-555-867-5309; 06 12 34 56 78; 030/1234567; 07700900123", "tel:<PHONE>; <PHONE>; <PHONE>; <PHONE>"),
        ("pay 4111 1111 1111 1111 now, 12/27", "pay <CARD> now, 12/27"),
        ("378282246310005 and 5555-5555-5555-4444", "<CARD> and <CARD>"),
        ("from 192.168.17.4, 2001:db8::8a2e:370:7334", "from <IP>, <IP>"),
        (None, None),
    ],
)
def test_personal_data_is_masked(text: str | None, masked: str | None) -> None:
    assert changed(MaskPersonalData(["text"]).apply(table([text]))) == [masked]


@pytest.mark.parametrize(
    "text",
    [
        "@user met @other at 5pm on 2026-11-22, 22/11/2026, 01-02-2012 or 01.02.2012 10:30:45",
        "version 1.2.3, 3.14159265358979, 300.1.2.3, 12:30:45, abc::def, std::vector",
        "4111 1111 1111 1112 and order 1234567890123456 are no cards",
        "status 123456789012345678, id 0012345, $1,000,000,000, 1 000 000 000",
        "in 2010 2011 2012 2013 the score was 21-14 28-7 35-10",
        "http://example.org/status/4111111111111111",
    ],
)
def test_ordinary_text_is_not_masked(text: str) -> None:
    assert changed(MaskPersonalData(["text"]).apply(table([text]))) == [text]


def test_only_the_chosen_kinds_are_masked() -> None:
    handles = MaskPersonalData(["text"], ["handle"])
    assert changed(handles.apply(table(["@ann: a@b.org, @bob_1"]))) == ["<HANDLE>: a@b.org, <HANDLE>"]


def test_masking_takes_no_long() -> None:
    frame = table(["a.b@" * 20_000, "1 " * 50_000, "0-" * 50_000, "a@" + "b." * 50_000, "1.1.1." * 20_000])
    assert reasons(MaskPersonalData(["text"], ["email", "phone", "card", "ip", "handle"]).apply(frame)) == {}


# Duplicates


def test_of_exact_duplicates_the_smallest_id_is_kept(tmp_path: Path) -> None:
    frame = table(["a", "b", "a", None, "", None, "", "a"])
    cleaned = run(tmp_path, frame, {"duplicates": ExactDuplicates(["text"])})
    assert rejected(cleaned) == {
        "0002": "the same text as 0000",
        "0006": "the same text as 0004",
        "0007": "the same text as 0000",
    }


def test_fields_of_exact_duplicates_do_not_run_into_each_other(tmp_path: Path) -> None:
    frame = table(["ab", "a", "a,b", None, "", "a", None], more=["c", "bc", "c", "x", "x", "bc", None])
    cleaned = run(tmp_path, frame, {"d": ExactDuplicates(["text", "more"])}, {"text": "text", "more": "text"})
    assert rejected(cleaned) == {"0005": "the same text, more as 0001"}


def test_different_texts_with_one_hash_are_no_exact_duplicates(tmp_path: Path) -> None:
    operator, frame = ExactDuplicates(["text"]), table(["a", "b", "a", "b"])
    tables.write(tmp_path / "shards", [frame], {"id": "text", "text": "text"})
    summary = operator.summarise(frame)
    summary = summary._replace(prints=summary.prints * 0)
    ((places, say),) = operator.decide([summary], tables.shards(tmp_path / "shards"))
    assert places.tolist() == [2, 3]
    assert say == ["the same text as 0000", "the same text as 0001"]


LONG = "the quick brown fox jumps over the lazy dog while the farmer sleeps under the old oak tree"


def test_of_near_duplicates_the_smallest_id_is_kept_and_the_reason_is_exact(tmp_path: Path) -> None:
    frame = table(["something else entirely, with words of its own", LONG, None, LONG.upper() + "!", "", "  "])
    cleaned = run(tmp_path, frame, {"near": NearDuplicates("text")}, rows=2)
    similarity = jaccard(LONG, LONG + "!")
    assert rejected(cleaned) == {"0003": f"like 0001 (similarity {similarity:.2f})"}
    assert len(kept(cleaned)) == 5


def test_near_duplicates_of_near_duplicates_go_with_the_first(tmp_path: Path) -> None:
    middle = LONG.replace("quick brown fox", "slow brown fox")
    far = middle.replace("old oak tree", "young oak tree")
    assert jaccard(LONG, far) < 0.8 <= min(jaccard(LONG, middle), jaccard(middle, far))
    found = rejected(run(tmp_path, table([LONG, far, middle]), {"near": NearDuplicates("text")}))
    assert found["0001"] == f"like 0000 through 0002 (similarity {jaccard(middle, far):.2f})"
    assert found["0002"] == f"like 0000 (similarity {jaccard(LONG, middle):.2f})"


def test_words_can_be_the_units(tmp_path: Path) -> None:
    words = NearDuplicates("text", 0.5, 3, "words")
    frame = table([LONG, "Well, " + LONG, " ".join(reversed(LONG.split()))])
    assert list(rejected(run(tmp_path, frame, {"near": words}))) == ["0001"]


def test_near_duplicates_of_several_fields_are_compared_as_one_text(tmp_path: Path) -> None:
    start, end = LONG[:40], LONG[40:]
    frame = table(
        [start, start, start, None, None, None], more=[end, end + "!", "nothing of the kind", LONG, None, None]
    )
    both, one = ({"near": NearDuplicates(fields)} for fields in (["text", "more"], "text"))
    fields = {"text": "text", "more": "text"}
    assert list(rejected(run(tmp_path, frame, both, fields, rows=2))) == ["0001", "0003"]
    assert list(rejected(run(tmp_path, frame, one, fields, rows=2))) == ["0001", "0002"]
    with pytest.raises(InputError, match=r"cleaning\.near: there is no field 'body'"):
        run(tmp_path, frame, {"near": NearDuplicates(["text", "body"])}, fields)


def test_wrong_settings_of_near_duplicates_are_named() -> None:
    with pytest.raises(InputError, match="field"):
        NearDuplicates([])
    with pytest.raises(InputError, match="similarity"):
        NearDuplicates("text", 0)
    with pytest.raises(InputError, match="size"):
        NearDuplicates("text", 0.8, 0)


def jaccard(one: str, other: str) -> float:
    first, second = ({text[i : i + 4] for i in range(len(text) - 3)} for text in (f"{one}\0\0\0", f"{other}\0\0\0"))
    return len(first & second) / len(first | second)


@pytest.mark.slow
def test_near_duplicates_agree_with_comparing_all_pairs(tmp_path: Path) -> None:
    random = np.random.Generator(np.random.PCG64(7))
    words = np.array(f"{LONG} red green blue seven eight nine alpha beta gamma river mountain sea".split())
    values = [" ".join(random.choice(words, random.integers(1, 12))) for _ in range(150)]
    values += [value[: int(random.integers(1, len(value)))] + value[-5:] for value in values]
    similar = {(i, j) for i in range(300) for j in range(i) if jaccard(values[i], values[j]) >= 0.8}
    group = list(range(300))
    for i, j in sorted(similar) * 10:  # the smallest place spreads through each group
        group[i] = group[j] = min(group[i], group[j])
    cleaned = run(tmp_path, table(values), {"near": NearDuplicates("text")}, rows=40)
    assert rejected(cleaned).keys() == {f"{i:04d}" for i in range(300) if group[i] != i}
    assert len(rejected(cleaned)) > 20
    for id, reason in rejected(cleaned).items():
        assert reason.split()[1] == f"{group[int(id)]:04d}"


# Types and content


def test_values_that_do_not_fit_their_type_are_rejected_with_what_was_found(tmp_path: Path) -> None:
    frame = table(
        ["1e400", "2", "x", "4", "5", None], date=["2026-11-22", "22.11.2026", None, "2026-11-22T10:00Z", "", None]
    )
    frame["data"] = pd.Series(['{"a": 1}', "[]", "{", "NaN", "1", None], dtype="str")
    fields = {"text": "number", "date": "date", "data": "json"}
    cleaned = run(tmp_path, frame, {}, fields)
    assert rejected(cleaned) == {
        "0000": "text is '1e400', not a finite number",
        "0001": "date is '22.11.2026', not a date in ISO 8601, such as 2026-11-22",
        "0002": "text is 'x', not a finite number",
        "0003": "data is 'NaN', not JSON",
        "0004": "date is '', not a date in ISO 8601, such as 2026-11-22",
    }
    assert cleaned.counts == {"types": {"seen": 6, "changed": 0, "rejected": 5}}
    assert kept(cleaned) == [None]


NUMBERS = (
    st.floats(-2e9, 2e9) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**10), 10**10).map(float)
)


@given(st.lists(st.tuples(st.none() | st.text(st.characters(exclude_categories=["Cs"])), st.none() | NUMBERS)))
@example([("", each) for each in (-0.0, 5e-324, 9.99e-5, 1e-4, 999999999.9999999, 1e9, 1e15, 1e16, 1e308)])
@settings(max_examples=80, deadline=None)
def test_content_is_the_hash_of_the_shown_values(rows: list[tuple[str | None, float | None]]) -> None:
    from stages.cleaning.schema import cast, content

    frame = table([text for text, _ in rows], number=[None if number is None else repr(number) for _, number in rows])
    found = content(cast(frame, {"text": "text", "number": "number"}), ["number", "text"]).to_pylist()
    expected = [json.dumps([number, text], ensure_ascii=False, separators=(",", ":")) for text, number in rows]
    assert found == [hashlib.sha256(each.encode()).hexdigest()[:12] for each in expected]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.sampled_from([pa.string(), pa.large_string()]))
@settings(max_examples=50, deadline=None)
def test_texts_are_hashed_one_by_one_wherever_they_lie_in_a_longer_column(values: list[str], kind: pa.DataType) -> None:
    longer = pa.array(["before", *values, "after"], kind).slice(1, len(values))
    expected = [hashlib.sha256(text.encode()).digest() for text in values]
    assert [row.tobytes() for row in digests(longer)] == expected


# The pipeline


@dataclasses.dataclass(frozen=True)
class Shorten:
    """A user's own operator."""

    field: str

    def apply(self, table: pd.DataFrame) -> Outcome:
        empty = pd.Series([], index=table.index[:0], dtype="str")
        return Outcome(table.assign(**{self.field: table[self.field].str.slice(0, 3)}), empty)


@dataclasses.dataclass(frozen=True)
class Lose:
    def apply(self, table: pd.DataFrame) -> Outcome:
        return Outcome(table.iloc[1:], pd.Series([], index=table.index[:0], dtype="str"))


def default_operators() -> dict[str, Any]:
    return {
        "repair": RepairText(["text"]),
        "missing": Missing(["text"]),
        "length": Length("text", 3, 2000),
        "personal_data": MaskPersonalData(["text"]),
        "duplicates": ExactDuplicates(["text"]),
        "near_duplicates": NearDuplicates("text"),
    }


def test_every_record_is_kept_or_rejected_with_its_operator_and_as_it_stood(tmp_path: Path) -> None:
    frame = table(["good  text", None, "ok", "good text", f"{LONG}", f"{LONG}.", "mail a@b.org"])
    cleaned = run(tmp_path, frame, default_operators())
    assert kept(cleaned) == ["good text", LONG, "mail <EMAIL>"]
    found = pd.concat(list(cleaned.rejected))
    assert list(found.columns) == list(columns(TEXT)[1])
    assert found[["id", "operator", "text"]].fillna("").to_numpy().tolist() == [
        ["0001", "missing", ""],
        ["0002", "length", "ok"],
        ["0003", "duplicates", "good text"],
        ["0005", "near_duplicates", f"{LONG}."],
    ]
    assert cleaned.counts["repair"] == {"seen": 7, "changed": 1, "rejected": 0}
    assert cleaned.counts["personal_data"] == {"seen": 5, "changed": 1, "rejected": 0}
    assert cleaned.counts["types"] == {"seen": 3, "changed": 0, "rejected": 0}


def test_a_null_operator_is_off_and_a_users_own_is_on(tmp_path: Path) -> None:
    cleaned = run(tmp_path, table(["a  b c"]), {"repair": None, "own": Shorten("text")})
    assert kept(cleaned) == ["a  "]
    assert list(cleaned.counts) == ["own", "types"]


@pytest.mark.parametrize("operator", [Length("txt"), RepairText(["text", "txt"])])
def test_an_unknown_field_is_named_before_any_work(tmp_path: Path, operator: Any) -> None:
    with pytest.raises(InputError, match=r"cleaning\.bad: there is no field 'txt'; the dataset has text"):
        run(tmp_path, table(["a"]), {"bad": operator})


def test_a_class_that_is_no_operator_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cleaning\.mine: builtins\.dict has no `apply`"):
        run(tmp_path, table(["a"]), {"mine": {}})


def test_taken_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="types"):
        run(tmp_path, table(["a"]), {"types": Length("text")})
    with pytest.raises(InputError, match="reason"):
        run(tmp_path, table(["a"]), {}, {"reason": "text"})


def test_an_operator_that_loses_rows_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"cleaning\.lose"):
        run(tmp_path, table(["a", "b"]), {"lose": Lose()})


@pytest.mark.parametrize("values", [[], ["x"], [None, None, ""]])
def test_tables_without_a_record_left_go_through(tmp_path: Path, values: list[str | None]) -> None:
    cleaned = run(tmp_path, table(values), {**default_operators(), "outliers": Outliers(["text"])})
    assert kept(cleaned) == []
    assert len(rejected(cleaned)) == len(values)


def written(cleaned: Cleaned, folder: Path) -> list[bytes]:
    for name, frames, kinds in zip(("a", "b"), (cleaned.kept, cleaned.rejected), columns(TEXT), strict=True):
        tables.write(folder / name, frames, kinds)
    return [path.read_bytes() for path in sorted(folder.rglob("*.parquet"))]


@pytest.mark.slow
def test_shard_size_and_processes_change_no_byte(tmp_path: Path) -> None:
    values = [
        None if i % 11 == 0 else f"{LONG} {i // 3}" if i % 3 else f"text &amp; number  {i % 40}" for i in range(120)
    ]
    results = []
    for rows, processes in ((120, 1), (7, 1), (50, 2)):
        folder = tmp_path / f"{rows}"
        folder.mkdir()
        cleaned = run(folder, table(values), default_operators(), rows=rows, processes=processes)
        results.append((cleaned.counts, written(cleaned, folder / "out")))
    assert results[0] == results[1] == results[2]
    assert 0 < results[0][0]["types"]["seen"] < 120


any_operators = st.permutations(
    [
        ("repair", RepairText(["text"])),
        ("missing", Missing(["text"])),
        ("fill", Missing(["text"], "mode")),
        ("length", Length("text", 2, 20)),
        ("filter", Filter("text", "[0-9]")),
        ("numbers", Numbers("text")),
        ("outliers", Outliers(["text"], "mad", 0.1)),
        ("personal_data", MaskPersonalData(["text"], ["handle", "email"])),
        ("duplicates", ExactDuplicates(["text"])),
        ("near", NearDuplicates("text", 0.3)),
    ]
).flatmap(lambda operators: st.integers(0, 6).map(lambda count: dict(operators[:count])))


@pytest.mark.slow
@given(
    st.lists(st.none() | st.sampled_from(["a", "12", "1,000", "a@b.org", "abab", "baba"]) | dirty_texts), any_operators
)
@settings(max_examples=25, deadline=None)
def test_rows_in_are_rows_kept_and_rows_rejected(
    tmp_path_factory: pytest.TempPathFactory, values: list[str | None], operators: dict[str, Any]
) -> None:
    frame = table(values)
    cleaned = run(tmp_path_factory.mktemp("clean"), frame, operators, rows=4)
    ids = kept(cleaned, "id") + list(rejected(cleaned))
    assert sorted(ids) == frame["id"].tolist()
    assert [pair for frame in cleaned.rejected for pair in frame["id"]] == sorted(rejected(cleaned))


def test_alike_finds_the_pairs_that_are_near_duplicates_whatever_lies_between() -> None:
    values = [
        "horrible news tonight! total mess!",
        "",
        "HORRIBLE news tonight!! total MESS!!",
        "Yay. A phone call.",
        " ",
    ]
    assert alike(values, 0.6) == [(0, 2)]
    assert alike(values, 0.99) == []
    assert alike(["one"], 0.6) == alike([], 0.6) == []

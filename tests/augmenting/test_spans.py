"""Spans, and relations between them, move along with a text that is changed."""

from __future__ import annotations

from difflib import SequenceMatcher
from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.augmenting import (
    Augmentation,
    Case,
    ChinesePunctuation,
    Delete,
    Homophones,
    Mention,
    Punctuation,
    Swap,
    Typo,
    Width,
    augment,
    columns,
)
from stages.augmenting.spans import changed, mentions
from stages.engine import Local
from stages.media import Store
from stages.tables import read, shards, write
from stages.tasks import Combined, Relations, Spans

NAMES = Spans("names", "text", ("person", "place"))
WORKS = Relations(NAMES, ("in",))
SLIPS = (Swap, Delete, Typo, Case, Punctuation, Width)
SOUNDS = {"zai": "在再", "jing": "京惊", "min": "民敏"}
POOL = {"person": ["Ann", "江泽民", "Josephine Bonaparte"], "place": ["Rome", "北京"]}

words = st.sampled_from(
    ["Josephine", "wonderful", "Rome", "江泽民", "在", "１９９８", "a1", "e\u0301", "😀", "שלום", "really?", ".", ","]
)
gaps = st.sampled_from([" ", "", "\t", "\r\n", "  "])


@st.composite
def texts(draw):
    """A text, and spans of whole words, as people mark them."""
    text, ends = "", []
    for word in draw(st.lists(words, min_size=1, max_size=10)):
        ends.append((len(text), len(text) + len(word)))
        text += word + draw(gaps)
    spans = []
    for first, last, label in draw(
        st.lists(
            st.tuples(st.sampled_from(range(len(ends))), st.integers(0, 2), st.sampled_from(NAMES.labels)), max_size=4
        )
    ):
        spans.append({"start": ends[first][0], "end": ends[min(first + last, len(ends) - 1)][1], "label": label})
    return text, NAMES.ordered(spans)


@given(texts(), st.sampled_from(SLIPS), st.integers(0, 1000))
def test_what_a_span_says_stays_or_has_the_slip(drawn, slip, seed):
    text, spans = drawn
    found = changed(text, spans, [slip(1.0)], NAMES, {}, Random(seed))
    if found is None:
        return
    now, moved = found
    assert now == slip(1.0).apply(text, Random(seed))
    assert len(moved) == len(spans)
    for was, each in zip(spans, moved, strict=True):
        before, after = text[was["start"] : was["end"]], now[each["start"] : each["end"]]
        assert was["label"] == each["label"]
        assert len(before.split()) == len(after.split())
        outside = (text[: was["start"]] + text[was["end"] :], now[: each["start"]] + now[each["end"] :])
        if outside[0] == outside[1]:  # then the slip is inside, or nowhere
            assert (before == after) == (text == now)
        if slip is Delete:  # of a short word little may be left
            left = iter(before)
            assert all(sign in left for sign in after)
        elif SequenceMatcher(None, before, after, autojunk=False).ratio() < 0.5:
            assert slip in (Width, Case)  # which may change every character


def test_width_changes_in_chinese_and_japanese_alone():
    assert Width(1.0).apply("Ann ate 2 apples, 😀", Random(1)) == "Ann ate 2 apples, 😀"
    assert Width(1.0).apply("在 A1", Random(1)) == "在 Ａ１"
    assert Width(1.0).apply("カ！", Random(1)) == "カ!"


@given(
    st.lists(st.sampled_from([*"在北京江泽民，、。！？；：１a", "😀", "e\u0301"]), min_size=1).map("".join), st.data()
)
def test_characters_of_chinese_change_where_they_stand(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    spans = [{"start": start, "end": data.draw(st.integers(start + 1, len(text))), "label": "place"}]
    seed, operator = data.draw(st.integers(0, 99)), data.draw(st.sampled_from([Homophones(0.5, SOUNDS), Width(0.5)]))
    now, moved = changed(text, spans, [operator], NAMES, {}, Random(seed))
    assert (now, moved) == (operator.apply(text, Random(seed)), spans)
    found = changed(text, spans, [ChinesePunctuation(0.5)], NAMES, {}, Random(seed))
    if found is None:  # all that was marked is gone
        assert set(text[spans[0]["start"] : spans[0]["end"]]) <= set("，、。！？；：")
        return
    now, [each] = found
    assert now == ChinesePunctuation(0.5).apply(text, Random(seed))
    parts = (text[:start], text[start : spans[0]["end"]], text[spans[0]["end"] :])
    others = (now[: each["start"]], now[each["start"] : each["end"]], now[each["end"] :])
    for part, other in zip(parts, others, strict=True):
        assert [c for c in part if c not in "，、。！？；："] == [c for c in other if c not in "，、。！？；："]


def test_homophones_are_those_of_the_table():
    assert Homophones(1.0, SOUNDS).apply("再北京，在", Random(0)) == "在北惊，再"
    assert set(Homophones(1.0, {"ta": "他她它"}).apply("他" * 50, Random(0))) == set("她它")
    for wrong in ({"zai": "在"}, {"zai": "在在"}, {"zai": ""}):
        with pytest.raises(InputError, match=r"sounds\.zai: two or more different characters"):
            Homophones(0.5, wrong)
    with pytest.raises(InputError, match="found none"):
        Homophones(0.5)


@given(texts(), st.integers(0, 1000))
def test_mentions_become_others_of_their_label_and_nothing_else_changes(drawn, seed):
    text, spans = drawn
    now, moved = changed(text, spans, [Mention(1.0)], NAMES, POOL, Random(seed))
    for was, each in zip(spans, moved, strict=True):
        before, after = text[was["start"] : was["end"]], now[each["start"] : each["end"]]
        alone = all(other is was or other["end"] <= was["start"] or was["end"] <= other["start"] for other in spans)
        assert (after in POOL[was["label"]] and after != before) if alone else True
    inside = {place for each in spans for place in range(each["start"], each["end"])}
    within = {place for each in moved for place in range(each["start"], each["end"])}
    assert [c for i, c in enumerate(text) if i not in inside] == [c for i, c in enumerate(now) if i not in within]


def test_relations_keep_their_ends():
    text = "Ann in Rome"
    ann, rome = (0, 3, "person"), (7, 11, "place")
    value = WORKS.ordered(
        [dict(zip(("start", "end", "label"), each, strict=True)) for each in (ann, rome)], [(rome, ann, "in")]
    )
    now, moved = changed(text, value, [Mention(1.0)], WORKS, {"person": ["Josephine"], "place": ["Oslo"]}, Random(1))
    assert now == "Josephine in Oslo"
    assert moved["spans"] == [{"start": 0, "end": 9, "label": "person"}, {"start": 13, "end": 17, "label": "place"}]
    assert moved["relations"] == [{"head": 1, "tail": 0, "label": "in"}]


class Cut:
    """Takes the middle third out."""

    def edits(self, text, rng):
        yield len(text) // 3, 2 * len(text) // 3, ""


def test_an_edit_over_the_border_of_a_span_makes_no_copy():
    assert changed("abcdefghi", [{"start": 4, "end": 8, "label": "person"}], [Cut()], NAMES, {}, Random(0)) is None
    assert changed("abcdefghi", [{"start": 3, "end": 6, "label": "person"}], [Cut()], NAMES, {}, Random(0)) is None
    kept = changed("abcdefghi", [{"start": 6, "end": 9, "label": "person"}], [Cut()], NAMES, {}, Random(0))
    assert kept == ("abcghi", [{"start": 3, "end": 6, "label": "person"}])


def test_mentions_are_those_of_the_training_texts():
    said = [
        ("Ann in Rome", [{"start": 0, "end": 3, "label": "person"}]),
        ("Bob", [{"start": 0, "end": 3, "label": "person"}]),
    ]
    assert mentions(said, NAMES) == {"person": ["Ann", "Bob"], "place": []}


@pytest.fixture
def parents(tmp_path):
    rows = [
        {
            "id": f"r{i}",
            "text": f"{name} went to {place}.",
            "label": [
                {"start": 0, "end": len(name), "label": "person"},
                {"start": len(name) + 9, "end": len(name) + 9 + len(place), "label": "place"},
            ],
            "origin": "human",
            "confidence": 1.0,
            "source": "a",
        }
        for i, (name, place) in enumerate([("Josephine", "Rome"), ("Bob", "Kyoto"), ("江泽民", "北京")])
    ]
    kinds = {
        "id": "text",
        "text": "text",
        "label": NAMES.column,
        "origin": "text",
        "confidence": "number",
        "source": "text",
    }
    write(tmp_path / "train", [pd.DataFrame(rows)], kinds)
    return tmp_path / "train"


def test_copies_of_records_have_their_spans(parents, tmp_path):
    settings = Augmentation(copies=2, fields=["text"], operators={"mention": {"_target_": "x"}})
    given = {"mention": Mention(0.5), "typo": Typo(0.2), "width": Width(0.1)}
    frames = [pd.DataFrame({"text": ["Josephine went to Rome."]})]
    runs = [
        augment(shards(parents), settings, given, {"text": "text"}, frames, Store(tmp_path, "x"), Local(), NAMES, 1)
        for _ in range(2)
    ]
    copies, lacking = runs[0]
    assert len(copies) + lacking == 6
    assert len(copies) >= 4
    assert copies.to_json() == runs[1][0].to_json()
    for text, spans in zip(copies["text"], copies["label"], strict=True):
        person, place = spans
        assert text[: person["start"]] == ""
        assert text[place["end"] :] in (".", "．")
        assert len(text[person["end"] : place["start"]]) == len(" went to ")


def test_before_anybody_has_labelled_there_is_a_table_without_copies(parents, tmp_path):
    bare = read(parents).assign(label=None)
    write(
        tmp_path / "bare",
        [bare],
        {name: {"label": NAMES.column, "confidence": "number"}.get(name, "text") for name in bare},
    )
    settings = Augmentation(copies=1, fields=["text"], operators={"typo": {"_target_": "x"}})
    given, store = {"typo": Typo(0.2)}, Store(tmp_path, "x")
    copies, _ = augment(shards(tmp_path / "bare"), settings, given, {"text": "text"}, [], store, Local(), NAMES, 1)
    assert write(tmp_path / "copies", [copies], columns({"text": "text"}, NAMES.column)) == 0


def test_what_cannot_say_its_edits_is_refused(parents, tmp_path):
    settings = Augmentation(copies=1, fields=["text"], operators={"mine": {"_target_": "x"}})

    class Mine:
        def apply(self, text, rng):
            return text[1:]

    def run(task):
        return augment(
            shards(parents), settings, {"mine": Mine()}, {"text": "text"}, [], Store(tmp_path, "x"), Local(), task, 1
        )

    with pytest.raises(InputError, match=r"operators\.mine: Mine has no `edits`"):
        run(NAMES)
    with pytest.raises(InputError, match=r"the labels \(combined\) say where something is"):
        run(Combined((NAMES,)))

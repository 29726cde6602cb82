"""Annotators that find mentions without having learned to: lists and expressions, and spaCy's pipelines."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError, annotators
from stages.annotators import Entries, Gazetteer, Spacy, crossfit
from stages.annotators.base import Annotator
from stages.tables import dump_line
from stages.tasks import Choice, Proposal, Spans

NAMES = Spans("names", "text", ("person", "place"))
LISTS = {
    "people": Entries("person", ("Ann", "Ann Lee", "O'Hara", "李鹏")),
    "cities": Entries("place", ("Oslo", "New York", "北京")),
    "codes": Entries("place", pattern=r"[A-Z]{2}-\d+|(?=nothing)"),
}
GAZETTEER = Gazetteer("text", LISTS)
HAS_SPACY = pytest.mark.skipif(find_spec("spacy") is None, reason="pip install '.[spacy]'")


def table(*texts: str | None) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"r{n:02d}" for n in range(len(texts))], "text": list(texts)})


def proposals(annotator: Annotator, *texts: str | None) -> list[Proposal | None]:
    return list(annotator.fit(table(), [], NAMES, 1).predict(table(*texts)))


def words(text: str) -> list[tuple[str, str]]:
    [found] = proposals(GAZETTEER, text)
    assert found is not None
    return [(text[each["start"] : each["end"]], each["label"]) for each in found.value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann met Ann Lee.", [("Ann", "person"), ("Ann Lee", "person")]),
        ("Anna, AnnLee, Oslos and nothing, ANN", []),
        ("李鹏在北京Ann見NO-1", [("李鹏", "person"), ("北京", "place"), ("Ann", "person"), ("NO-1", "place")]),
        ("😀\r\nO'Hara\tin New York", [("O'Hara", "person"), ("New York", "place")]),
        ("", []),
    ],
)
def test_words_count_where_they_stand_alone_and_ideographs_anywhere(text: str, expected: list[Any]) -> None:
    assert words(text) == expected


def test_of_matches_that_overlap_the_longest_is_kept_then_the_first() -> None:
    lists = {"a": Entries("person", pattern="ab|bc"), "b": Entries("place", pattern="bcd|xy"), "off": None}
    gazetteer = Gazetteer("text", lists | {"c": Entries("person", ("xy",))})
    found = proposals(gazetteer, "abcd", "abc", "xy")
    assert [each and [(one["start"], one["end"], one["label"]) for one in each.value] for each in found] == [
        [(1, 4, "place")],
        [(0, 2, "person")],
        [(0, 2, "place")],
    ]


@given(st.lists(st.sampled_from(["Ann", "Lee", " ", "Oslo", "北京", "NO-1", "x", "😀"]), max_size=10).map("".join))
def test_mentions_never_overlap_and_are_within_the_text(text: str) -> None:
    [found] = proposals(GAZETTEER, text)
    assert found is not None
    ends = [0, *(edge for each in found.value for edge in (each["start"], each["end"])), len(text)]
    assert ends == sorted(ends)
    assert NAMES.parse(NAMES.show(found.value)) == found.value


def test_people_s_labels_say_how_sure_each_list_is_and_nothing_else() -> None:
    texts = ["Ann in Oslo"] * 6 + ["Bob in Oslo"] * 4
    ann, oslo = ({"start": 0, "end": 3, "label": "person"}, {"start": 7, "end": 11, "label": "place"})
    values = [[ann, oslo]] * 3 + [[oslo]] * 3 + [[ann, oslo]] * 4
    model = GAZETTEER.fit(table(*texts), values, NAMES, 1)
    both, one, none = model.predict(table("Ann in Oslo", "Oslo", None))
    complete = 7 / 12  # Bob was missed four times
    assert both == Proposal([ann, oslo], pytest.approx(complete * 4 / 8 * 11 / 12))
    assert one is not None
    assert one.confidence == pytest.approx(complete * 11 / 12)
    assert none == Proposal([], pytest.approx(complete))
    assert [each and each.confidence for each in proposals(GAZETTEER, "Ann in Oslo")] == [1 / 8]
    told = model.describe(table(*texts, "NO-1"), {})
    assert told["parts"]["people"] == {
        "mentions": 6,
        "coverage": 6 / 11,
        "precision": 0.5,
        "judged": 6,
        "reason": None,
    }
    assert told["parts"]["codes"]["precision"] is None
    assert "nothing in the records that people have labelled" in told["parts"]["codes"]["reason"]
    assert told["complete"] == 0.6


def test_records_are_labelled_without_people_and_calibrated_with_them(tmp_path: Path) -> None:
    texts = [f"Ann met Bob in Oslo, day {n}" if n % 3 else f"Oslo, day {n}" for n in range(30)]
    records = table(*texts)
    assert all(crossfit(GAZETTEER, records, {}, NAMES, 1).proposals)
    marked = re.compile("(Ann|Bob)|Oslo")  # Bob is on no list
    known = {
        f"r{n:02d}": [
            {"start": each.start(), "end": each.end(), "label": "person" if each[1] else "place"}
            for each in marked.finditer(text)
        ]
        for n, text in enumerate(texts[:20])
    }
    fitted = crossfit(GAZETTEER, records, known, NAMES, 1)
    assert [each and each.confidence for each in fitted.proposals] == pytest.approx([7 / 20] * 30, abs=0.03)
    assert fitted.model is not None
    fitted.model.save(tmp_path)
    assert GAZETTEER.load(tmp_path, NAMES).predict(records) == fitted.model.predict(records)
    report = annotators.report(fitted, known, NAMES)
    assert report["details"]["parts"]["people"]["precision"] == 1
    again = annotators.report(crossfit(GAZETTEER, records, known, NAMES, 1), known, NAMES)
    assert dump_line(report) == dump_line(again)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"label": "person"}, r"lists\.mine: words, or a pattern, are expected"),
        ({"label": "person", "words": ("Ann", " ")}, "no word that is empty"),
        ({"label": "person", "pattern": "("}, r"lists\.mine\.pattern: '\(' is no regular expression"),
    ],
)
def test_a_list_that_marks_nothing_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Gazetteer("text", {"mine": Entries(**settings)})


def test_an_unknown_label_field_or_task_is_told() -> None:
    with pytest.raises(InputError, match=r"lists\.people\.label: 'man' is not in the interface; it has person, place"):
        proposals(Gazetteer("text", {"people": Entries("man", ("Ann",))}), "Ann")
    with pytest.raises(InputError, match="no field 'body'"):
        proposals(Gazetteer("body", LISTS), "Ann")
    with pytest.raises(InputError, match="proposes spans"):
        GAZETTEER.fit(table(), [], Choice("c", "text", ("a", "b")), 1)


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    """A pipeline with rules, made on the spot."""
    import spacy

    made = spacy.blank("en")
    ruler = made.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PERSON", "pattern": "Ann"},
            {"label": "place", "pattern": [{"LOWER": "new"}, {"LOWER": "york"}]},
            {"label": "DATE", "pattern": [{"IS_DIGIT": True}]},
        ]
    )
    made.to_disk(tmp_path / "pipeline")
    return str(tmp_path / "pipeline")


@pytest.mark.slow
@HAS_SPACY
def test_a_spacy_pipeline_finds_what_it_knows_by_the_interface_s_names(pipeline: str) -> None:
    annotator = Spacy("text", pipeline, {"PERSON": "person"})
    text = "😀\r\nAnn in new York, 2020"
    found = proposals(annotator, text, None, "")
    assert [each and each.value for each in found] == [
        [{"start": 3, "end": 6, "label": "person"}, {"start": 10, "end": 18, "label": "place"}],
        [],
        [],
    ]
    unnamed = proposals(Spacy("text", pipeline), text)[0]
    assert unnamed is not None
    assert [each["label"] for each in unnamed.value] == ["place"]


@HAS_SPACY
def test_a_pipeline_that_is_none_or_a_label_that_is_not_there_is_told(pipeline: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no spaCy pipeline"):
        proposals(Spacy("text", str(tmp_path)), "Ann")
    with pytest.raises(InputError, match="is no spaCy pipeline"):
        proposals(Spacy("text", "no_such_pipeline"), "Ann")
    with pytest.raises(InputError, match=r"labels\.PERSON: 'man' is not in the interface"):
        proposals(Spacy("text", pipeline, {"PERSON": "man"}), "Ann")


@pytest.mark.slow
@HAS_SPACY
def test_a_text_of_any_length_is_read(pipeline: str) -> None:
    [found] = proposals(Spacy("text", pipeline, {"PERSON": "person"}), "x" * 1_100_000 + " Ann")
    assert found is not None
    assert len(found.value) == 1

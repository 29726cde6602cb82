"""Published spans and relations, each form read back by its reader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.publishing import Conll, DocBin, Form, HuggingFace, TokenClassification, Version
from stages.publishing.spans import _doc, _marked
from stages.tasks import Choice, Combined, Relations, Spans
from tests.publishing.test_publishing import load, made, record  # noqa: F401  a fixture

NAMES = Spans("names", "text", ("person", "place"))
FORMS: dict[str, Form] = {"conll": Conll("text"), "tokens": TokenClassification("text"), "spacy": DocBin("text")}


def span(start: int, end: int, label: str = "person") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


RECORDS = {
    "train": [
        record(
            "1",
            "Ann Lee met 江泽民 in\r\n\tRome-West 😀.",
            [span(0, 7), span(12, 15), span(21, 25, "place"), span(21, 30, "place")],
        ),
        record("2", "Nobody   here", []),
    ],
    "validation": [record("3", "Unbelievable", [span(2, 9, "place")]), record("4", "who knows", None)],
    "test": [],
}
TAGGED = {
    "train": [
        [
            ["Ann", "Lee", "met", "江", "泽", "民", "in", "Rome", "-", "West", "😀", "."],
            [
                "B-person",
                "I-person",
                "O",
                "B-person",
                "I-person",
                "I-person",
                "O",
                "B-place",
                "I-place",
                "I-place",
                "O",
                "O",
            ],
        ],
        [["Nobody", "here"], ["O", "O"]],
    ],
    "validation": [[["Un", "believa", "ble"], ["O", "B-place", "O"]]],
    "test": [],
}


def written(form: str, folder: Path) -> Path:
    FORMS[form].write(folder / form, made(folder, RECORDS, NAMES))
    return folder / form


def test_conll_has_a_token_and_its_tag_in_each_line(tmp_path):
    folder = written("conll", tmp_path)
    for split, tagged in TAGGED.items():
        text = (folder / f"{split}.conll").read_text(encoding="utf-8")
        found = [each.split("\n") for each in text.removesuffix("\n\n").split("\n\n")] if text else []
        assert [list(map(list, zip(*map(str.split, lines), strict=True))) for lines in found] == tagged
    assert json.loads((folder / "left_out.json").read_text()) == {"train": 1, "validation": 0, "test": 0}


@pytest.mark.slow
def test_spacy_reads_conll(tmp_path):
    from spacy.training.converters import conll_ner_to_docs

    folder = written("conll", tmp_path)
    (docs,) = conll_ner_to_docs((folder / "train.conll").read_text(encoding="utf-8"), no_print=True)
    assert [(each.text, each.label_) for each in docs.ents] == [
        ("Ann Lee", "person"),
        ("江 泽 民", "person"),
        ("Rome - West", "place"),
    ]


def test_datasets_reads_tokens_and_tags(tmp_path, load):  # noqa: F811
    import datasets

    folder = written("tokens", tmp_path)
    files = {split: str(folder / f"{split}.jsonl") for split in ("train", "validation")}
    found = datasets.load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"))
    for split in files:
        assert [[row["tokens"], row["ner_tags"]] for row in found[split]] == TAGGED[split]
    assert found["validation"]["id"][:] == ["3"]
    assert json.loads((folder / "tags.json").read_text()) == ["O", "B-person", "I-person", "B-place", "I-place"]


@pytest.mark.slow
def test_spacy_reads_its_own_form_with_texts_and_all_spans_as_they_are(tmp_path):
    import spacy
    from spacy.tokens import DocBin as Reader

    folder = written("spacy", tmp_path)
    docs = list(Reader(store_user_data=True).from_disk(folder / "train.spacy").get_docs(spacy.blank("xx").vocab))
    for doc, each in zip(docs, RECORDS["train"], strict=True):
        assert (doc.user_data["id"], doc.text) == (each["id"], each["text"])
        assert [span(one.start_char, one.end_char, one.label_) for one in doc.spans["sc"]] == each["label"]
    assert [each.text for each in docs[0].ents] == ["Ann Lee", "江泽民", "Rome-West"]


CODE = """
import sys, pathlib
sys.path.insert(0, ".")
from tests.publishing.test_spans import FORMS, written
for form in FORMS:
    written(form, pathlib.Path(sys.argv[1]) / form)
"""


@pytest.mark.slow
def test_the_same_version_gives_the_same_bytes(tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.mkdir()
    other.mkdir()
    for form in FORMS:
        written(form, mine / form)
    env = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", CODE, str(other)], env=env, check=True)
    files = sorted(path.relative_to(mine) for path in mine.rglob("*") if path.is_file())
    assert len(files) > 9
    assert all((mine / path).read_bytes() == (other / path).read_bytes() for path in files)


pieces = st.sampled_from(
    [
        "Ann",
        " ",
        "  ",
        "\t",
        "\r\n",
        "\n\n",
        "江泽民",
        "é",
        "e\u0301",
        "😀",
        "👨‍👩‍👧",
        "שלום",
        "مرحبا",
        ".",
        "a_b",
        "3,5",
    ]
)


@st.composite
def texts(draw):
    text = "".join(draw(st.lists(pieces, min_size=1, max_size=12)))
    ends = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=5))
    spans = [span(min(pair), max(pair), draw(st.sampled_from(NAMES.labels))) for pair in pairs if pair[0] != pair[1]]
    return text, NAMES.ordered(spans)


@given(texts())
def test_tags_tell_of_whole_spans(drawn):
    text, spans = drawn
    found = _marked("1", text, spans, NAMES)
    assert "".join(word for word, _, _ in found.tokens) == "".join(text.split())
    ends = [place for place, tag in enumerate(found.tags) if tag[0] != "I"] + [len(found.tags)]
    told = {
        (found.tokens[start][1], found.tokens[end - 1][2], found.tags[start][2:])
        for start, end in pairwise(ends)
        if found.tags[start][0] == "B"
    }
    given = [(each["start"], each["end"], each["label"]) for each in found.spans]
    assert told <= set(given)
    assert found.left_out == len(spans) - len(told)


@pytest.mark.slow
@settings(deadline=None)
@given(texts())
@example(("AnnAnn", [span(0, 2), span(1, 4)]))  # of as many tokens, and not as long
def test_every_span_but_white_space_is_told_by_spacy_and_the_longest_by_tags(drawn):
    from spacy.vocab import Vocab

    text, spans = drawn
    found = _marked("1", text, spans, NAMES)
    doc = _doc(found, Vocab())
    assert doc.text == text
    told = [text[each["start"] : each["end"]].strip() for each in spans]
    assert sorted(each.text for each in doc.spans["sc"]) == sorted(each for each in told if each)
    tagged = [(start, tag[2:]) for (_, start, _), tag in zip(found.tokens, found.tags, strict=True) if tag[0] == "B"]
    assert tagged == [(each.start_char, each.label_) for each in doc.ents]
    assert found.left_out == len(spans) - len(doc.ents)


def test_a_span_beyond_the_text_names_its_record(tmp_path):
    records = {"train": [record("7", "Ann", [span(0, 4)])]}
    with pytest.raises(InputError, match="record 7: a span ends at 4, and the text has 3 characters"):
        Conll("text").write(tmp_path / "conll", made(tmp_path, records, NAMES))


def test_other_labels_and_fields_are_refused(tmp_path):
    version = made(tmp_path, {"train": []})
    with pytest.raises(InputError, match="carries spans, and this dataset has choice"):
        Conll("text").write(tmp_path / "conll", version)
    with pytest.raises(InputError, match="'body' is no text of this dataset"):
        TokenClassification("body").write(tmp_path / "tokens", replace(version, task=NAMES))


RELATED = Relations(NAMES, ("in",))
BOTH = Combined((RELATED, Choice("topic", "text", ("news", "sport"))))
VALUE = {"spans": [span(0, 3), span(7, 11, "place")], "relations": [{"head": 0, "tail": 1, "label": "in"}]}


@pytest.mark.parametrize(("task", "value"), [(RELATED, VALUE), (BOTH, {"names": VALUE, "topic": "news"})])
def test_parquet_carries_relations_and_several_controls(load, tmp_path, task, value):  # noqa: F811
    import mlcroissant

    version = made(tmp_path, {"train": [record("1", "Ann in Rome", value)]}, task)
    HuggingFace().write(tmp_path / "hf", version)
    found = load(tmp_path / "hf")["train"][0]["label"]
    names = list(task.labels)
    spans = (found if task is RELATED else found["names"])["spans"]
    assert [names[each["label"]] for each in spans] == ["person", "place"]
    assert found.get("topic", "news") == "news"
    assert [row["train/id"] for row in mlcroissant.Dataset(str(tmp_path / "hf/croissant.json")).records("train")] == [
        b"1"
    ]


def test_relations_are_published_with_their_spans(tmp_path):
    version: Version = made(tmp_path, {"train": [record("1", "Ann in Rome", VALUE)]}, RELATED)
    Conll("text").write(tmp_path / "conll", version)
    assert (tmp_path / "conll/train.conll").read_text() == "Ann B-person\nin O\nRome B-place\n\n"

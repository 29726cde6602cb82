"""Labels that a field of the records has become a round."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from stages import InputError, tables
from stages.importing import fields
from stages.importing.__main__ import run
from stages.review import read_rounds
from stages.tasks import Choice, Interface, Rating, Spans, Task, Text

ROOT = Path(__file__).resolve().parents[2]
TONE = Choice("tone", "text", ("good", "bad"))
TONES = Choice("tone", "text", ("good", "bad"), multiple=True)
STARS = Rating("stars", "text", ("1", "2", "3"))
REPLY = Text("reply", "text")


def values(task: Task, *cells: object) -> list[object]:
    numbered = [(str(number), cell) for number, cell in enumerate(cells)]
    return [task.parse(each.result) for each in fields.labelled("label", numbered, Interface(task, "", "", "", {}))]


@pytest.mark.parametrize(
    ("task", "cells", "expected"),
    [
        (TONE, ["good", " bad ", "", None, float("nan")], ["good", "bad"]),
        (TONES, ['["good", "bad"]', '["bad"]', ["bad", "good"], ""], [["bad", "good"], ["bad"], ["bad", "good"]]),
        (STARS, ["3", 1, 2.0, None], [3, 1, 2]),
        (REPLY, ["Thank you.", None], ["Thank you."]),
    ],
)
def test_a_cell_says_a_value_and_an_empty_one_none(task, cells, expected):
    assert values(task, *cells) == expected


@pytest.mark.parametrize(
    ("task", "cell", "message"),
    [
        (TONE, "god", "record '0', field 'label': the label 'god' is not in the labelling interface; it has good, bad"),
        (TONES, "good, bad", "a list of labels in JSON is expected"),
        (TONES, '["good", "god"]', "the label 'god' is not in the labelling interface"),
        (TONES, 3, "a list of labels in JSON is expected"),
        (STARS, 2.5, "the label '2.5' is not in the labelling interface; it has 1, 2, 3"),
        (REPLY, 3, "a text is expected, found 3"),
        (REPLY, "  ", "a text is expected, found an empty one"),
        (Spans("names", "text", ("person",)), "x", "asks for spans; choices, ratings and texts can be read"),
    ],
)
def test_what_is_no_label_is_refused_with_its_record(task, cell, message):
    with pytest.raises(InputError, match=message):
        values(task, cell)


def test_an_earlier_label_is_taken_as_the_field_has_it():
    (label,) = values(Choice("tone", "text", ("good", "bad", "fine")), "fine")
    (found,) = fields.labelled("label", [("1", "fine")], Interface(TONE, "", "", "", {"fine": "good"}))
    assert found.result[0]["value"]["choices"] == [label]  # rounds are corrected when they are read


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of four collected records, of which cleaning rejected one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "conf", "conf")
    Path("params.yaml").write_text("dataset: mails\nseed: 1\n")
    Path("conf/dataset/mails.yaml").write_text(
        "name: mails\nlabeling: mails\nabout: {title: Mails, license: MIT}\nsources: {a: {_target_: x}}\n"
        "fields: {text: text, tone: text}\nshown: [text]\n"
    )
    Path("conf/labeling/mails.xml").write_text(
        '<View><Text name="text" value="$text"/><Choices name="tone" toName="text"><Choice value="good"/>'
        '<Choice value="bad"/></Choices></View>'
    )
    Path("conf/labeling/mails.md").write_text("Choose.")
    frame = pd.DataFrame({"id": list("1234"), "text": list("abcc"), "tone": ["good", None, "bad", "bad"]})
    collect(frame)
    kept = frame[:3].assign(content=["ca", "cb", "cc"])
    tables.write("data/clean/records", [kept], {"id": "text", "content": "text", "text": "text", "tone": "text"})
    tables.write("data/clean/rejected", [frame[3:].assign(reason="same as 3")], {"id": "text", "reason": "text"})
    return frame


def collect(frame: pd.DataFrame) -> None:
    shutil.rmtree("data/collected", ignore_errors=True)
    tables.write("data/collected", [frame], {"id": "text", "text": "text", "tone": "text"})


def test_the_labels_become_a_round_of_answers_that_nobody_was_asked_for(project, capsys):
    assert not run("field", "tone", "crm")
    lines = list(tables.read_lines("data/annotations/round-0001.jsonl"))
    assert [(line["record"], line["content"], line["annotator"], line["queue"]) for line in lines] == [
        ("1", "ca", "crm", "direct"),
        ("3", "cc", "crm", "direct"),
    ]
    found = read_rounds([Path("data/annotations/round-0001.jsonl")], TONE)
    assert [each.value for each in found] == ["good", "bad"]
    told = capsys.readouterr().out
    assert "2 labelled records, 0 as they were" in told
    assert "1 left out:\n  record '4', field 'tone': rejected by clean (same as 3)" in told


def test_a_second_run_writes_what_is_new_alone(project, capsys):
    run("field", "tone", "crm")
    run("field", "tone", "crm")
    assert "nothing new, no round written: 0 labelled records, 2 as they were" in capsys.readouterr().out
    project.loc[1, "tone"] = "good"
    collect(project)
    run("field", "tone", "crm")
    assert [line["record"] for line in tables.read_lines("data/annotations/round-0002.jsonl")] == ["2"]


def test_the_field_has_to_be_declared_and_hidden(project):
    with pytest.raises(InputError, match=r"declares no field 'label'; it has text, tone\. Declare it"):
        run("field", "label", "crm")
    with pytest.raises(InputError, match="'text' is among the fields `shown`, so people and models would see"):
        run("field", "text", "crm")
    assert not list(Path("data/annotations").glob("*.jsonl"))

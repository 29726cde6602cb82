"""The same pipeline for pictures, by other choices: handwritten digits, from the source to the guarantee."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from sklearn.datasets import load_digits

from stages import tables
from tests.e2e.project import OTHERWISE, Project, new, offline_command, ran, twin

CHOICES = {"dataset": "digits", "cleaning": "images", "annotator": "image_linear", "augmentation": "images"}
REVIEW = {"overlap": 3, "audit": {"number": 1, "size": 300}}


@pytest.fixture(scope="session")
def digits(shared) -> Project:
    """The shipped rounds of the digits, after `dvc exp run`. Not to be changed."""

    def build(folder: Path) -> None:
        project = new(folder / "digits")
        project.edit("conf/review/default.yaml", **REVIEW)
        choices = [part for group, option in CHOICES.items() for part in ("-S", f"{group}={option}")]
        printed = project.do("dvc", "exp", "run", *choices, env={"LABELMILL_PROCESSES": "1"})
        project.write("../printed", printed)

    return Project(shared("pictures", build) / "digits")


def test_choices_alone_make_a_pipeline_for_pictures(digits):
    assert ran(digits.path("../printed").read_text(encoding="utf-8")) == list(digits.pipeline)
    quality = digits.report("quality")
    assert quality["dataset"]["name"] == "digits"
    assert (quality["dataset"]["records"], quality["dataset"]["rejected"]) == (1797, 0)


def test_two_processes_elsewhere_and_offline_make_the_same_bytes(digits, tmp_path):
    other = twin(digits, tmp_path / "another place")
    cut_off, env = offline_command()
    other.do(*cut_off, *other.in_order(*other.pipeline), env=OTHERWISE | env)
    assert other.made() == digits.made()
    assert other.drafts() == []


def test_the_guarantee_holds_against_the_truth(digits):
    truth = {f"digit-{place:04d}": str(digit) for place, digit in enumerate(load_digits().target)}
    stated = digits.report("guarantee")
    lines = [line for line in digits.lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    wrong = sum(line["value"] != truth[line["record"]] for line in lines)
    assert len(lines) == stated["accepted"] > 900
    assert wrong <= stated["error_bound"] * len(truth)
    assert digits.report("quality")["annotator"]["audit"]["accuracy"]["value"] > 0.95


def test_every_record_and_every_copy_names_a_file_of_its_own(digits):
    for folder in ("data/clean/records", "data/augmented"):
        table = tables.read(digits.path(folder), ["id", "image"])
        assert len(table["id"]) > 1000
        assert table["image"].tolist() == [f"{folder}/_media/{id}.png" for id in table["id"]]
        assert {path.name for path in digits.path(f"{folder}/_media").iterdir()} == {f"{id}.png" for id in table["id"]}


def test_copies_are_made_of_labelled_training_records_alone(digits):
    copies = tables.read(digits.path("data/augmented"), ["parent", "label"])
    train = tables.read(digits.path("data/dataset/train"), ["id", "label"]).dropna()
    labels = dict(zip(train["id"], train["label"], strict=True))
    assert dict(zip(copies["parent"], copies["label"], strict=True)) == labels


def test_people_are_shown_the_pictures(digits):
    tasks = json.loads(digits.text("data/review/tasks.json"))
    assert tasks
    for task in tasks:
        place = task["data"]["image"].removeprefix("/data/local-files/?d=")
        assert digits.path(f"data/{place}").is_file()
        assert task["predictions"][0]["result"][0]["value"]["choices"][0] in set("0123456789")


def test_the_rounds_were_played_with_the_declared_slips(digits):
    truth = {f"digit-{place:04d}": str(digit) for place, digit in enumerate(load_digits().target)}
    rounds = sorted(digits.path("data/annotations/digits").glob("round-*.jsonl"))
    said = [each for path in rounds for each in digits.lines(str(path.relative_to(digits.folder)))]
    assert {each["annotator"].partition("-")[0] for each in said} == {"played"}
    assert Counter(each["queue"] for each in said) == {"random": 900, "active": 300, "audit:1": 900}
    wrong = [each for each in said if each["result"][0]["value"]["choices"] != [truth[each["record"]]]]
    assert 0.02 < len(wrong) / len(said) < 0.04

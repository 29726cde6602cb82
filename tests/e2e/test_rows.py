"""The same pipeline for rows of a table, by other choices: penguins, from the source to the guarantee."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.played import truth
from stages import tables
from tests.e2e.project import OTHERWISE, Project, new, offline_command, ran, twin

CHOICES = {
    "dataset": "penguins",
    "cleaning": "tables",
    "annotator": "columns",
    "review": "penguins",
    "augmentation": "none",
    "publish": "tables",
}

pytestmark = pytest.mark.network  # collect fetches the penguins


@pytest.fixture(scope="session")
def penguins(shared) -> Project:
    """The shipped rounds of the penguins, after `dvc exp run`. Not to be changed."""

    def build(folder: Path) -> None:
        project = new(folder / "penguins")
        choices = [part for group, option in CHOICES.items() for part in ("-S", f"{group}={option}")]
        project.write("../printed", project.do("dvc", "exp", "run", *choices, env={"LABELMILL_PROCESSES": "1"}))

    return Project(shared("rows", build) / "penguins")


def test_choices_alone_make_a_pipeline_for_rows(penguins):
    assert ran(penguins.path("../printed").read_text(encoding="utf-8")) == list(penguins.pipeline)
    quality = penguins.report("quality")
    assert quality["dataset"]["name"] == "penguins"
    assert (quality["dataset"]["records"], quality["dataset"]["rejected"]) == (342, 2)


def test_two_processes_elsewhere_and_offline_make_the_same_bytes(penguins, tmp_path):
    other = twin(penguins, tmp_path / "another place")
    cut_off, env = offline_command()
    other.do(*cut_off, *other.in_order(*other.pipeline), env=OTHERWISE | env)
    assert other.made() == penguins.made()


def test_the_guarantee_holds_against_the_truth(penguins):
    known, stated = truth("penguins"), penguins.report("guarantee")
    lines = [line for line in penguins.lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    wrong = sum(line["value"] != known[line["record"]] for line in lines)
    assert len(lines) == stated["accepted"] > 100
    assert wrong <= stated["error_bound"] * stated["population"]
    assert penguins.report("quality")["annotator"]["audit"]["accuracy"]["value"] > 0.95


def test_features_are_published(penguins):
    train = tables.read(penguins.path("data/published/features/train"))
    assert {"bill_length_mm", "island=Dream", "sex=male", "label"} <= set(train)
    assert train.notna().all(axis=None)
    assert abs(train["body_mass_g"].mean()) < 0.01


def test_people_are_shown_the_row_and_gaps_stay_gaps(penguins):
    records = tables.read(penguins.path("data/clean/records")).set_index("id")
    assert records["sex"].isna().sum() == 9
    assert records["body_mass_g"].dtype == float
    tasks = json.loads(penguins.text("data/review/tasks.json"))
    assert tasks
    for task in tasks:
        row = records.loc[task["data"]["record"]]
        assert task["data"]["bill_length_mm"] == row["bill_length_mm"]
        assert (task["data"]["sex"] is None) == (row["sex"] != row["sex"])


def test_the_rounds_were_played_with_the_declared_slips(penguins):
    known = truth("penguins")
    rounds = sorted(penguins.path("data/annotations/penguins").glob("round-*.jsonl"))
    said = [each for path in rounds for each in penguins.lines(str(path.relative_to(penguins.folder)))]
    assert {each["annotator"].partition("-")[0] for each in said} == {"played"}
    assert Counter(each["queue"] for each in said) == {"random": 210, "active": 90, "audit:1": 240}
    wrong = [each for each in said if each["result"][0]["value"]["choices"] != [known[each["record"]]]]
    assert 0.01 < len(wrong) / len(said) < 0.05

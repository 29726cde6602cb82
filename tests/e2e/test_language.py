"""The same pipeline for preferences and for free texts, from files made here."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.answers import write_round
from stages import tables, tasks
from tests.e2e.datasets import MOODS, PLAIN, write_csv
from tests.e2e.project import Project, new

ONE = {"LABELMILL_PROCESSES": "1"}
SHOWN = {
    "preferences": '<Text name="a" value="$one"/><Text name="b" value="$two"/><Pairwise name="better" toName="a,b"/>',
    "summaries": '<Text name="text" value="$text"/><TextArea name="summary" toName="text"/>',
}
CHOICES = {
    "preferences": {"annotator": "preference", "publish": "preferences", "quality": "default"},
    "summaries": {"annotator": "extract", "publish": "instructions", "quality": "texts"},
}


def preferences(count: int) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], dict[str, str]]:
    """Pairs of reviews, of which the one in the better mood is preferred."""
    draw = random.Random(4)
    rows, truth = {}, {}
    for number in range(count):
        moods = draw.sample(list(MOODS), 2)
        texts = [" ".join(draw.sample(MOODS[mood], 2) + draw.sample(PLAIN, 5)) for mood in moods]
        id = f"p{number:03}"
        rows[id] = tuple(texts)
        truth[id] = "left" if list(MOODS).index(moods[0]) < list(MOODS).index(moods[1]) else "right"
    return ("one", "two"), rows, truth


def summaries(count: int) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], dict[str, str]]:
    """Texts of four sentences, of which one has what the others speak of."""
    draw = random.Random(5)
    rows, truth = {}, {}
    for number in range(count):
        who, what, when = draw.choice(PLAIN[3:]), draw.choice(MOODS["negative"]), draw.choice(MOODS["neutral"])
        key = f"On {when} the {who} {number} was called {what} by everybody there."
        others = [f"The {who} {number} came late.", f"Somebody on {when} was there.", f"All found it {what}."]
        parts = [*others, key]
        draw.shuffle(parts)
        id = f"s{number:03}"
        rows[id] = (" ".join(parts),)
        truth[id] = key
    return ("text",), rows, truth


MADE: dict[str, Callable[[int], Any]] = {"preferences": preferences, "summaries": summaries}


@pytest.fixture(params=list(MADE))
def made(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Project, dict[str, str]]:
    """A dataset of its own, after a round of chance and an audit, in which two people are right nine times in ten."""
    name = request.param
    project = new(tmp_path / name)
    fields, rows, truth = MADE[name](240)
    write_csv(project, name, [(id, *texts) for id, texts in rows.items()], "id", *fields)
    declared = {
        "name": name,
        "labeling": name,
        "about": {"title": name, "license": "MIT", "citation": None},
        "sources": {
            "files": {
                "_target_": "stages.sources.Files",
                "path": f"data/raw/{name}.csv",
                "format": "csv",
                "encoding": "utf-8",
            }
        },
        "id": "id",
        "fields": dict.fromkeys(fields, "text"),
        "shown": list(fields),
        "group": None,
    }
    project.write(f"conf/dataset/{name}.yaml", json.dumps(declared))
    project.write(f"conf/labeling/{name}.xml", f"<View>{SHOWN[name]}</View>")
    project.write(f"conf/labeling/{name}.md", "# As you like it\n")
    project.edit("params.yaml", dataset=name, cleaning="text", augmentation="none", **CHOICES[name])
    missing = {"_target_": "stages.cleaning.Missing", "fields": list(fields)}
    project.write("conf/cleaning/text.yaml", json.dumps({"missing": missing}))
    project.edit("conf/review/default.yaml", overlap=2, batch=80)
    interface = tasks.read(project.path("conf/labeling"), name)
    monkeypatch.chdir(project.folder)

    def answer(record: str, asked: set[str]) -> dict[str, str]:
        others = [each for id, each in truth.items() if id != record and each != truth[record]]
        said = {}
        for person in ("ann", "bob"):
            draw = random.Random(f"{record} {person}")
            said[person] = draw.choice(others) if draw.random() < 0.1 else truth[record]
        return said

    last = ("import_labels", "annotate", "export_tasks")
    project.do(*project.in_order("collect", "clean", "split", *last), env=ONE)
    write_round(Path("data/annotations"), interface, answer)
    project.edit("conf/review/default.yaml", audit={"number": 1, "size": 60})
    project.do(*project.in_order(*last), env=ONE)
    write_round(Path("data/annotations"), interface, answer)
    rest = [each for each in project.pipeline if each not in ("collect", "clean", "split", "track")]
    project.do(*project.in_order(*rest), env=ONE)
    return project, truth


def known_in(project: Project, split: str) -> set[str]:
    table = tables.read(project.path(f"data/dataset/{split}"), ["id", "label"])
    return set(table["id"][table["label"].notna()])


@pytest.mark.slow
def test_choices_alone_make_the_pipeline(made):
    project, truth = made
    task = tasks.read(project.path("conf/labeling"), project.report("quality")["dataset"]["name"]).task
    stated = project.report("quality")
    assert stated["annotator"]["audit"]["n"] == 60
    assert stated["annotator"]["audit"][task.headline]["value"] > 0.6
    lines = project.lines("data/dataset/labels.jsonl")
    assert {line["origin"] for line in lines} == {"human", "auto"}
    auto = [line for line in lines if line["origin"] == "auto"]
    wrong = sum(task.compare(truth[line["record"]], line["value"]) < task.bar for line in auto)
    assert len(auto) == stated["guarantee"]["accepted"] > 0
    assert wrong <= stated["guarantee"]["error_bound"] * stated["dataset"]["records"]
    for split in ("train", "validation", "test"):
        table = tables.read(project.path(f"data/dataset/{split}"), ["id", "label"])
        known = {line["record"]: line["value"] for line in lines}
        assert [tables.plain(each) for each in table["label"]] == [known.get(id) for id in table["id"]]
    published = "preferences" if task.type == "pairwise" else "chat"
    told = project.lines(f"data/published/{published}/train.jsonl")
    assert [line["id"] for line in told] == sorted(known_in(project, "train"))
    assert "<h1>" in project.text("reports/index.html")

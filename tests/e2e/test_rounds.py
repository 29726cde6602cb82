"""The loop on the default dataset: people answer what the pipeline asks, until a version states its guarantee."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.project import LABELS, OTHERWISE, SEED, Project, clone, new, offline_command, ran, twin

AGAIN = ("adjudicate: ", "suspicious", "near-duplicate disagrees")  # why what was answered is asked again

pytestmark = pytest.mark.network  # collect fetches the default dataset

AUDIT = {"number": 1, "size": 300}
BELOW_ROUNDS = ["import_labels", "annotate", "export_tasks", "assemble", "augment", "evaluate", "publish", "track"]


@pytest.fixture(scope="session")
def story(shared) -> dict[str, Project]:
    """The project after each chapter; what `dvc repro` printed in the first two is in a file beside it."""
    folder = shared("story", _story)
    return {name: Project(folder / name) for name in ("unlabelled", "labelled", "opened", "audited")}


def _story(folder: Path) -> None:
    def answer(earlier: str, later: str) -> Project:
        project = clone(Project(folder / earlier), folder / later)
        project.do("python", "-m", "benchmarks.raters", "--people", "3")
        return project

    unlabelled = new(folder / "unlabelled")
    unlabelled.write("../unlabelled.txt", unlabelled.do("dvc", "repro"))
    labelled = answer("unlabelled", "labelled")
    labelled.write("../labelled.txt", labelled.do("dvc", "repro"))
    opened = answer("labelled", "opened")
    opened.edit("conf/review/default.yaml", audit=AUDIT)
    opened.do(*opened.in_order(*BELOW_ROUNDS))
    audited = answer("opened", "audited")
    audited.do(*audited.in_order(*BELOW_ROUNDS))


def printed(project: Project) -> str:
    return project.folder.with_suffix(".txt").read_text(encoding="utf-8")


def test_without_any_label_the_pipeline_runs_to_the_end_and_says_what_is_missing(story):
    project = story["unlabelled"]
    assert ran(printed(project)) == list(project.pipeline)
    quality = project.report("quality")
    assert quality["dataset"]["labelled"] == {"human": 0, "auto": 0, "none": quality["dataset"]["records"]}
    for block in (quality["annotator"]["cross_validated"], quality["annotator"]["audit"]):
        assert block["n"] == 0
        assert block["accuracy"]["value"] is None
        assert "labels are needed" in block["accuracy"].get("reason", block.get("reason"))
    assert "no audit is open" in quality["guarantee"]["reason"]
    assert not quality["gates"]["passed"]
    summary = project.do("python", "-m", "stages.report")
    assert "0 by people" in summary
    assert "no audit is open" in " ".join(summary.split())
    assert {task["queue"] for task in project.queue()} == {"random"}


def test_the_first_queue_is_the_first_of_the_permutation(story):
    project = story["unlabelled"]
    ids = pq.read_table(project.path("data/clean/records"), columns=["id"])["id"].to_pylist()
    place = {each: sha256(f"random|{SEED}|{each}".encode()).hexdigest() for each in ids}
    assert [task["record"] for task in project.queue()] == sorted(ids, key=place.__getitem__)[:200]


def test_a_new_round_runs_import_labels_and_what_is_below_it_alone(story):
    assert ran(printed(story["labelled"])) == BELOW_ROUNDS


def test_after_the_first_round_people_are_asked_at_random_and_actively(story):
    project = story["labelled"]
    counts = project.report("queue")["queues"]
    assert counts == {"active": 100, "random": 100}
    answered = {said["record"] for said in project.lines("data/annotations/round-0001.jsonl")}
    again = [task for task in project.queue() if task["record"] in answered]
    assert again
    assert all(task["why"].startswith(AGAIN) for task in again)
    assert all(task.get("predictions") for task in json.loads(project.text("data/review/tasks.json")))
    assert project.report("quality")["annotator"]["cross_validated"]["n"] == 200


def test_opening_an_audit_asks_for_its_sample_alone(story):
    project = story["opened"]
    assert project.report("queue")["queues"] == {"audit:1": 300}
    labelled = {line["record"] for line in project.lines("data/labels/human.jsonl") if line["value"]}
    assert not labelled & {task["record"] for task in project.queue()}
    assert "300 of 300" in project.report("guarantee")["reason"]
    assert project.report("guarantee")["accepted"] == 0


def test_the_answered_audit_states_a_guarantee(story):
    project = story["audited"]
    quality = project.report("quality")
    stated = quality["guarantee"]
    assert stated.get("reason") is None
    assert stated["audit"] == 1
    assert stated["sample"] == quality["annotator"]["audit"]["n"] == 300
    assert 0 < stated["accepted"] <= stated["population"]
    assert stated["error_bound"] <= stated["epsilon"]
    auto = [line for line in project.lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    assert len(auto) == stated["accepted"] == quality["dataset"]["labelled"]["auto"]


def test_the_annotator_never_learns_from_the_audit(story):
    learned = [project.report("annotator")["learned"] for project in (story["opened"], story["audited"])]
    assert learned[0] == learned[1]
    assert story["opened"].content("data/labels/auto.jsonl") == story["audited"].content("data/labels/auto.jsonl")


@pytest.mark.parametrize(
    ("scope", "of", "epsilon"),
    [("dataset", None, 0.1), ("accepted", None, 0.5), ("class", "dataset", 0.4), ("class", "accepted", 0.5)],
)
def test_anyone_can_recompute_the_guarantee_from_the_files(story, tmp_path, scope, of, epsilon):
    project = story["audited"]
    if scope != "dataset":
        project = clone(project, tmp_path / "scope")
        options = {"guarantee__scope": scope, "guarantee__class_scope": of, "guarantee__epsilon": epsilon}
        project.edit("conf/quality/default.yaml", **options)
        project.do(*project.in_order("assemble"))
    script = Path(__file__).with_name("recompute.py")
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "stages" not in text
    done = subprocess.run([sys.executable, "-I", script, project.folder], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    stated = project.report("guarantee")
    assert stated["scope"] == scope
    assert {key: stated[key] for key in ("sample", "population", "errors", "accepted")} | {
        "admitted": [line["record"] for line in project.lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    } == found


def test_with_nothing_new_a_second_run_does_nothing(story, tmp_path):
    project = clone(story["labelled"], tmp_path / "again")
    before = project.text("dvc.lock")
    output = project.do("dvc", "repro")
    assert ran(output) == []
    assert "up to date" in output
    assert project.text("dvc.lock") == before


def test_a_version_does_not_depend_on_how_it_came_about(story, tmp_path):
    fresh = twin(story["audited"], tmp_path / "elsewhere")
    first, *others = fresh.pipeline
    fresh.do(*fresh.in_order(first), env=OTHERWISE)
    cut_off, env = offline_command()
    fresh.do(*cut_off, *fresh.in_order(*others), env=OTHERWISE | env)  # after collect nothing needs the network
    assert fresh.made() == story["audited"].made()


def test_what_was_answered_is_what_is_imported(copy):
    asked = [task for task in copy.queue() if not task["why"].startswith(AGAIN)]
    said = {task["record"]: LABELS[number % 3] for number, task in enumerate(asked)}
    queues = {task["record"]: task["queue"] for task in asked}
    assert set(queues.values()) == {"random", "active"}
    for name in ("random", "active"):
        chosen = [task for task in asked if task["queue"] == name]
        copy.add_round({task["record"]: (task["content"], said[task["record"]]) for task in chosen}, queue=name)
    copy.do(*copy.in_order("import_labels"))
    imported = {line["record"]: line for line in copy.lines("data/labels/human.jsonl")}
    assert {record: imported[record]["value"] for record in said} == said
    assert {record: imported[record]["queues"] for record in said} == {each: [queue] for each, queue in queues.items()}
    assert copy.report("agreement")["stale"]["count"] == 0


def test_the_lineage_of_a_record_tells_its_way_from_the_source_to_the_dataset(story):
    project = story["audited"]
    record = project.lines("data/annotations/round-0003.jsonl")[0]["record"]
    told = project.do("python", "-m", "stages.versions", "lineage", record).splitlines()
    stages = [line.split()[0] for line in told]
    assert stages[:3] == ["collect", "clean", "split"]
    assert stages.count("round-0003") == 3
    assert "asked as audit:1, shown" in told[stages.index("round-0003")]
    assert stages[-3:] == ["import_labels", "annotate", "assemble"]
    assert "of 3 people" in told[-3]
    unknown = project.run("python", "-m", "stages.versions", "lineage", "nobody")
    assert (unknown.returncode, "no record has this id" in unknown.stderr) == (2, True)

"""Too little or wrong input: the pipeline runs to the end and says what is missing, or stops with one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e import datasets
from tests.e2e.project import Project, content_of, new

TOPICS = ("billing", "delivery", "product", "other")


@pytest.fixture
def project(tmp_path) -> Project:
    """A project whose dataset is whatever CSV files a test writes."""
    made = new(tmp_path / "project")
    datasets.use_files(made)
    return made


def to_the_end(project: Project) -> Any:
    """Run all but the record in MLflow; check that nothing is left out in silence; give the statement of quality."""
    project.do(*project.in_order(*(name for name in project.pipeline if name != "track")))
    quality = project.report("quality")
    assert list(unexplained(quality)) == []
    assert quality["dataset"]["fingerprint"] in project.text("reports/index.html")
    assert quality["dataset"]["fingerprint"] in project.do("python", "-m", "stages.report")
    cleaning = project.report("cleaning")
    assert cleaning["seen"] == cleaning["kept"] + cleaning["rejected"]
    assert quality["dataset"]["records"] == cleaning["kept"]
    return quality


def unexplained(tree: dict[str, Any], reasons: tuple[Any, ...] = (), path: str = "") -> Iterator[str]:
    """Nulls without a reason beside or above them."""
    reasons = (*reasons, tree.get("reason"))
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from unexplained(value, reasons, f"{path}.{key}")
        elif value is None and key != "reason" and not any(reasons):
            yield f"{path}.{key}"


def stops(project: Project, stage: str, *said: str) -> None:
    """Check that a stage stops with one line that says all this, and leaves everything as it was."""
    before = project.made(), project.rounds()
    done = project.stage(stage)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("error: ")
    assert all(each in done.stderr for each in said), done.stderr
    assert (project.made(), project.rounds()) == before
    assert project.drafts() == []


def test_a_dataset_without_records(project):
    datasets.write_csv(project, "rows", [])
    quality = to_the_end(project)
    assert quality["dataset"]["records"] == 0
    assert project.queue() == []
    assert pq.read_table(project.path("data/dataset/train")).column_names[0] == "id"


def test_one_record(project):
    datasets.write_csv(project, "rows", [("1", "one single text")])
    quality = to_the_end(project)
    assert quality["dataset"]["records"] == 1
    assert [task["record"] for task in project.queue()] == ["1"]


def test_one_class(project):
    made = datasets.reviews(40)
    datasets.write_csv(project, "rows", [(id, text) for id, (text, _) in made.items()])
    project.add_round({id: (content_of(text), "positive") for id, (text, _) in list(made.items())[:30]})
    quality = to_the_end(project)
    assert quality["dataset"]["labelled"] == {"human": 30, "auto": 0, "none": 10}
    assert "labels of at least two kinds" in quality["annotator"]["cross_validated"]["reason"]
    assert quality["agreement"]["alpha"]["value"] is None


def test_every_record_rejected(project):
    datasets.write_csv(project, "rows", [("1", "a"), ("2", ""), ("3", "  ")])
    quality = to_the_end(project)
    assert quality["dataset"]["records"] == 0
    assert quality["dataset"]["rejected"] == 3
    rejected = pq.read_table(project.path("data/clean/rejected")).to_pylist()
    assert {row["id"]: row["operator"] for row in rejected} == {"1": "length", "2": "missing", "3": "missing"}
    assert all(row["reason"] for row in rejected)


def test_an_audit_of_records_that_people_cannot_judge(project):
    made = datasets.reviews(40)
    datasets.write_csv(project, "rows", [(id, text) for id, (text, _) in made.items()])
    datasets.label(project, made, list(made)[:20])
    skipped = {id: (content_of(made[id][0]), []) for id in list(made)[20:]}
    project.add_round(skipped, queue="audit:1")
    path = "data/annotations/round-0003.jsonl"
    project.write(path, project.text(path).replace("submitted", "skipped"))
    project.edit("conf/review/default.yaml", audit={"number": 1, "size": 50})
    quality = to_the_end(project)
    assert quality["guarantee"]["sample"] == quality["guarantee"]["errors"] == 20
    assert quality["annotator"]["audit"]["n"] == 0
    assert quality["dataset"]["labelled"]["human"] == 20


def test_several_labels_per_record(project):
    project.edit("params.yaml", dataset="your_own", cleaning="tickets")
    project.write("conf/cleaning/tickets.yaml", "missing:\n  _target_: stages.cleaning.Missing\n  fields: [body]\n")
    rows = [(f"ticket {n}", text, "2026-11-22", str(n)) for n, (text, _) in enumerate(datasets.reviews(60).values())]
    project.path("data/raw/tickets").mkdir()
    datasets.write_csv(project, "tickets/export", rows, "subject", "body", "opened", "minutes_open")
    said = [[TOPICS[n % 4]] if n % 3 else sorted({TOPICS[n % 4], TOPICS[n // 4 % 4]}) for n in range(60)]
    project.do(*project.in_order("collect", "clean"))
    records = pq.read_table(project.path("data/clean/records")).to_pylist()
    place = {f"ticket {n}": n for n in range(60)}
    labelled = {row["id"]: (row["content"], said[place[row["subject"]]]) for row in records[:40]}
    assert {row["content"] for row in records} == {content_of(row["subject"], row["body"]) for row in records}
    nothing = records[0]["id"]
    labelled[nothing] = (records[0]["content"], [])
    project.add_round(labelled, control=("topic", "body"))
    quality = to_the_end(project)
    human = {line["record"]: line["value"] for line in project.lines("data/labels/human.jsonl")}
    assert human == {id: value for id, (_, value) in labelled.items()}
    assert quality["dataset"]["labelled"]["human"] == 40
    assert quality["annotator"]["cross_validated"]["n"] == 40
    asked = project.queue()
    fresh = {task["record"] for task in asked if not task["why"].startswith("suspicious")}
    assert fresh == {row["id"] for row in records[40:]}
    assert all(set(task) >= {"record", "content", "queue", "subject", "body"} for task in asked)
    kept = [
        row
        for split in ("train", "validation", "test")
        for row in pq.read_table(project.path(f"data/dataset/{split}")).to_pylist()
    ]
    assert {row["id"]: row["label"] for row in kept if row["origin"]} == human


def test_rounds_for_records_that_are_gone_or_rejected_are_counted_and_named(small, copy):
    copy.add_round({"r9999": ("000000000000", "positive"), "x2": ("000000000000", "neutral")}, "cleo")
    copy.do(*copy.in_order("import_labels"))
    unknown = copy.report("agreement")["unknown"]
    assert unknown == {"gone": {"count": 1, "records": ["r9999"]}, "rejected": {"count": 1, "records": ["x2"]}}
    assert copy.text("data/labels/human.jsonl") == small.text("data/labels/human.jsonl")


def test_answers_to_what_has_changed_since_are_counted_and_named(copy):
    copy.add_round({"r0001": ("000000000000", "positive")}, "cleo")
    copy.do(*copy.in_order("import_labels"))
    assert copy.report("agreement")["stale"] == {"count": 1, "records": ["r0001"]}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"record": "r0001"', "not a line of JSON"),
        (b'{"record": "\xe9"}', "UTF-8"),
    ],
)
def test_a_broken_line_in_a_round(copy, line, said):
    path = copy.path("data/annotations/round-0002.jsonl")
    path.write_bytes(path.read_bytes() + line + b"\n")
    stops(copy, "import_labels", "data/annotations/round-0002.jsonl, line 121", said)


def test_an_unknown_label_in_a_round(copy):
    copy.add_round({"r0001": ("000000000000", "positiv")})
    said = ("round-0003.jsonl, line 1", "'positiv'", "positive, neutral, negative")
    stops(copy, "import_labels", *said)


def test_a_file_in_another_encoding(copy):
    copy.path("data/raw/east.csv").write_bytes("id,text\n1,good\n2,caf\u00e9\n".encode("cp1252"))
    stops(copy, "collect", "data/raw/east.csv, line 3, byte offset 20", "utf-8", "cp1252")


def test_an_id_in_two_files(copy):
    datasets.write_csv(copy, "twice", [("r0000", "another text")])
    stops(copy, "collect", "'r0000'", "data/raw/twice.csv, line 2", "data/raw/east.csv, line 2")


def test_a_row_with_a_cell_too_many(copy):
    copy.write("data/raw/east.csv", "id,text\n1,well, well\n")
    stops(copy, "collect", "data/raw/east.csv, line 2", "3 cells where 2 columns")


def test_an_interface_that_shows_a_field_which_people_do_not_see(copy):
    path = "conf/labeling/tweets.xml"
    copy.write(path, copy.text(path).replace('value="$text"', 'value="$title"'))
    stops(copy, "import_labels", path, "$title", "allowed are text, record")


def test_an_interface_without_choices(copy):
    copy.write("conf/labeling/tweets.xml", '<View><Text name="text" value="$text"/></View>')
    stops(copy, "import_labels", "conf/labeling/tweets.xml", "Choices")


def test_a_setting_of_the_wrong_type(copy):
    copy.edit("conf/cleaning/text.yaml", length__minimum="three")
    stops(copy, "clean", "conf/cleaning/text.yaml: length.minimum", "'three'")


def test_a_choice_that_does_not_exist(copy):
    copy.edit("params.yaml", annotator="psychic")
    done = copy.run("dvc", "repro")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert "conf/annotator/psychic.yaml" in done.stderr

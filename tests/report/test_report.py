from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.report import page, summary
from stages.report.markup import tag
from stages.tasks import Choice, Spans

ROOT = Path(__file__).parents[2]
ABOUT = SimpleNamespace(title="Tweets rated for sentiment", license="MIT", citation=None)
VOID = {"meta"}


def metric(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def null(reason: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "reason": reason}


def estimate(n: int, labels: tuple[str, ...]) -> dict[str, Any]:
    names = ["accuracy", "macro_f1", "calibration_error"]
    names += [f"{measure}_{label}" for measure in ("precision", "recall", "f1") for label in labels]
    return {"n": n, **{name: metric(0.6 + place / 100) for place, name in enumerate(names)}}


def made(labels: tuple[str, ...] = ("positive", "negative")) -> dict[str, Any]:
    """The arguments of `page`, for a version with a guarantee."""
    first, second = labels
    statement: dict[str, Any] = {
        "dataset": {
            "name": "tweets",
            "fingerprint": "c41f09be22d17a60",
            "records": 4161,
            "rejected": 39,
            "labelled": {"human": 1000, "auto": 1791, "none": 1370},
            "splits": {"train": 3329, "validation": 416, "test": 416},
        },
        "annotator": {
            "name": "linear@8a10f3",
            "cross_validated": estimate(500, labels),
            "audit": estimate(300, labels),
        },
        "guarantee": {
            "scope": "dataset",
            "epsilon": 0.1,
            "alpha": 0.05,
            "audit": 1,
            "sample": 300,
            "population": 3461,
            "threshold": 0.58,
            "accepted": 1791,
            "coverage": 0.517481,
            "error_bound": 0.099976,
            "estimate": metric(0.15) | {"n": 170},
            "sensitivity": {"0.01": {"hidden": 3, "error_bound": 0.107}},
            "forecast": {"600": {"accepted": 1900, "coverage": 0.55, "labelled": 2500}},
            "reason": None,
        },
        "agreement": {
            "n": 900,
            "alpha": metric(0.61),
            "person_error": metric(0.15),
            "consensus_error": metric(0.06),
        },
        "issues": {"suspicious": 41},
        "gates": {
            "passed": False,
            "failed": [],
            "undecided": ["macro_f1"],
            "macro_f1": {
                "metric": "annotator.audit.macro_f1",
                "at_least": 0.6,
                "value": 0.61,
                "low": 0.56,
                "high": 0.66,
                "end": "low",
                "verdict": "not enough data",
                "needed": 7500,
            },
            "coverage": {"metric": "guarantee.coverage", "at_least": 0.5, "value": 0.517481, "verdict": "pass"},
        },
    }
    operators = {
        "encoding": {"seen": 4200, "changed": 212, "rejected": 0},
        "length": {"seen": 4200, "changed": 0, "rejected": 9},
        "duplicates": {"seen": 4191, "changed": 0, "rejected": 30},
    }
    version: dict[str, Any] = {
        "name": "tweets",
        "labels": [
            {"record": "1", "value": first, "origin": "human"},
            {"record": "2", "value": first, "origin": "auto"},
            {"record": "3", "value": second, "origin": "auto"},
        ],
        "splits": statement["dataset"]["splits"],
        "cleaning": {"seen": 4200, "kept": 4161, "rejected": 39, "operators": operators},
        "rejected": {
            "id": ["3", "5", "6", "9", "11"],
            "operator": ["length", "duplicates", "duplicates", "duplicates", "duplicates"],
            "reason": ["text has 2 <characters>", *(f"the same text as {each}" for each in "1234")],
        },
        "agreement": {"rounds": 4, "people": 3, "annotations": 1600, "skipped": 10},
        "annotator": {
            "name": "linear@8a10f3",
            "learned": {"records": 560, "labels": {first: 300, second: 260}},
            "reason": None,
        },
        "cases": {
            "mistaken": [{"record": "7", "people": first, "proposed": second, "confidence": 0.93}],
            "suspicious": [{"record": "8", "people": second, "proposed": first, "confidence": 0.71}],
        },
        "shown": {"7": {"text": f"a {first} text"}, "8": {"text": f"a {second} text"}},
    }
    plots = {
        "confusion": [
            {"actual": first, "proposed": first, "count": 103},
            {"actual": first, "proposed": second, "count": 21},
            {"actual": second, "proposed": first, "count": 8},
            {"actual": second, "proposed": second, "count": 168},
        ],
        "calibration": [
            {"bin": 0, "count": 150, "confidence": 0.5, "accuracy": 0.45},
            {"bin": 1, "count": 150, "confidence": 0.9, "accuracy": 0.8},
        ],
    }
    return {
        "statement": statement,
        "version": version,
        "plots": plots,
        "about": ABOUT,
        "task": Choice("c", "t", labels),
    }


class Reader(HTMLParser):
    """What a browser would make of a page: the elements, and the text of each section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def test_page_says_what_the_version_promises_and_how_good_it_is() -> None:
    text = Reader(page(**made())).text
    for words in (
        "With a probability of at least 95%, at most 10% of the 4,161 records carry a wrong automatic label,",
        "1 of 2 without enough data: macro_f1.",
        "macro_f1 annotator.audit.macro_f1 at least 0.6 0.610 0.560–0.660 (a sample of about 7,500 would",
        "Cross-validated n = 500 Audit n = 300 Accuracy 0.600 0.550–0.650 0.600 0.550–0.650",
        "By label, audit Precision Recall F1 positive 0.630 0.580–0.680 0.650 0.600–0.700 0.670 0.620–0.720",
        "Automatic labels accepted 1,791",
        "Records seen 4,200 100.0% rejected by length 9 0.2% rejected by duplicates 30 0.7% "
        "Records in the dataset 4,161 99.1% labelled by people 1,000 23.8% labelled by the annotator 1,791 42.6% "
        "not labelled 1,370 32.6%",
        "positive 1 1 negative 0 1",
        "positive negative positive 103 21 negative 8 168",
        "alpha is 0.610 (0.560–0.660). It compares 900 labels",
        "Labels by people that look wrong 41",
        "Proposals that are wrong Where the annotator was surest and people say something else, on the audit's sample. "
        "a positive text 7 People: positive Annotator: negative (0.93)",
        "a negative text 8 People: negative Annotator: positive (0.71)",
        "data/review/tasks.json",
    ):
        assert words in text


def test_page_shows_who_answered_most_under_escaped_names() -> None:
    share = {"n": 0, "value": None, "low": None, "high": None, "reason": "nobody else"}
    person = {"answers": 3, "seconds": 4.25, "others": metric(0.9) | {"n": 3}, "gold": share, "unchanged": share}
    arguments = made()
    arguments["version"]["people"] = {f"<b>{n}": person | {"answers": n} for n in range(1, 31)}
    html = page(**arguments)
    assert "The 20 of 30 people" in html
    assert "&lt;b&gt;30" in html
    assert "&lt;b&gt;10<" not in html
    assert "<b>" not in html


def test_page_is_whole_and_needs_neither_network_nor_script() -> None:
    html = page(**made())
    reader = Reader(html)
    assert reader.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.elements)
    assert not {"src", "href", "onclick", "onload"} & reader.attributes
    assert "http" not in html
    assert "url(" not in html
    assert "@import" not in html


HOSTILE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8).map(
    lambda text: f"<script>{text}</script>&amp;\"'<!--"
)


@settings(max_examples=30, deadline=None)
@given(st.lists(HOSTILE, min_size=7, max_size=7, unique=True))
def test_text_from_data_is_shown_as_text(texts: list[str]) -> None:
    first, second, title, operator, gate, reason, queue = texts
    plain, hostile = made(), made((first, second))
    for arguments, names in ((plain, ("title", "operator", "gate", "reason", "queue")), (hostile, texts[2:])):
        title, operator, gate, reason, queue = names
        arguments["about"] = SimpleNamespace(title=title, license=title, citation=title)
        operators = arguments["version"]["cleaning"]["operators"]
        operators[operator] = {"seen": 1, "changed": 1, "rejected": 1}
        arguments["statement"]["gates"][gate] = {"metric": gate, "at_most": 1, "value": None, "verdict": "unknown"}
        arguments["statement"]["gates"][gate]["reason"] = reason
        arguments["statement"]["dataset"]["name"] = title
        arguments["version"]["queue"] = {"tasks": 1, "queues": {queue: 1}}
        arguments["version"]["shown"]["7"] = {"text": reason}
        arguments["version"]["rejected"]["reason"][0] = reason
    shown = Reader(page(**hostile))
    assert shown.elements == Reader(page(**plain)).elements
    for text in texts:
        assert text in shown.text


BOX = {"x": 10.0, "y": 20.0, "width": 50.0, "height": 40.0, "rotation": 0.0, "label": "car"}
PIXELS = np.zeros((30, 60), dtype=bool)
PIXELS[10:20, 30:51] = True


def test_spans_are_told_by_their_words_and_long_texts_cut() -> None:
    arguments = made() | {"task": Spans("s", "text", ("place",))}
    people = [{"start": 3, "end": 8, "label": "place"}]
    case = {"record": "7", "people": people, "proposed": [], "confidence": 0.8}
    shown = {"7": {"text": "to Paris" + " and back" * 100}}
    arguments["version"] |= {"cases": {"mistaken": [], "suspicious": [case]}, "shown": shown, "labels": []}
    text = Reader(page(**arguments)).text
    assert "People: Paris (place) Annotator: nothing (0.80)" in text
    assert len(re.findall("and back", text)) < 40


def test_several_fields_are_told_by_their_names() -> None:
    arguments = made()
    arguments["version"]["shown"] |= {"7": {"island": "Torgersen", "bill_mm": 39.1}}
    text = Reader(page(**arguments)).text
    assert "island: Torgersen bill_mm: 39.1" in text
    assert "text: " not in text


def test_what_cleaning_rejected_is_told_by_examples_of_each_operator() -> None:
    text = Reader(page(**made())).text
    assert "3 length text has 2 <characters> 5 duplicates the same text as 1" in text
    assert "9 duplicates the same text as 3" in text
    assert "the same text as 4" not in text
    arguments = made()
    arguments["version"]["rejected"] = {"id": [], "operator": [], "reason": []}
    assert "Rejected, for example" not in Reader(page(**arguments)).text


def test_attributes_are_escaped() -> None:
    assert Reader(tag("p", class_='"><script>')).elements == ["p"]


def test_same_version_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    code = "import json, sys, types; from stages.report import page; a = json.load(sys.stdin); "
    code += "from stages.tasks import Choice; a['task'] = Choice('c', 't', ('positive', 'negative')); "
    code += "a['about'] = types.SimpleNamespace(**a['about']); sys.stdout.buffer.write(page(**a).encode())"
    given = json.dumps({**made(), "about": vars(ABOUT), "task": None}).encode()
    command = [sys.executable, "-c", code]
    pages = {
        subprocess.run(
            command,
            input=given,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        for seed in ("0", "1")
    }
    assert pages == {page(**made()).encode()}


@pytest.mark.parametrize(
    "audit",
    [
        {"audit": None, "reason": "no audit is open."},
        {"audit": {"n": 0, "reason": "no audit is open"}},
        {"audit": {"n": 0, "accuracy": null("no audit is open"), "macro_f1": null("no audit is open")}},
    ],
)
def test_missing_audit_is_told_with_its_reason_wherever_that_stands(audit: dict[str, Any]) -> None:
    arguments = made()
    arguments["statement"]["annotator"] |= audit
    text = Reader(page(**arguments)).text
    assert "Audit: none. No audit is open." in text
    assert "By label, cross-validated" in text
    assert "(cross-validated, 500 records)" in text


def test_single_null_metric_is_shown_with_its_reason() -> None:
    arguments = made()
    arguments["statement"]["annotator"]["audit"]["recall_negative"] = null("no records to compute it from")
    arguments["statement"]["annotator"]["audit"]["accuracy"] |= {"low": None, "high": None, "reason": "one record"}
    text = Reader(page(**arguments)).text
    assert "no records to compute it from" in text
    assert "0.600 one record" in text


def test_what_is_still_to_be_labelled_and_what_looks_wrong_is_told() -> None:
    arguments = made()
    asked = {"10": {"n": 8, "value": 0.75, "low": 0.41, "high": 0.93}}
    arguments["statement"]["issues"] |= {"rechecked": 8, "precision_at": asked, "reason": None}
    curve = {"127": metric(0.42), "254": metric(0.47), "508": metric(0.51)}
    labels = {"value": 1200, "low": 400, "high": None}
    unknown = null("the rounds do not say how long answers took")
    each = {"metric": "annotator.audit.macro_f1", "target": 0.6, "curve": curve, "labels": labels, "hours": unknown}
    arguments["statement"]["forecast"] = {"macro_f1": each}
    reader = Reader(page(**arguments))
    text = reader.text
    assert "macro_f1, by number of labels" in text  # the drawing's title
    assert "508 labels" in text
    assert "0.420 at 127, 0.470 at 254, 0.510 at 508 1,200 400 or more" in text
    assert "the rounds do not say how long answers took" in text
    assert "10 8 0.750 0.410–0.930" in text


def test_version_without_any_label_says_so_and_why() -> None:
    arguments = made()
    statement, version = arguments["statement"], arguments["version"]
    statement["dataset"]["labelled"] = {"human": 0, "auto": 0, "none": 4161}
    statement["annotator"] |= {key: {"n": 0, "accuracy": null("no labels")} for key in ("cross_validated", "audit")}
    statement["guarantee"] = None
    statement["reason"] = "there are no automatic labels"
    statement["agreement"] = {"n": 0, "alpha": null("no record has labels from two people")}
    statement["issues"] = {"suspicious": None, "reason": "people have labelled nothing yet"}
    version |= {"labels": [], "agreement": {}, "annotator": version["annotator"] | {"reason": "10 labels are needed"}}
    arguments["plots"] = {"confusion": [], "calibration": []}
    text = Reader(page(**arguments)).text
    for words in (
        "This version has no labels yet, and promises nothing (there are no automatic labels).",
        "Cross-validated: none. No labels. Audit: none. No labels.",
        "Guarantee None. There are no automatic labels.",
        "Labels There are none yet.",
        "Confusion None. No labels.",
        "Calibration None. No labels.",
        "alpha is not known (no record has labels from two people)",
        "look wrong Not known: people have labelled nothing yet.",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("labelled", "guarantee", "sentence"),
    [
        (
            {"human": 7, "auto": 5},
            {"error_bound": None, "reason": "no audit is open"},
            "This version promises nothing about its 5 automatic labels (no audit is open).",
        ),
        (
            {"human": 7, "auto": 0},
            {"error_bound": None, "reason": "no audit is open"},
            "All 7 labels of this version are people's; nothing is promised about automatic ones (no audit is open).",
        ),
        (
            {"human": 7, "auto": 0},
            {},
            "All 7 labels of this version are people's; nothing is promised about automatic ones (audit 1 admits none)",
        ),
        ({"human": 7, "auto": 5}, {"alpha": 0.0001, "epsilon": 0.005}, "at least 99.99%, at most 0.5% of the 4,161"),
    ],
)
def test_promise_is_neither_more_nor_less_than_what_holds(
    labelled: dict[str, int], guarantee: dict[str, Any], sentence: str
) -> None:
    arguments = made()
    arguments["statement"]["dataset"]["labelled"] |= labelled
    arguments["statement"]["guarantee"] |= guarantee
    assert sentence in Reader(page(**arguments)).text


def test_several_labels_per_record_are_counted_each() -> None:
    arguments = made()
    arguments["version"]["labels"] = [
        {"record": "1", "value": ["negative", "positive"], "origin": "human"},
        {"record": "2", "value": ["positive"], "origin": "auto"},
    ]
    arguments["plots"]["confusion"] = []
    arguments["task"] = Choice("c", "t", ("positive", "negative"), multiple=True)
    text = Reader(page(**arguments)).text
    assert "positive 1 1 negative 1 0" in text
    assert "Confusion None. A record may have several labels, or other values than choices." in text


def test_many_labels_get_a_list_of_confusions_in_place_of_a_matrix() -> None:
    arguments = made()
    labels = [f"intent {place}" for place in range(40)]
    cells = [{"actual": label, "proposed": label, "count": 5} for label in labels]
    cells += [
        {"actual": "intent 3", "proposed": "intent 7", "count": 4},
        {"actual": "intent 7", "proposed": "intent 3", "count": 2},
    ]
    arguments["plots"]["confusion"] = cells
    text = Reader(page(**arguments)).text
    assert "People Annotator Records intent 3 intent 7 4 intent 7 intent 3 2 Calibration" in text


def test_queue_for_people_is_explained() -> None:
    arguments = made()
    arguments["version"]["queue"] = {"tasks": 300, "queues": {"audit:1": 250, "random": 50}}
    text = Reader(page(**arguments)).text
    assert "audit:1 250 a fresh uniform sample" in text
    assert "random 50 a uniform sample" in text


def write_reports(folder: Path, **changes: Any) -> Path:
    arguments = made()
    reports = {
        "cleaning": arguments["version"]["cleaning"],
        "quality": arguments["statement"],
        "queue": {"tasks": 200, "queues": {"active": 100, "random": 100}},
    }
    folder.mkdir()
    for name, report in (reports | changes).items():
        (folder / f"{name}.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


def test_summary_tells_the_whole_story_on_one_screen(tmp_path: Path) -> None:
    lines = summary(write_reports(tmp_path / "reports")).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 104
    text = "\n".join(lines)
    for words in (
        "records in    4,200",
        "rejected      39 (9 by length, 30 by duplicates)",
        "labelled      1,000 by people, 1,791 by linear@8a10f3",
        "agreement     alpha 0.610 (0.560–0.660)",
        "quality       cross-validated, n = 500: accuracy 0.600 (0.550–0.650), macro F1 0.610 (0.560–0.660)",
        "              audit, n = 300: accuracy 0.600",
        "guarantee     With a probability of at least 95%",
        "gates         1 of 2 without enough data: macro_f1",
        "              macro_f1: at least 0.6 is asked, it is 0.610 (0.560–0.660); a sample of about 7,500 would",
        "for people    200 tasks (100 active, 100 random)",
        "reports/index.html",
    ):
        assert words in text


def test_summary_says_what_is_missing(tmp_path: Path) -> None:
    statement = copy.deepcopy(made()["statement"])
    statement["annotator"] |= {"cross_validated": {"n": 0, "accuracy": null("no labels")}, "audit": None}
    statement["annotator"]["reason"] = "no audit is open"
    statement["guarantee"] |= {"error_bound": None, "reason": "no audit is open"}
    statement["agreement"]["alpha"] = null("no record has labels from two people")
    text = summary(write_reports(tmp_path / "reports", quality=statement, queue={"tasks": 0, "queues": {}}))
    for words in (
        "alpha not known (no record has labels from two people)",
        "cross-validated: no labels",
        "audit: no audit is open",
        "promises nothing about its 1,791 automatic labels (no audit is open)",
        "for people    0 tasks\n",
    ):
        assert words in text


def test_summary_names_a_figure_that_the_task_has(tmp_path: Path) -> None:
    statement = copy.deepcopy(made()["statement"])
    statement["annotator"]["audit"] = {"n": 300, "iou": metric(0.7), "dice": metric(0.8), "accuracy": metric(0.75)}
    text = summary(write_reports(tmp_path / "reports", quality=statement))
    assert "audit, n = 300: accuracy 0.750 (0.700–0.800), IoU 0.700 (0.650–0.750)" in text


@pytest.mark.parametrize("name", ["cleaning", "quality", "queue"])
def test_summary_without_a_report_says_what_to_run(tmp_path: Path, name: str) -> None:
    reports = write_reports(tmp_path / "reports")
    (reports / f"{name}.json").unlink()
    with pytest.raises(InputError, match=rf"{name}\.json is not there yet: run make repro first"):
        summary(reports)


def test_summary_of_a_broken_report_names_it(tmp_path: Path) -> None:
    reports = write_reports(tmp_path / "reports")
    (reports / "quality.json").write_text("<<<<<<< HEAD\n{", encoding="utf-8")
    with pytest.raises(InputError, match=r"quality\.json: not JSON"):
        summary(reports)


def test_command_prints_the_summary_or_one_line_of_error(tmp_path: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stages.report"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
        )

    before = run()
    assert before.returncode == 1
    assert before.stdout == ""
    assert before.stderr == "error: reports/cleaning.json is not there yet: run make repro first\n"
    write_reports(tmp_path / "reports")
    after = run()
    assert after.returncode == 0
    assert after.stdout == summary(tmp_path / "reports") + "\n"


def test_guarantee_is_told_with_estimate_sensitivity_and_forecast() -> None:
    text = Reader(page(**made())).text
    for words in (
        "Of the 1,791 automatic labels an estimated 15.0% are wrong (10.0%–20.0%).",
        "Wrong automatic labels, as a share of all records: at most 0.100",
        "Wrong automatic labels, as a share of those accepted: estimate 0.150 0.100–0.200",
        "one of them is wrong on about 0.150 (0.100–0.200) of the records, and their consensus on 0.060",
        "1% 3 0.107",
        "A forecast, no promise",
        "300 1,791 0.517 2,091 600 1,900 0.550 2,500",
        "not enough data",
        "a sample of about 7,500 would decide it, more than the 4,161 records there are",
    ):
        assert words in text


def test_each_class_is_told_with_its_bound_or_why_there_is_none() -> None:
    arguments = made()
    each = {"sample": 20, "population": 266, "errors": 11, "accepted": 0, "error_bound": None, "reason": "too small"}
    good = {"sample": 216, "population": 2496, "errors": 5, "accepted": 1430, "error_bound": 0.09, "reason": None}
    guarantee = arguments["statement"]["guarantee"]
    guarantee |= {"scope": "class", "class_scope": "accepted", "classes": {"neutral": each, "positive": good}}
    text = Reader(page(**arguments)).text
    assert "neutral 20 of 266 11 0 too small positive 216 of 2,496 5 1,430 0.090" in text
    assert "at most 10% of the 1,791 automatic labels are wrong, and so for each proposed label by itself" in text
    guarantee["class_scope"] = "dataset"
    text = Reader(page(**arguments)).text
    assert "of the 4,161 records carry a wrong automatic label, and so for each proposed label by itself" in text


def gate_command(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stages.report", "--gates"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
    )


def test_gates_decide_how_their_command_exits(tmp_path: Path) -> None:
    missing = gate_command(tmp_path)
    assert missing.returncode == 1
    assert missing.stderr == "error: reports/quality.json is not there yet: run make repro first\n"
    statement = made()["statement"]
    reports = write_reports(tmp_path / "reports", quality=statement)
    undecided = gate_command(tmp_path)
    assert undecided.returncode == 1
    assert undecided.stdout.startswith("gates: 1 of 2 without enough data: macro_f1\nmacro_f1: at least 0.6 is asked")
    statement["gates"] |= {"passed": True, "undecided": []}
    statement["gates"]["macro_f1"] |= {"verdict": "pass"}
    (reports / "quality.json").write_text(json.dumps(statement), encoding="utf-8")
    passed = gate_command(tmp_path)
    assert (passed.returncode, passed.stdout) == (0, "gates: all 2 passed\n")
    statement["gates"] |= {"passed": False, "failed": ["macro_f1"]}
    statement["gates"]["macro_f1"] |= {"verdict": "fail"}
    (reports / "quality.json").write_text(json.dumps(statement), encoding="utf-8")
    failed = gate_command(tmp_path)
    assert failed.returncode == 1
    assert failed.stdout.startswith("gates: 1 of 2 failed: macro_f1\n")


def test_of_objects_the_page_counts_what_is_missed_and_spurious():
    given = made(("cat", "dog"))
    for estimate in ("cross_validated", "audit"):
        given["statement"]["annotator"][estimate] |= {
            "ap50_95": metric(0.43),
            "missed_cat": metric(7.0),
            "missed_dog": metric(1234.0),
            "spurious_cat": metric(0.0),
            "spurious_dog": metric(5.0),
        }
    text = page(**given)
    assert '<th scope="col">Missed</th>' in text or ">Missed</th>" in text
    assert "AP50:95" in text
    assert "1,234" in text
    assert "Missed cat" not in text

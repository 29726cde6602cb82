import pytest

from stages.quality import Quality, label_issues, statement, write_plots
from stages.quality.settings import Gate, Guarantee
from stages.review.judging import Audited
from stages.tasks import Choice

TASK = Choice("c", "t", ("no", "yes"))
QUALITY = Quality(
    Guarantee("dataset", 0.1, 0.05),
    {"right": Gate("annotator.audit.accuracy", at_least=0.5), "people": Gate("agreement.alpha", at_least=0.5)},
)
UNKNOWN = {"value": None, "low": None, "high": None}


def human(record, value, *queues):
    first = {"value": value, "confidence": 1.0, "queues": list(queues)}
    return {"record": record, "value": value, "queues": list(queues), "people": 1, "first": first, "rechecked": False}


def auto(record, value, confidence=0.9):
    scores = {label: confidence if label == value else 1 - confidence for label in TASK.labels}
    return {"record": record, "value": value, "confidence": confidence, "by": "m@1", "scores": scores}


def version(reason=None, audit_reason=None, labels=()):
    return {
        "name": "d",
        "labels": list(labels),
        "splits": {"train": 8, "validation": 1, "test": 1},
        "cleaning": {"rejected": 2},
        "agreement": {
            "n": 4,
            "alpha": {"value": 0.7, "low": 0.6, "high": 0.8},
            "person_error": {"value": 0.1, "low": 0.0, "high": 0.2},
            "consensus_error": {"value": 0.05, "low": 0.0, "high": 0.1},
            "rounds": 1,
        },
        "annotator": {"name": "m@1", "reason": reason},
        "curve": [],
        "seconds": None,
        "suspicious": {},
        "guarantee": {"fingerprint": "f", "scope": "dataset", "accepted": 0, "reason": audit_reason},
    }


def state(people, proposals, audit=None, **options):
    known = version(**options) | {"suspicious": label_issues(TASK, people, proposals)}
    return statement(known, people, proposals, audit, QUALITY, TASK, 7)


def test_the_cross_validated_estimate_is_of_the_random_queue_alone():
    people = [human("1", "yes", "random"), human("2", "no", "random"), human("3", "no", "active")]
    found, plots = state(people, [auto(id, "yes") for id in "123"])
    assert found["annotator"]["cross_validated"]["n"] == 2
    assert found["annotator"]["cross_validated"]["accuracy"]["value"] == 0.5
    assert sum(row["count"] for row in plots["confusion"]) == 2


def test_the_audit_speaks_once_it_is_complete_and_leaves_out_what_people_skipped():
    people = [human("1", "yes", "audit:1"), human("2", "no", "audit:1"), human("3", None, "audit:1")]
    proposals = [auto(id, "yes") for id in "123"]
    wrong = {"1": False, "2": True, "3": True}
    found, plots = state(people, proposals, Audited(1, ["1", "2", "3"], wrong, []))
    assert found["annotator"]["audit"]["n"] == 2
    assert found["annotator"]["audit"]["accuracy"]["value"] == 0.5
    assert {(row["actual"], row["proposed"]): row["count"] for row in plots["confusion"]}["no", "yes"] == 1

    why = "audit 1: 1 of 4 sampled records are not labelled yet"
    found, _ = state(people, proposals, Audited(1, ["1", "2", "3", "4"], wrong, ["4"]), audit_reason=why)
    assert found["annotator"]["audit"]["n"] == 0
    assert found["annotator"]["audit"]["reason"] == why
    assert found["annotator"]["audit"]["accuracy"] == UNKNOWN


def test_asking_again_what_the_model_doubts_leaves_its_estimates_as_they_were():
    """People who are asked again follow the model, rightly or wrongly; nobody is asked where the two agreed."""
    ids = [f"{i:02}" for i in range(40)]
    people = [human(id, "no" if i % 4 == 0 else "yes", "random") for i, id in enumerate(ids[:20])]
    people += [human(id, "no" if i % 2 == 0 else "yes", "audit:1") for i, id in enumerate(ids[20:])]
    proposals = [auto(id, "yes") for id in ids]
    wrong = {line["record"]: line["value"] == "no" for line in people[20:]}
    before, _ = state(people, proposals, Audited(1, ids[20:], wrong, []))
    assert before["annotator"]["cross_validated"]["accuracy"]["value"] == 0.75
    mended = [
        line | {"value": "yes", "rechecked": True, "queues": ["active"], "confidence": 1.0, "adjudicated": False}
        if line["value"] == "no"
        else line
        for line in people
    ]
    after, _ = state(mended, proposals, Audited(1, ids[20:], wrong, []))
    assert after["annotator"] == before["annotator"]
    assert after["issues"]["rechecked"] == 15


def test_without_a_model_every_figure_is_null_with_the_reason_and_no_gate_on_it_passes():
    found, plots = state([human("1", "yes", "random")], [], reason="too few labels", audit_reason="no audit is open")
    for estimate in ("cross_validated", "audit"):
        assert found["annotator"][estimate]["reason"] == "too few labels"
        assert found["annotator"][estimate]["macro_f1"] == UNKNOWN
    unknown = dict.fromkeys(("suspicious", "rechecked", "precision_at"))
    assert found["issues"] == unknown | {"reason": "too few labels"}
    assert (found["gates"]["failed"], found["gates"]["undecided"]) == ([], ["right"])
    assert not found["gates"]["passed"]
    assert plots == {"confusion": [], "calibration": []}


def test_imported_labels_alone_give_no_estimate_and_the_reason_says_what_does():
    none = "no audit is open: name its number and size in conf/review/"
    proposals = [auto(id, "yes") for id in "123"]
    found, _ = state([human(id, "yes", "direct") for id in "123"], proposals, audit_reason=none)
    why = found["annotator"]["cross_validated"]["reason"]
    assert "imported or given unasked (queue direct)" in why
    assert "open an audit" in why
    assert found["advice"]["right"]["reason"] == none  # not that people answer the random queue first
    asked, _ = state([human("1", "yes", "direct"), human("2", "yes", "active")], proposals, audit_reason=none)
    assert "random queue yet" in asked["annotator"]["cross_validated"]["reason"]


def test_records_are_counted_by_where_their_label_comes_from():
    labels = [{"origin": "human"}] * 3 + [{"origin": "auto"}] * 2
    found, _ = state([], [], reason="none", labels=labels)
    assert found["dataset"]["labelled"] == {"human": 3, "auto": 2, "none": 5}
    assert (found["dataset"]["records"], found["dataset"]["rejected"]) == (10, 2)
    assert "fingerprint" not in found["guarantee"]


@pytest.mark.parametrize("rows", [[], [{"actual": "no", "proposed": "yes", "count": 2}]])
def test_the_confusion_plot_has_a_row_per_record(tmp_path, rows):
    write_plots(tmp_path / "plots", {"confusion": rows, "calibration": []})
    assert (tmp_path / "plots/confusion.csv").read_text() == "actual,proposed\n" + "no,yes\n" * 2 * len(rows)


def test_the_forecast_is_of_the_random_queue_and_of_the_records_that_people_learn_from():
    people = [human(f"{i:03}", "yes", "random" if i < 200 else "active") for i in range(400)]
    proposals = [auto(f"{i:03}", "yes") for i in range(400)]
    curve = [
        {
            "record": f"{i:03}",
            "proposals": {
                "80": "yes" if i % 5 else "no",
                "160": "yes" if i % 10 else "no",
                "320": "yes" if i % 20 else "no",
            },
        }
        for i in range(400)
    ]
    settings = Quality(QUALITY.guarantee, {"right": Gate("annotator.audit.accuracy", at_least=0.975)})
    found = statement(version() | {"curve": curve, "seconds": 9.0}, people, proposals, None, settings, TASK, 7)
    each = found[0]["forecast"]["right"]
    assert {size: value["value"] for size, value in each["curve"].items()} == {"80": 0.8, "160": 0.9, "320": 0.95}
    assert each["labels"]["value"] == 356  # 320 more in train or validation, where nine of ten records are
    assert each["hours"]["value"] == pytest.approx(356 * 9 / 3600)
    assert "too few" in state(people, proposals)[0]["forecast"]["reason"]


def objects(record, *labels, **scores):
    value = [
        {"x": 20.0 * place, "y": 0.0, "width": 10.0, "height": 10.0, "rotation": 0.0, "label": label}
        for place, label in enumerate(labels)
    ]
    return auto(record, value) | scores if scores else human(record, value, "random")

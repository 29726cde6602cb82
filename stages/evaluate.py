"""State the quality of this version, with intervals; judge the gates; write the report."""

from stages import quality as measures
from stages import report, tasks
from stages.configuration import Dataset, stage
from stages.quality import Quality
from stages.review import Review, audited
from stages.tables import read_columns, read_json, read_lines, whole, write_json

SPLITS = ("train", "validation", "test")


@stage
def main(dataset: Dataset, review: Review, quality: Quality, seed: int) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    records = read_columns("data/clean/records", ["id", *dataset.shown])
    human = list(read_lines("data/labels/human.jsonl"))
    auto = list(read_lines("data/labels/auto.jsonl"))
    people = read_json("data/labels/people.json")
    version = {
        "name": dataset.name,
        "labels": list(read_lines("data/dataset/labels.jsonl")),
        "splits": {split: len(read_columns(f"data/dataset/{split}", ["id"])["id"]) for split in SPLITS},
        "cleaning": read_json("reports/cleaning.json"),
        "rejected": read_columns("data/clean/rejected", ["id", "operator", "reason"]),
        "agreement": read_json("reports/agreement.json"),
        "annotator": read_json("reports/annotator.json"),
        "guarantee": read_json("reports/guarantee.json"),
        "queue": read_json("reports/queue.json"),
        "people": people["people"],
        "seconds": people["seconds"],
        "curve": list(read_lines("data/labels/curve.jsonl")),
        "suspicious": measures.label_issues(task, human, auto),
    }
    audit = audited(records["id"], human, auto, review.audit, task, quality.bar(task), seed)
    statement, plots = measures.statement(version, human, auto, audit, quality, task, seed)
    version["cases"] = measures.cases(list(version["suspicious"]), human, auto, audit)
    worth = {case["record"] for cases in version["cases"].values() for case in cases}
    version["shown"] = {
        id: {name: records[name][row] for name in dataset.shown} for row, id in enumerate(records["id"]) if id in worth
    }
    with whole("reports/quality.json", "reports/plots", "reports/index.html") as (figures, drawn, page):
        write_json(figures, statement)
        measures.write_plots(drawn, plots)
        page.write_text(report.page(statement, version, plots, dataset.about, task), encoding="utf-8")
    return f"evaluate: gates: {report.verdict(statement)}"


if __name__ == "__main__":
    main()

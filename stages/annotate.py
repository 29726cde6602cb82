"""Fit the annotator on people's labels, and let it propose a label for every record."""

from stages import annotators, tasks
from stages.annotators import Annotator
from stages.configuration import Dataset, stage
from stages.tables import read, read_lines, whole, write_json, write_lines


@stage
def main(dataset: Dataset, annotator: Annotator, seed: int, plan: bool) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    records = read("data/clean/records")
    splits = read("data/split", ["id", "split"])
    test = set(splits["id"][splits["split"] == "test"])  # what it learned from test would leak into train's labels
    human = {label["record"]: label["before_audit"] for label in read_lines("data/labels/human.jsonl")}
    known = {id: value for id, value in human.items() if value is not None and id not in test}
    if plan:
        return f"annotate: {annotators.plan(annotator, records, known, task, seed)}"
    fitted = annotators.crossfit(annotator, records, known, task, seed)
    curve = annotators.learning_curve(annotator, fitted, records, known, task, seed)
    labels = ("data/labels/auto.jsonl", "data/labels/curve.jsonl", "data/labels/responses.jsonl")
    with whole(*labels, "data/model", "reports/annotator.json") as (auto, parts, responses, model, report):
        model.mkdir()
        if fitted.model is not None:
            fitted.model.save(model)
        write_lines(auto, annotators.lines(fitted, records["id"]))
        write_lines(parts, curve)
        write_lines(responses, annotators.responses(annotator))  # none where no service is asked
        write_json(report, annotators.report(fitted, known, task) | annotators.usage(annotator))
    made = sum(each is not None for each in fitted.proposals)
    return f"annotate: {made:,} proposals, learned from {len(known):,} labels" + (
        f"; none since {fitted.reason}" if fitted.reason else ""
    )


if __name__ == "__main__":
    main()

"""Turn the rounds that people wrote into one label per record, and say how well people agree."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages import InputError, quality, tasks
from stages.configuration import Dataset, stage
from stages.review import Review, read_gold, read_rounds, settle
from stages.tables import read, whole, write_json, write_lines
from stages.tasks import Pairwise, Task


@stage
def main(dataset: Dataset, review: Review, seed: int) -> str:
    interface = tasks.read("conf/labeling", dataset.labeling, dataset.shown)
    task = interface.task
    records = read("data/clean/records", ["id", "content"])
    rejected = set(read("data/clean/rejected", ["id"])["id"])
    annotations = read_rounds(
        sorted(Path("data/annotations", dataset.rounds).glob("*.jsonl")), task, interface.corrections
    )
    contents = dict(zip(records["id"], records["content"], strict=True))
    gold = read_gold(Path("conf/review", review.gold.file), task) if review.gold else {}
    settled = settle(annotations, contents, task, review, interface.guideline, rejected, gold)
    agreement = quality.agreement(settled.votes, task, seed)
    if review.items:
        agreement["ranking"] = _ranking(settled.votes, task, dataset, review.items)
    gold |= {label["record"]: label["value"] for label in settled.labels if label["adjudicated"]}
    shown = {each.record: each.shown["value"] for each in settled.answers if each.shown}  # to somebody
    people = quality.people(settled.answers, task, gold, shown, seed)
    with whole("data/labels/human.jsonl", "data/labels/people.json", "reports/agreement.json") as (human, each, report):
        write_lines(human, settled.labels)
        write_json(each, people)
        write_json(report, {**agreement, **settled.report})
    labelled = sum(label["value"] is not None for label in settled.labels)
    return f"import_labels: {len(annotations):,} annotations, {labelled:,} records labelled by people"


def _ranking(votes: Mapping[str, Mapping[str, Any]], task: Task, dataset: Dataset, items: tuple[str, str]) -> Any:
    if not isinstance(task, Pairwise):
        raise InputError(f"review.items: these are for pairwise comparisons, this task is {task.type}; set it to null")
    for name in items:
        if name not in dataset.fields:
            raise InputError(f"review.items: there is no field {name!r}; the dataset has {', '.join(dataset.fields)}")
    records = read("data/clean/records", ["id", *items]).dropna()
    named = zip(records[items[0]].astype(str), records[items[1]].astype(str), strict=True)
    return quality.ranking(votes, dict(zip(records["id"], named, strict=True)))


if __name__ == "__main__":
    main()

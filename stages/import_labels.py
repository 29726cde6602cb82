"""Turn the rounds that people wrote into one label per record, and say how well people agree."""

from pathlib import Path

from stages import quality, tasks
from stages.configuration import Dataset, stage
from stages.review import Review, placed, read_gold, read_rounds, settle
from stages.tables import read_columns, whole, write_json, write_lines


@stage
def main(dataset: Dataset, review: Review, seed: int) -> str:
    interface = tasks.read("conf/labeling", dataset.labeling, dataset.shown)
    task = interface.task
    items = quality.compared(review.items or (), task, dataset.fields)
    texts = [name for name in dataset.shown if dataset.fields[name] == "text" and isinstance(task, tasks.Textual)]
    records = read_columns("data/clean/records", list(dict.fromkeys(["id", "content", *items, *texts])))
    rejected = set(read_columns("data/clean/rejected", ["id"])["id"])
    annotations = read_rounds(
        sorted(Path("data/annotations", dataset.rounds).glob("*.jsonl")), task, interface.corrections
    )
    annotations = placed(annotations, records, texts, task)
    contents = dict(zip(records["id"], records["content"], strict=True))
    gold = read_gold(Path("conf/review", review.gold.file), task) if review.gold else {}
    settled = settle(annotations, contents, task, review, interface.guideline, rejected, gold)
    agreement = quality.agreement(settled.votes, task, seed)
    if items:
        named = zip(records["id"], zip(*(records[name] for name in items), strict=True), strict=True)
        agreement["ranking"] = quality.ranking(settled.votes, dict(named))
    gold |= {label["record"]: label["value"] for label in settled.labels if label["adjudicated"]}
    shown = {each.record: each.shown["value"] for each in settled.answers if each.shown}  # to somebody
    people = quality.people(settled.answers, task, gold, shown, seed)
    with whole("data/labels/human.jsonl", "data/labels/people.json", "reports/agreement.json") as (human, each, report):
        write_lines(human, settled.labels)
        write_json(each, people)
        write_json(report, {**agreement, **settled.report})
    labelled = sum(label["value"] is not None for label in settled.labels)
    said = [f"import_labels: {len(annotations):,} annotations, {labelled:,} records labelled by people"]
    if gone := settled.report["unknown"]["gone"]["count"]:
        said.append(f"answered but not in data/collected/: {gone:,}")
    if void := settled.report["void"]["count"]:
        said.append(f"the answers of {void:,} are void: their labels are no more, or their text moved under them")
    return "; ".join(said)


if __name__ == "__main__":
    main()

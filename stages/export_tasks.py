"""Choose what people see next, as Label Studio tasks with predictions."""

from collections import Counter

from stages import label_studio, tasks
from stages.configuration import Dataset, stage
from stages.review import Review, next_batch
from stages.tables import read, read_lines, whole, write_json


@stage
def main(dataset: Dataset, review: Review, seed: int) -> str:
    interface = tasks.read("conf/labeling", dataset.labeling)
    records = read("data/clean/records")
    permutation = list(read("data/split", ["id", "place"]).sort_values("place")["id"])
    human = list(read_lines("data/labels/human.jsonl"))
    auto = {line["record"]: line for line in read_lines("data/labels/auto.jsonl")}
    batch = next_batch(permutation, human, auto, review, interface.task, seed)
    rows = records[records["id"].isin([each.record for each in batch])].to_dict("records")
    shown = {row["id"]: {str(name): value for name, value in row.items()} for row in rows}
    fields = {name: dataset.fields[name] for name in dataset.shown}
    asked = [
        label_studio.task(shown[each.record], fields, each, auto.get(each.record), interface.task) for each in batch
    ]
    label_studio.check(asked, interface)
    counts = dict(sorted(Counter(each.queue for each in batch).items()))
    with whole("data/review/tasks.json", "reports/queue.json") as (queue, report):
        write_json(queue, asked)
        write_json(report, {"tasks": len(asked), "queues": counts})
    return f"export_tasks: {len(asked):,} tasks for people: " + ", ".join(f"{n:,} {name}" for name, n in counts.items())


if __name__ == "__main__":
    main()

"""Choose what people see next, as Label Studio tasks with predictions."""

from collections import Counter
from pathlib import Path

from stages import label_studio, media, quality, tasks
from stages.cleaning import alike
from stages.configuration import Dataset, stage
from stages.review import Review, next_batch, read_gold
from stages.tables import read, read_lines, whole, write_json


@stage
def main(dataset: Dataset, review: Review, seed: int) -> str:
    interface = tasks.read("conf/labeling", dataset.labeling)
    records = read("data/clean/records")
    permutation = list(read("data/split", ["id", "place"]).sort_values("place")["id"])
    human = list(read_lines("data/labels/human.jsonl"))
    auto = {line["record"]: line for line in read_lines("data/labels/auto.jsonl")}
    labelled = records[records["id"].isin({line["record"] for line in human if line["value"] is not None})]
    texts = [name for name in dataset.shown if dataset.fields[name] not in media.FILES]
    ids, rows = list(labelled["id"]), labelled[texts].astype(object).fillna("").astype(str)
    pairs = alike([" ".join(row) for row in rows.itertuples(index=False)], review.active.alike)
    near = [(ids[one], ids[other]) for one, other in pairs]
    doubted = quality.doubted(interface.task, human, list(auto.values()), near)
    gold = read_gold(Path("conf/review", review.gold.file), interface.task) if review.gold else {}
    batch = next_batch(permutation, human, auto, review, interface.task, seed, doubted, gold, records[["id", *texts]])
    queued = records[records["id"].isin([each.record for each in batch])].to_dict("records")
    shown = {row["id"]: {str(name): value for name, value in row.items()} for row in queued}
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

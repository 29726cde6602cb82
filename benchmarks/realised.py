"""Hold the automatic labels of the version in this checkout against what is known of its records.

python -m benchmarks.realised

Of a tweet that is what most of the 15 to 99 people who rated it said, where the audit saw three of them; of what
`benchmarks.played` answers for, what its rounds were played from. Beside it, by why people saw them, how many of the
annotator's proposals are right: of what nobody saw, the estimate from the audit should say the same.
"""

from __future__ import annotations

import json

import numpy as np

from benchmarks import played
from benchmarks.raters import RATINGS, label
from stages import tasks
from stages.tables import read_json, read_lines
from stages.tasks import Choice, Task, Value
from stages.tasks.pictures import Masks


def known(dataset: str, task: Task) -> dict[str, Value]:
    """Give the true value of each record."""
    if dataset == "tweets":
        rows = [row for part in RATINGS.read(["id", "ratings"]) for row in part.table.to_pylist()]
        return {row["id"]: task.merge([label(each) for each in json.loads(row["ratings"])])[0] for row in rows}
    given = played.truth(dataset)
    if isinstance(task, Choice):
        return given
    if isinstance(task, Masks):
        given = {
            record: [task.region(np.array(each["pixels"], dtype=bool), each["label"]) for each in regions]
            for record, regions in given.items()
        }
    return {record: task.ordered(regions) for record, regions in given.items()}  # type: ignore[attr-defined]


def main() -> None:
    dataset = read_json("reports/quality.json")["dataset"]
    task = tasks.read("conf/labeling", dataset["name"]).task
    true, guarantee = known(dataset["name"], task), read_json("reports/guarantee.json")
    labels = [line for line in read_lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    wrong = sum(task.compare(true[line["record"]], line["value"]) < task.bar for line in labels)
    records, bound = dataset["records"], guarantee["error_bound"]
    print(f"{wrong} of {len(labels):,} automatic labels are wrong: {wrong / records:.3f} of the {records:,} records")
    print("nothing is promised" if bound is None else f"promised: at most {bound:.3f} of them")
    seen = {line["record"]: line["first"]["queues"] for line in read_lines("data/labels/human.jsonl")}
    right: dict[str, list[bool]] = {}
    for line in read_lines("data/labels/auto.jsonl"):
        queues = seen.get(line["record"], ["seen by nobody"])
        right.setdefault(" and ".join(queues), []).append(task.compare(true[line["record"]], line["value"]) >= task.bar)
    for queue, each in sorted(right.items()):
        print(f"proposals right, {queue}: {np.mean(each):.3f} of {len(each):,}")


if __name__ == "__main__":
    main()

"""Hold the shipped version's automatic labels against all published ratings: `python -m benchmarks.realised`.

The truth here is what most of the 15 to 99 people who rated a tweet said; the audit saw three of them.
"""

from __future__ import annotations

import json

from benchmarks.raters import RATINGS, label
from stages import tasks
from stages.tables import read_json, read_lines


def main() -> None:
    task = tasks.read("conf/labeling", "tweets").task
    rows = [row for part in RATINGS.read(["id", "ratings"]) for row in part.table.to_pylist()]
    truth = {row["id"]: task.merge([label(rating) for rating in json.loads(row["ratings"])])[0] for row in rows}
    guarantee = read_json("reports/guarantee.json")
    labels = [line for line in read_lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    wrong = sum(line["value"] != truth[line["record"]] for line in labels)
    records = read_json("reports/quality.json")["dataset"]["records"]
    bound = guarantee["error_bound"]
    print(f"{wrong} of {len(labels):,} automatic labels are wrong: {wrong / records:.3f} of the {records:,} records")
    print("nothing is promised" if bound is None else f"promised: at most {bound:.3f} of them")


if __name__ == "__main__":
    main()

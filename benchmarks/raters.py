"""Answer the queue as the published raters of the tweets did: `python -m benchmarks.raters --people 3`.

Each task in data/review/tasks.json gets single ratings of that tweet from the published list, as annotations, and the
next round is written. A place in the list is not one stable person, so figures per annotator mean nothing here.
"""

from __future__ import annotations

import argparse
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from stages import tasks
from stages.review import read_rounds
from stages.sources import Package
from stages.tables import read_json, whole, write_lines

RATINGS = Package(
    requirement="vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    member="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz//hutto_ICWSM_2014/tweets_anonDataRatings.txt",
    format="tsv",
    columns=["id", "mean", "deviation", "ratings"],
)
ROUNDS = Path("data/annotations")


def label(rating: int) -> str:
    return "positive" if rating >= 1 else "negative" if rating <= -1 else "neutral"


def order(record: str, count: int) -> list[int]:
    """The order in which the places of a tweet's list are asked."""
    return sorted(range(count), key=lambda place: sha256(f"rater|{record}|{place}".encode()).hexdigest())


def answer(task: dict[str, Any], ratings: list[int], people: int, asked: set[str], to: tasks.Interface) -> list[Any]:
    """Give the next `people` ratings of a task's tweet, as lines of a round, leaving out those asked before."""
    data = task["data"]
    shown = next(
        (
            {"by": each["model_version"], "value": to.task.parse(each["result"]), "confidence": each["score"]}
            for each in task.get("predictions", [])
        ),
        None,
    )
    places = [place for place in order(data["record"], len(ratings)) if f"rater-{place + 1:02}" not in asked]
    return [
        {
            "record": data["record"],
            "content": data["content"],
            "annotator": f"rater-{place + 1:02}",
            "action": "submitted",
            "queue": data["queue"],
            "result": to.task.show(label(ratings[place])),
            "shown": shown,
            "guideline": to.guideline,
            "seconds": None,  # not published
            "at": None,
        }
        for place in sorted(places[:people])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3, help="ratings per task (default 3)")
    people = parser.parse_args().people
    interface = tasks.read("conf/labeling", "tweets")
    rows = [row for part in RATINGS.read(["id", "ratings"]) for row in part.table.to_pylist()]
    published = {row["id"]: json.loads(row["ratings"]) for row in rows}
    files = sorted(ROUNDS.glob("round-*.jsonl"))
    asked: dict[str, set[str]] = {}
    for annotation in read_rounds(files, interface.task):
        asked.setdefault(annotation.record, set()).add(annotation.annotator)
    lines: list[Any] = []
    for task in read_json("data/review/tasks.json"):
        record = task["data"]["record"]
        lines += answer(task, published[record], people, asked.get(record, set()), interface)
    path = ROUNDS / f"round-{len(files) + 1:04}.jsonl"
    with whole(path) as (draft,):
        write_lines(draft, lines)
    print(f"{path}: {len(lines):,} annotations")


if __name__ == "__main__":
    main()

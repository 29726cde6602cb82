"""Answer the queue as the published raters of the tweets did: `python -m benchmarks.raters tweets --people 3`.

Of `tweets` a rating from -4 to 4 counts as negative, neutral or positive, of `tweet_ratings` as one to five stars. Each
task in data/review/tasks.json gets single ratings of that tweet from the published list, as annotations, and the
next round is written. A place in the list is not one stable person, so figures per annotator mean nothing here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import yaml

from benchmarks.answers import write_round
from stages import tasks
from stages.sources import Package
from stages.tasks import Value

RATINGS = Package(
    requirement="vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    member="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz//hutto_ICWSM_2014/tweets_anonDataRatings.txt",
    format="tsv",
    columns=["id", "mean", "deviation", "ratings"],
)


def label(rating: int) -> str:
    return "positive" if rating >= 1 else "negative" if rating <= -1 else "neutral"


def stars(rating: int) -> int:
    return 3 + (rating > 0) - (rating < 0) + (rating > 2) - (rating < -2)


ANSWERS: dict[str, Callable[[int], Value]] = {"tweets": label, "tweet_ratings": stars}


def order(record: str, count: int) -> list[int]:
    """The order in which the places of a tweet's list are asked."""
    return sorted(range(count), key=lambda place: sha256(f"rater|{record}|{place}".encode()).hexdigest())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=ANSWERS, nargs="?", default="tweets")
    parser.add_argument("--people", type=int, default=3, help="ratings per task (default 3)")
    given = parser.parse_args()
    interface, said = tasks.read("conf/labeling", given.dataset), ANSWERS[given.dataset]
    folder = yaml.safe_load(Path(f"conf/dataset/{given.dataset}.yaml").read_text(encoding="utf-8")).get("rounds", "")
    rows = [row for part in RATINGS.read(["id", "ratings"]) for row in part.table.to_pylist()]
    published = {row["id"]: json.loads(row["ratings"]) for row in rows}

    def answer(record: str, asked: set[str]) -> dict[str, Value]:
        """Give the next ratings of a tweet, leaving out those asked before."""
        ratings = published[record]
        places = [place for place in order(record, len(ratings)) if f"rater-{place + 1:02}" not in asked]
        return {f"rater-{place + 1:02}": said(ratings[place]) for place in places[: given.people]}

    print(write_round(Path("data/annotations") / folder, interface, answer))


if __name__ == "__main__":
    main()

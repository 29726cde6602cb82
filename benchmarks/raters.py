"""Answer the queue as the published raters of the tweets did: `python -m benchmarks.raters --people 3`.

Each task in data/review/tasks.json gets single ratings of that tweet from the published list, as annotations, and the
next round is written. A place in the list is not one stable person, so figures per annotator mean nothing here.
"""

from __future__ import annotations

import argparse
import json
from hashlib import sha256
from pathlib import Path

from benchmarks.answers import write_round
from stages import tasks
from stages.sources import Package

RATINGS = Package(
    requirement="vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    member="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz//hutto_ICWSM_2014/tweets_anonDataRatings.txt",
    format="tsv",
    columns=["id", "mean", "deviation", "ratings"],
)


def label(rating: int) -> str:
    return "positive" if rating >= 1 else "negative" if rating <= -1 else "neutral"


def order(record: str, count: int) -> list[int]:
    """The order in which the places of a tweet's list are asked."""
    return sorted(range(count), key=lambda place: sha256(f"rater|{record}|{place}".encode()).hexdigest())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3, help="ratings per task (default 3)")
    people = parser.parse_args().people
    rows = [row for part in RATINGS.read(["id", "ratings"]) for row in part.table.to_pylist()]
    published = {row["id"]: json.loads(row["ratings"]) for row in rows}

    def answer(record: str, asked: set[str]) -> dict[str, str]:
        """Give the next ratings of a tweet, leaving out those asked before."""
        ratings = published[record]
        places = [place for place in order(record, len(ratings)) if f"rater-{place + 1:02}" not in asked]
        return {f"rater-{place + 1:02}": label(ratings[place]) for place in places[:people]}

    print(write_round(Path("data/annotations"), tasks.read("conf/labeling", "tweets"), answer))


if __name__ == "__main__":
    main()

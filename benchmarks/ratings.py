"""Texts with all their published ratings, from the package of Hutto and Gilbert (ICWSM 2014)."""

from __future__ import annotations

import json
from typing import NamedTuple

from stages import tasks
from stages.sources import Package
from stages.tasks import Choice

SETS = {
    "tweets": "tweets",
    "film sentences": "movieReviewSnippets",
    "product sentences": "amazonReviewSnippets",
    "newspaper sentences": "nytEditorialSnippets",
}


class Rated(NamedTuple):
    """A text, and what each of those who rated it said."""

    id: str
    text: str
    votes: list[str]


def label(rating: int) -> str:
    return "positive" if rating >= 1 else "negative" if rating <= -1 else "neutral"


def sentiment() -> Choice:
    task = tasks.read("conf/labeling", "tweets").task
    assert isinstance(task, Choice)
    return task


def rated(name: str) -> list[Rated]:
    """Read one of `SETS`, in the order of the file; of texts that are the same the first is kept."""
    texts = {row["id"]: row["text"] for row in _rows(name, "GroundTruth", ["id", "mean", "text"])}
    found: dict[str, Rated] = {}
    for row in _rows(name, "anonDataRatings", ["id", "mean", "deviation", "ratings"]):
        text = texts[row["id"]]
        if text and text not in found:
            found[text] = Rated(row["id"], text, [label(each) for each in json.loads(row["ratings"])])
    return list(found.values())


def most(task: Choice, votes: list[str]) -> str:
    """What most of the raters said: the truth, as far as it is known."""
    return str(task.merge(votes)[0])


def _rows(name: str, kind: str, columns: list[str]) -> list[dict[str, str]]:
    source = Package(
        requirement="vaderSentiment==3.3.2",
        sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        member=f"vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz//hutto_ICWSM_2014/{SETS[name]}_{kind}.txt",
        format="tsv",
        encoding="utf-8",
        columns=columns,
    )
    return [row for part in source.read(columns) for row in part.table.to_pylist()]

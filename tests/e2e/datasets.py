"""Small datasets, made up, for the sentiment interface of the default one."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.e2e.project import LABELS, Project, content_of

MOODS = {
    "positive": ("great", "lovely", "superb", "delightful", "excellent", "charming", "wonderful", "brilliant"),
    "neutral": ("monday", "printed", "table", "average", "tuesday", "scheduled", "listed", "standard"),
    "negative": ("awful", "broken", "terrible", "dreadful", "rotten", "horrible", "useless", "miserable"),
}
PLAIN = ("the", "a", "this", "camera", "hotel", "phone", "service", "train", "morning", "movie", "teacher", "garden")
PARTS = ("east", "north", "west")  # the files, in an order that is not the records'


def reviews(count: int = 240, seed: int = 1) -> dict[str, tuple[str, str]]:
    """Texts and moods by id; one in five says something that does not fit its mood."""
    draw = random.Random(seed)
    made = {}
    for number in range(count):
        mood = draw.choice(LABELS)
        said = mood if draw.random() < 0.8 else draw.choice(LABELS)
        words = draw.sample(MOODS[said], 3) + draw.sample(PLAIN, 6)
        draw.shuffle(words)
        made[f"r{number:04}"] = (" ".join(words), mood)
    return made


def use_files(project: Project, **changes: Any) -> None:
    """Let the project's dataset be CSV files in data/raw/, with the columns id and text."""
    source = {"_target_": "stages.sources.Files", "path": "data/raw/*.csv", "format": "csv", "encoding": "utf-8"}
    project.edit("conf/dataset/tweets.yaml", name="reviews", sources={"reviews": source}, **changes)


def write_csv(project: Project, name: str, rows: Iterable[Sequence[str]], *header: str) -> None:
    path = project.path(f"data/raw/{name}.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header or ("id", "text"), *rows])


def small(project: Project, count: int = 240) -> dict[str, tuple[str, str]]:
    """Let a new project have several CSV files with a little dirt, and half of its records labelled by two people."""
    made = reviews(count)
    use_files(project)
    dirt = [
        ("x1", "caf\u00c3\u00a9 &amp; mail jane@example.org or else"),
        ("x2", "a"),
        ("x3", made["r0003"][0]),
        ("x4", ""),
        ("x5", "so short"),
    ]
    rows = [(id, text) for id, (text, _) in made.items()] + dirt
    for number, part in enumerate(PARTS):
        write_csv(project, part, rows[number :: len(PARTS)])
    label(project, made, list(made)[::2])
    return made


def label(project: Project, made: Mapping[str, tuple[str, str]], ids: Iterable[str]) -> None:
    """Write a round in which two people say what a text's mood is, the second of them not always."""
    said = {id: (content_of(made[id][0]), made[id][1]) for id in ids}
    project.add_round(said, "ann")
    draw = random.Random(2)
    differing = {id: (each[0], each[1] if draw.random() < 0.8 else draw.choice(LABELS)) for id, each in said.items()}
    project.add_round(differing, "bob")


def permute(project: Project) -> None:
    """Write the raw files anew: other order of rows, files made in another order."""
    draw = random.Random(3)
    paths = sorted(project.path("data/raw").glob("*.csv"), reverse=True)
    texts = {path: path.read_text(encoding="utf-8").splitlines(keepends=True) for path in paths}
    for path in paths:
        path.unlink()
    for path, (header, *rows) in texts.items():
        path.write_text(header + "".join(draw.sample(rows, len(rows))), encoding="utf-8")

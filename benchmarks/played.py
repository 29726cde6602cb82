"""Answer the queue of a dataset from what is known of its records: `python -m benchmarks.played digits`.

Nobody looked: the rounds of digits, scenes, scenes_masks, peoples_daily and penguins in data/annotations/ are played.
Each person gives the true value, but for slips that people make. Of a digit, or a penguin's species, a declared share
of answers is one of the others with equal chances. Of a scene each object is missed, or called by another name, with
half that chance each, and every edge of a box is off by up to a twentieth of the box's size; a mask of a label is up to
two pixels too wide or too narrow. Of a sentence each published name is missed, called by another type, or has one
border off by a character, with a third of that chance each. Slips are drawn from the SHA-256 of
`played|<record>|<person>`, so that the same queue gets the same answers. They do not depend on how hard a record is, as
people's do, so that agreement and consensus look better than they would with people.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import yaml

from benchmarks.answers import write_round
from stages import tasks
from stages.configuration import instantiate
from stages.sources import Rows, Tagged, collect
from stages.sources.pictures import Digits, Scenes
from stages.tasks import Spans, Task
from stages.tasks.pictures import Boxes, Masks

ERROR = 0.03  # the share of a person's answers that are wrong
JITTER = 0.05  # of a box's size
Said = Callable[[str, str, Any, Task, float], Any]


def choice(record: str, person: str, true: str, task: Task, error: float = ERROR) -> str:
    """What a person chooses."""
    digest = sha256(f"played|{record}|{person}".encode()).digest()
    if int.from_bytes(digest[:8], "big") >= error * 2**64:
        return true
    others = [label for label in task.labels if label != true]
    return others[int.from_bytes(digest[8:16], "big") % len(others)]


def boxes(record: str, person: str, true: list[dict[str, Any]], task: Task, error: float = ERROR) -> Any:
    """What a person marks in a scene."""
    rng = Random(int.from_bytes(sha256(f"played|{record}|{person}".encode()).digest()[:8], "big"))
    marked = []
    for each in true:
        slip, other = rng.random(), rng.choice([label for label in task.labels if label != each["label"]])
        left, top, right, bottom = (rng.uniform(-JITTER, JITTER) for _ in range(4))
        if slip < error / 2:
            continue
        edges = {
            "x": max(0.0, each["x"] + left * each["width"]),
            "y": max(0.0, each["y"] + top * each["height"]),
            "width": each["width"] * (1 + right),
            "height": each["height"] * (1 + bottom),
        }
        edges["width"], edges["height"] = (
            min(edges[side], 100 - edges[start]) for side, start in (("width", "x"), ("height", "y"))
        )
        label = other if slip < error else each["label"]
        marked.append({**{key: round(edge, 2) for key, edge in edges.items()}, "rotation": 0.0, "label": label})
    assert isinstance(task, Boxes)
    return task.ordered(marked)


def masks(record: str, person: str, true: list[dict[str, Any]], task: Task, error: float = ERROR) -> Any:
    """What a person paints in a scene."""
    import cv2
    import numpy as np

    assert isinstance(task, Masks)
    rng = Random(int.from_bytes(sha256(f"played|{record}|{person}".encode()).digest()[:8], "big"))
    painted: dict[str, np.ndarray] = {}
    for each in true:
        slip, other = rng.random(), rng.choice([label for label in task.labels if label != each["label"]])
        change, brush = rng.choice((cv2.dilate, cv2.erode)), (rng.randint(1, 3), rng.randint(1, 3))
        if slip < error / 2:
            continue
        mask = change(np.array(each["pixels"], dtype=np.uint8), np.ones(brush, np.uint8))
        label = other if slip < error else each["label"]
        painted[label] = np.maximum(mask, painted.get(label, mask))
    return task.ordered([task.region(mask > 0, label) for label, mask in painted.items() if mask.any()])


def spans(record: str, person: str, true: list[dict[str, Any]], task: Task, error: float = ERROR) -> Any:
    """What a person marks in a sentence."""
    rng = Random(int.from_bytes(sha256(f"played|{record}|{person}".encode()).digest()[:8], "big"))
    marked = []
    for each in true:
        slip, other = rng.random(), rng.choice([label for label in task.labels if label != each["label"]])
        start, end = each["start"], each["end"]
        shifted = [(start + 1, end), (start, end - 1), (start - 1, end)]
        moved = rng.choice([(first, last) for first, last in shifted if 0 <= first < last] or [(start, end)])
        if slip < error / 3:
            continue
        if slip < 2 * error / 3:
            each = {**each, "label": other}
        elif slip < error:
            each = {**each, "start": moved[0], "end": moved[1]}
        marked.append(each)
    assert isinstance(task, Spans)
    return task.ordered(marked)


def _declared(dataset: str) -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load(Path(f"conf/dataset/{dataset}.yaml").read_text(encoding="utf-8"))
    return declared


def news() -> Tagged:
    declared = _declared("peoples_daily")["sources"]["news"]
    return Tagged(**{key: value for key, value in declared.items() if key != "_target_"})


class _Penguins:
    """The penguins with their species, under ids that are hashes of what is shown."""

    def read(self, columns: list[str]) -> Iterator[Rows]:
        declared = _declared("penguins")
        fields = {**declared["fields"], "species": "category"}
        frame = collect(instantiate(declared["sources"], "sources"), declared["id"], fields, declared["shown"])
        yield Rows("penguins", "", range(len(frame)), pa.Table.from_pandas(frame[columns]))


PLAYED: dict[str, tuple[Callable[[], Any], str, Said]] = {
    "digits": (Digits, "digit", choice),
    "scenes": (Scenes, "boxes", boxes),
    "scenes_masks": (partial(Scenes, 400), "masks", masks),
    "peoples_daily": (news, "spans", spans),
    "penguins": (_Penguins, "species", choice),
}


def truth(dataset: str) -> dict[str, Any]:
    """What is known of each record."""
    source, column, said = PLAYED[dataset]
    rows = [row for part in source().read(["id", column]) for row in part.table.to_pylist()]
    return {row["id"]: row[column] if said is choice else json.loads(row[column]) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=sorted(PLAYED))
    parser.add_argument("--people", type=int, default=3, help="answers per task (default 3)")
    parser.add_argument("--error", type=float, default=ERROR, help=f"share of wrong answers (default {ERROR})")
    given = parser.parse_args()
    interface = tasks.read("conf/labeling", given.dataset)
    known, said = truth(given.dataset), PLAYED[given.dataset][2]

    def answer(record: str, asked: set[str]) -> dict[str, Any]:
        people = (person for number in count(1) if (person := f"played-{number}") not in asked)
        return {
            each: said(record, each, known[record], interface.task, given.error)
            for each in islice(people, given.people)
        }

    print(write_round(Path("data/annotations") / given.dataset, interface, answer))


if __name__ == "__main__":
    main()

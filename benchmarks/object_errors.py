"""Rank pictures with wrong boxes: `python -m benchmarks.object_errors`; needs `pip install -e .[benchmarks]`.

Of the boxes of 300 scenes, one in ten is wrong: missed, called otherwise, far off, or accompanied by one that is no
object, with equal chances. The detector learns from these labels, and proposes out of fold. Average precision and the
share of wrong pictures at the top of three rankings: ours; ObjectLab's label quality score, of cleanlab; and the
surest other proposal first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from stages.annotators import crossfit
from stages.annotators.pictures import Detector
from stages.media import Store
from stages.quality import label_issues
from stages.sources.pictures import Scenes
from stages.tasks import Value
from stages.tasks.pictures import Boxes

COUNT, ERROR, JITTER, TOPS = 300, 0.1, 0.05, (10, 30, 60)
TASK = Boxes("digits", "image", tuple("0123456789"))


def main() -> None:
    from sklearn.metrics import average_precision_score

    wrong, given, proposals = labelled()
    ids = [f"{place:04}" for place in range(len(given))]
    human = [{"record": id, "first": {"value": value}} for id, value in zip(ids, given, strict=True)]
    auto = [{"record": id, **asdict(said)} for id, said in zip(ids, proposals, strict=True)]
    places = {id: place for place, id in enumerate(label_issues(TASK, human, auto))}
    rankings = {
        "ours": [-float(places.get(id, len(ids))) for id in ids],
        "ObjectLab": (-object_lab(given, proposals)).tolist(),
        "surest other": [
            said.confidence if TASK.compare(value, said.value) < TASK.bar else -1.0
            for value, said in zip(given, proposals, strict=True)
        ],
    }
    print(f"{wrong.sum()} of {len(wrong)} pictures are wrong")
    print(f"{'ranking':<14}{'AP':>6}" + "".join(f"{f'top {top}':>9}" for top in TOPS))
    for name, scores in rankings.items():
        order = np.argsort(-np.array(scores), kind="stable")
        tops = "".join(f"{wrong[order[:top]].mean():>9.2f}" for top in TOPS)
        print(f"{name:<14}{average_precision_score(wrong, scores):>6.3f}{tops}")


def labelled() -> tuple[np.ndarray, list[Value], list[Any]]:
    """Whether people are wrong, what they say, and what the detector proposes, per scene."""
    import pandas as pd

    parts: Any
    with TemporaryDirectory() as folder:
        store, rows = Store(Path(folder), folder), []
        parts = Scenes(COUNT).read(["id", "image", "boxes"])
        for part in parts:
            found = part.table.to_pylist()
            rows += [{**row, "image": store.put(row["id"], ".png", part.media(row["image"]))} for row in found]
        records = pd.DataFrame(rows)
        truth = [TASK.ordered(json.loads(each)) for each in records["boxes"]]
        given = [slipped(id, value) for id, value in zip(records["id"], truth, strict=True)]
        fitted = crossfit(Detector("image"), records, dict(zip(records["id"], given, strict=True)), TASK, 1)
    wrong = np.array([TASK.compare(*pair) < TASK.bar for pair in zip(truth, given, strict=True)])
    return wrong, given, [each for each in fitted.proposals if each is not None]


def slipped(record: str, true: Value) -> Value:
    rng = Random(int.from_bytes(sha256(f"object errors|{record}".encode()).digest()[:8], "big"))
    said = []
    for each in true:
        slip, box = rng.random(), dict(each)
        _move(box, rng.uniform(-JITTER, JITTER), rng.uniform(-JITTER, JITTER))
        if slip < ERROR / 4:
            continue
        if slip < ERROR / 2:
            box["label"] = rng.choice([label for label in TASK.labels if label != box["label"]])
        elif slip < 3 * ERROR / 4:
            _move(box, rng.choice((-1, 1)) * rng.uniform(0.4, 0.7), rng.choice((-1, 1)) * rng.uniform(0.4, 0.7))
        elif slip < ERROR:
            said.append({**box, "x": rng.uniform(0, 80), "y": rng.uniform(0, 70)})
        said.append(box)
    return TASK.ordered(said)


def _move(box: dict[str, Any], right: float, down: float) -> None:
    """Move a box by shares of its size, inside its picture."""
    for place, side, by in (("x", "width", right), ("y", "height", down)):
        box[place] = min(max(0.0, box[place] + by * box[side]), 100 - box[side])


def object_lab(given: Sequence[Value], proposals: Sequence[Any]) -> np.ndarray:
    from cleanlab.object_detection.rank import get_label_quality_scores

    labels = [
        {
            "bboxes": np.array([_corners(box) for box in value]).reshape(-1, 4),
            "labels": np.array([TASK.labels.index(box["label"]) for box in value], dtype=int),
        }
        for value in given
    ]
    predictions = []
    for said in proposals:
        by_label = np.empty(len(TASK.labels), dtype=object)
        for place, label in enumerate(TASK.labels):
            pairs = [
                (box, score) for box, score in zip(said.value, said.scores or (), strict=True) if box["label"] == label
            ]
            by_label[place] = np.array([[*_corners(box), score] for box, score in pairs]).reshape(-1, 5)
        predictions.append(by_label)
    return get_label_quality_scores(labels, predictions, verbose=False)


def _corners(box: dict[str, Any]) -> list[float]:
    return [box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]]


if __name__ == "__main__":
    main()

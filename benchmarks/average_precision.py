"""Average precision of boxes beside pycocotools: the same figures, and how long each takes.

python -m benchmarks.average_precision [--pictures 5000]

pycocotools does the same work: all sizes of objects, 100 a picture; what it takes to load is left out. Ours begins with
the values as the pipeline has them.
"""

from __future__ import annotations

import argparse
import time
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np

from stages.quality.pictures import detections, mean
from stages.tasks.pictures import Boxes

LABELS = tuple(f"label {number}" for number in range(20))
TASK = Boxes("objects", "image", LABELS)
KEYS = ("x", "y", "width", "height")

Value = list[dict[str, Any]]


def drawn(pictures: int) -> tuple[list[Value], list[Value], list[list[float]]]:
    """Draw true objects, and what a detector may have found: near, missed, of another label, or of nothing."""
    random = np.random.Generator(np.random.PCG64(1))
    truth, given, scores = [], [], []
    for _ in range(pictures):
        count = random.integers(0, 15)
        places, sides = random.uniform(0, 70, (count, 2)), random.uniform(5, 30, (count, 2))
        labels = random.integers(0, len(LABELS), count)
        truth.append([_box(*each) for each in zip(places, sides, labels, strict=True)])
        found = random.random(count) < 0.85
        moved = places[found] + random.normal(0, 0.06, (found.sum(), 2)) * sides[found]
        scaled = sides[found] * random.lognormal(0, 0.12, (found.sum(), 2))
        named = np.where(random.random(found.sum()) < 0.9, labels[found], random.integers(0, len(LABELS), found.sum()))
        noise = random.integers(0, 4)
        given.append(
            [_box(*each) for each in zip(moved, scaled, named, strict=True)]
            + [
                _box(random.uniform(0, 70, 2), random.uniform(5, 30, 2), random.integers(0, len(LABELS)))
                for _ in range(noise)
            ]
        )
        scores.append(np.concatenate([random.beta(4, 2, found.sum()), random.beta(2, 4, noise)]).tolist())
    return truth, given, scores


def _box(place: np.ndarray, sides: np.ndarray, label: Any) -> dict[str, Any]:
    numbers = dict(zip(KEYS, [*place.tolist(), *sides.tolist()], strict=True))
    return {**numbers, "rotation": 0.0, "label": LABELS[label]}


def peer(truth: list[Value], given: list[Value], scores: list[list[float]]) -> tuple[np.ndarray, float]:
    """AP50 and AP50:95 by pycocotools, and the seconds of CPU that it takes."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def told(values: list[Value]) -> list[dict[str, Any]]:
        return [
            {
                "image_id": image,
                "category_id": LABELS.index(each["label"]) + 1,
                "bbox": [each[key] for key in KEYS],
                "area": each["width"] * each["height"],
                "iscrowd": 0,
            }
            for image, value in enumerate(values)
            for each in value
        ]

    with redirect_stdout(StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": image} for image in range(len(truth))],
            "categories": [{"id": id, "name": name} for id, name in enumerate(LABELS, 1)],
            "annotations": [{**each, "id": id} for id, each in enumerate(told(truth), 1)],
        }
        coco.createIndex()
        flat = [score for each in scores for score in each]
        found = coco.loadRes([{**each, "score": score} for each, score in zip(told(given), flat, strict=True)])
        evaluation = COCOeval(coco, found, "bbox")
        evaluation.params.areaRng, evaluation.params.areaRngLbl = evaluation.params.areaRng[:1], ["all"]
        evaluation.params.maxDets = [100]
        start = time.process_time()
        evaluation.evaluate()
        evaluation.accumulate()
        took = time.process_time() - start
    precision = evaluation.eval["precision"][..., 0, 0]  # bars, recalls, labels
    by_bar = np.array([each[each > -1].mean() for each in precision])
    return np.array([by_bar[0], by_bar.mean()]), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=5000)
    truth, given, scores = drawn(parser.parse_args().pictures)
    times = []
    for _ in range(3):
        start = time.process_time()
        ours = mean(detections(TASK, truth, given, scores), np.ones(len(truth)))
        times.append(time.process_time() - start)
    theirs, took = peer(truth, given, scores)
    objects, proposed = (sum(map(len, values)) for values in (truth, given))
    print(f"{len(truth):,} pictures, {objects:,} objects, {proposed:,} proposed, {len(LABELS)} labels")
    for name, found, seconds in (("ours", ours, min(times)), ("pycocotools", theirs, took)):
        print(f"{name:12} AP50 {found[0]:.6f}  AP50:95 {found[1]:.6f}  {seconds:.2f} s of CPU")
    print(f"{took / min(times):.0f} times as fast")
    print(f"largest difference {np.abs(ours - theirs).max():.1e}")


if __name__ == "__main__":
    main()

"""Average precision, held against pycocotools."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from stages.quality.pictures import average_precision, detections, mean
from stages.tasks.pictures import Boxes, Masks, Polygons
from tests.publishing.test_pictures import box

LABELS = ("cat", "dog", "cow")
BOXES = Boxes("objects", "image", LABELS)
POLYGONS = Polygons("objects", "image", LABELS)
MASKS = Masks("objects", "image", LABELS)
Records = list[tuple[list[Any], list[Any], list[float]]]


def oracle(records: Records) -> list[float]:
    """AP50 and AP50:95 by pycocotools, on pictures of 100 × 100 pixels."""

    def told(value: list[Any], image: int) -> list[dict[str, Any]]:
        return [
            {
                "image_id": image,
                "category_id": LABELS.index(each["label"]) + 1,
                "bbox": [each[key] for key in ("x", "y", "width", "height")],
                "area": each["width"] * each["height"],
                "iscrowd": 0,
            }
            for each in value
        ]

    with redirect_stdout(StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": image} for image in range(len(records))],
            "categories": [{"id": place, "name": name} for place, name in enumerate(LABELS, 1)],
            "annotations": [each for image, (truth, *_) in enumerate(records) for each in told(truth, image)],
        }
        for id, each in enumerate(coco.dataset["annotations"], 1):
            each["id"] = id
        coco.createIndex()
        given_ = [
            {**each, "score": score}
            for image, (_, value, scores) in enumerate(records)
            for each, score in zip(told(value, image), scores, strict=True)
        ]
        evaluation = COCOeval(coco, coco.loadRes(given_) if given_ else COCO(), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(evaluation.stats[1]), float(evaluation.stats[0])]


def near(value: list[Any], random: np.random.Generator) -> list[Any]:
    """Objects as a detector may find them: near, missed, twice, of another label."""
    found = []
    for each in value:
        for _ in range(random.choice(3, p=[0.15, 0.7, 0.15])):
            moved = {key: each[key] + random.normal(0, 0.06) * each["width"] for key in ("x", "y")}
            sides = {key: each[key] * random.lognormal(0, 0.12) for key in ("width", "height")}
            label = each["label"] if random.random() < 0.85 else random.choice(LABELS)
            found.append({**each, **moved, **sides, "label": str(label)})
    return found


def drawn(seed: int, pictures: int, most: int, ties: bool) -> Records:
    random = np.random.default_rng(seed)
    records = []
    for _ in range(pictures):
        truth = [
            box(*random.uniform(0, 70, 2), *random.uniform(5, 30, 2), str(random.choice(LABELS)))
            for _ in range(random.integers(0, most + 1))
        ]
        value = near(truth, random)
        scores = random.integers(0, 4, len(value)) / 4 if ties else random.random(len(value))
        records.append((truth, value, scores.tolist()))
    return records


def painted(value: list[Any]) -> list[Any]:
    """Boxes as masks of 100 × 100 pixels, one stroke for each."""
    strokes = []
    for each in value:
        mask = np.zeros((100, 100), dtype=bool)
        left, top = max(0, round(each["x"])), max(0, round(each["y"]))
        mask[top : top + round(each["height"]), left : left + round(each["width"])] = True
        strokes.append(MASKS.region(mask, each["label"]))
    return MASKS.ordered(strokes)


def oracle_of_masks(records: Records) -> list[float]:
    """AP50 and AP50:95 by pycocotools, of masks."""

    def told(value: list[Any], image: int) -> list[dict[str, Any]]:
        found = []
        for each in MASKS.united(value):
            encoded = mask_utils.encode(np.asfortranarray(MASKS.mask([each], each["label"]), dtype=np.uint8))
            place = LABELS.index(each["label"]) + 1
            area = int(mask_utils.area(encoded))
            found.append({"image_id": image, "category_id": place, "segmentation": encoded, "area": area, "iscrowd": 0})
        return found

    with redirect_stdout(StringIO()):
        coco = COCO()
        annotations = [each for image, (truth, *_) in enumerate(records) for each in told(truth, image)]
        coco.dataset = {
            "images": [{"id": image, "width": 100, "height": 100} for image in range(len(records))],
            "categories": [{"id": place, "name": name} for place, name in enumerate(LABELS, 1)],
            "annotations": [each | {"id": id} for id, each in enumerate(annotations, 1)],
        }
        coco.createIndex()
        given_ = [
            {**each, "score": score}
            for image, (_, value, scores) in enumerate(records)
            for each, score in zip(told(value, image), scores, strict=True)
        ]
        evaluation = COCOeval(coco, coco.loadRes(given_), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(evaluation.stats[1]), float(evaluation.stats[0])]


def ours(task: Any, records: Records) -> np.ndarray:
    return mean(detections(task, *zip(*records, strict=True)), np.ones(len(records)))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from([1, 4, 30]), st.booleans())
def test_average_precision_is_that_of_pycocotools(seed, pictures, most, ties):
    records = drawn(seed, pictures, most, ties)
    if any(truth for truth, *_ in records) and any(value for _, value, _ in records):
        np.testing.assert_allclose(ours(BOXES, records), oracle(records), atol=1e-9)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_boxes_in_whole_pixels_that_overlap_by_a_bar_exactly_are_decided_alike(seed):
    """As a value has six digits of a per cent, such an overlap is only nearly that of the pixels."""
    random, (width, height) = np.random.default_rng(seed), (354, 159)
    records: Records = []
    exact: Records = []
    for _ in range(40):
        left, top, across, down = (int(each) for each in random.integers(4, 41, 4))
        sides = [left, top, across, down], [left, top, across + int(random.integers(0, 9)), down]
        whole = [box(*side) for side in sides]
        shares = [
            box(*(round(each / of * 100, 6) for each, of in zip(side, (width, height) * 2, strict=True)))
            for side in sides
        ]
        scores = [random.random()]
        exact.append(([whole[0]], [whole[1]], scores))
        records.append(([shares[0]], [shares[1]], scores))
    np.testing.assert_allclose(ours(BOXES, records), oracle(exact), atol=1e-9)


def test_overlaps_at_a_bar_and_alike_are_decided_as_pycocotools_does():
    truth = [box(0, 0, 10, 10), box(0, 0, 10, 10), box(40, 0, 10, 10), box(60, 0, 10, 10)]
    value = [box(0, 0, 10, 5), box(0, 0, 10, 10), box(40, 0, 10, 6), box(60, 0, 10, 9.5)]
    records: Records = [(truth, value, [0.9, 0.8, 0.7, 0.6])]
    np.testing.assert_allclose(ours(BOXES, records), oracle(records), atol=1e-12)


def test_of_one_label_in_one_picture_the_hundred_most_confident_count():
    truth = [box(i % 12 * 8, i // 12 * 8, 7, 7) for i in range(130)]
    records: Records = [(truth, truth, np.linspace(1, 0, 130).tolist())]
    assert ours(BOXES, records)[0] == pytest.approx(oracle(records)[0])
    assert 0.7 < ours(BOXES, records)[0] < 0.8


def test_polygons_that_are_boxes_have_the_average_precision_of_boxes():
    records = drawn(3, 20, 4, ties=False)

    def outlined(value: list[Any]) -> list[Any]:
        made = []
        for each in value:
            left, top, right, bottom = each["x"], each["y"], each["x"] + each["width"], each["y"] + each["height"]
            points = [[left, top], [right, top], [right, bottom], [left, bottom]]
            made.append({"points": points, "label": each["label"]})
        return made

    outlines: Records = [(outlined(truth), outlined(value), scores) for truth, value, scores in records]
    np.testing.assert_allclose(ours(POLYGONS, outlines), ours(BOXES, records), atol=1e-12)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_average_precision_of_masks_is_that_of_pycocotools(seed, pictures):
    """People's strokes add up to one mask for each label; proposals have one."""
    random = np.random.default_rng(seed)
    records: Records = []
    for truth, value, _ in drawn(seed, pictures, 5, ties=False):
        proposed = MASKS.united(painted(value))
        records.append((painted(truth), proposed, random.random(len(proposed)).tolist()))
    if any(truth for truth, *_ in records) and any(value for _, value, _ in records):
        np.testing.assert_allclose(ours(MASKS, records), oracle_of_masks(records), atol=1e-6)


def test_a_record_that_counts_twice_is_two_records():
    """All but the order among objects of one confidence, which copies have."""
    records = drawn(5, 30, 3, ties=False)
    weights = np.arange(30) % 3
    found = detections(BOXES, *zip(*records, strict=True))
    twice = [record for record, weight in zip(records, weights, strict=True) for _ in range(weight)]
    np.testing.assert_allclose(mean(found, weights), ours(BOXES, twice), atol=0.01)


def test_the_interval_holds_the_value_and_comes_from_the_seed_alone():
    truth, value, scores = zip(*drawn(6, 60, 3, ties=False), strict=True)
    found = average_precision(BOXES, truth, value, scores, 7)
    assert found == average_precision(BOXES, truth, value, scores, 7)
    assert found.keys() == {"ap50", "ap50_95"}
    for each in found.values():
        assert each["low"] < each["value"] < each["high"]


@pytest.mark.parametrize("task", [BOXES, POLYGONS, MASKS])
def test_without_a_labelled_record_there_is_a_reason_for_every_task(task):
    found = average_precision(task, [], [], [], 0)
    assert found["ap50"]["value"] is found["ap50_95"]["value"] is None
    assert found["ap50"]["reason"]


def test_what_cannot_be_computed_says_why():
    for truth, value in (([], []), ([[]], [[box(1, 1, 2, 2)]])):
        found = average_precision(BOXES, truth, value, [[0.5] * len(each) for each in value], 0)
        assert found["ap50"]["value"] is None
        assert found["ap50"]["reason"]
    missed = average_precision(BOXES, [[box(1, 1, 2, 2)]] * 3, [[]] * 3, [[]] * 3, 0)
    assert missed["ap50"]["value"] == 0

"""Pretrained models that find objects: tiny ones of real architectures, made on the spot."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages import InputError
from stages.annotators import crossfit
from stages.annotators.pictures import PretrainedDetector
from stages.annotators.pictures.components import Component
from stages.annotators.pictures.object_models import _distinct
from stages.media import pictures as codec
from stages.tasks import Choice
from stages.tasks.pictures import Boxes, Masks, Polygons
from tests import pretrained
from tests.pretrained import read

pytestmark = pytest.mark.slow  # torch alone takes seconds to import

LABELS = ("cat", "dog")
BOXES, MASKS = Boxes("objects", "image", LABELS), Masks("objects", "image", LABELS)
ONE = Boxes("objects", "image", ("thing",))
CASES = {
    "object-detection": (BOXES, {"threshold": 0.35}),
    "zero-shot-object-detection": (BOXES, {"threshold": 0.5, "labels": {"a cat": "cat", "a photo of a dog": "dog"}}),
    "image-segmentation": (MASKS, {"threshold": 0.3}),
    "semantic": (MASKS, {"threshold": 0.3}),
    "mask-generation": (ONE, {"threshold": 0.5}),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("pictures") / "_media"
    folder.mkdir()
    random, rows = np.random.default_rng(0), []
    for number in range(3):
        pixels = random.integers(0, 60, (60, 90, 3) if number else (60, 90)).astype(np.uint8)
        pixels[10:40, 20 * number : 20 * number + 30] = 200
        path = folder / f"{number}.png"
        path.write_bytes(codec.encode(pixels))
        rows.append({"id": str(number), "image": str(path)})
    return pd.DataFrame(rows)


def detector(kind: str, folder: Path, **changes) -> PretrainedDetector:
    settings = CASES[kind][1] | changes
    known = "image-segmentation" if kind == "semantic" else kind
    return PretrainedDetector("image", pretrained.objects(kind, folder), known, **settings)


@pytest.mark.parametrize("kind", CASES)
def test_without_a_label_every_kind_proposes_what_the_interface_asks_for(kind, pictures, tmp_path):
    task = CASES[kind][0]
    records = pictures[:1] if kind == "mask-generation" else pictures  # a thousand points each
    fitted = crossfit(detector(kind, tmp_path), records, {}, task, 1)
    assert fitted.reason is None
    assert sum(len(each.value) for each in fitted.proposals) > 0
    for each in fitted.proposals:
        assert task.parse(task.show(each.value)) == each.value
        assert len(each.scores) == len(each.value)
        assert 0 <= each.confidence <= 1
        if task is not MASKS:
            for box in each.value:
                assert min(box["x"], box["y"]) >= 0
                assert max(box["x"] + box["width"], box["y"] + box["height"]) <= 100.00001


@pytest.mark.parametrize("kind", ["object-detection", "zero-shot-object-detection", "image-segmentation", "semantic"])
def test_neither_the_other_pictures_nor_threads_change_a_proposal(kind, pictures, tmp_path):
    import torch

    task = CASES[kind][0]
    model = detector(kind, tmp_path).fit(pictures[:0], [], task, 1)
    whole = model.predict(pictures)
    torch.set_num_threads(1)
    alone = model.predict(pictures[1:2])[0]
    assert (alone.value, alone.scores) == (whole[1].value, whole[1].scores)
    assert round(alone.confidence, 6) == round(whole[1].confidence, 6)


def test_boxes_are_those_of_the_pipeline_of_transformers(pictures, tmp_path):
    from PIL import Image
    from transformers import pipeline

    annotator = detector("object-detection", tmp_path, threshold=0.35)
    proposal = annotator.fit(pictures[:0], [], BOXES, 1).predict(pictures[:1])[0]
    theirs = pipeline("object-detection", model=annotator.model, threshold=0.01, device="cpu")
    found = theirs(Image.open(pictures["image"][0]).convert("RGB"))
    best = max(found, key=lambda each: each["score"])
    [box] = proposal.value
    assert box["label"] == best["label"]
    assert proposal.scores == [pytest.approx(best["score"], abs=1e-4)]
    assert box["x"] == pytest.approx(best["box"]["xmin"] / 90 * 100, abs=0.01)
    assert box["y"] + box["height"] == pytest.approx(best["box"]["ymax"] / 60 * 100, abs=0.01)


def test_what_is_left_out_makes_a_picture_less_sure(pictures, tmp_path):
    sure = detector("object-detection", tmp_path, threshold=0.01).fit(pictures[:0], [], BOXES, 1)
    least = detector("object-detection", tmp_path, threshold=1.0).fit(pictures[:0], [], BOXES, 1)
    all_, none = sure.predict(pictures[:1])[0], least.predict(pictures[:1])[0]
    assert none.value == []
    assert all_.confidence == pytest.approx(math.prod(all_.scores), abs=1e-6)
    assert none.confidence == pytest.approx(math.prod(1 - score for score in all_.scores), abs=1e-6)


def test_labels_say_what_the_model_s_names_mean_and_what_is_not_named_is_left_out(pictures, tmp_path):
    task = Boxes("objects", "image", ("animal",))
    annotator = detector("object-detection", tmp_path, threshold=0.01, labels={"cat": "animal", "dog": "animal"})
    every = annotator.fit(pictures[:0], [], task, 1).predict(pictures)
    cats = detector("object-detection", tmp_path, threshold=0.01, labels={"cat": "animal"})
    some = cats.fit(pictures[:0], [], task, 1).predict(pictures)
    assert sum(len(each.value) for each in some) < sum(len(each.value) for each in every)
    assert {box["label"] for each in every for box in each.value} == {"animal"}


@pytest.mark.parametrize("kind", [Boxes, Polygons])
def test_segments_become_boxes_and_polygons_where_these_are_asked_for(kind, pictures, tmp_path):
    task = kind("objects", "image", LABELS)
    masks = detector("image-segmentation", tmp_path).fit(pictures[:0], [], MASKS, 1).predict(pictures)
    found = detector("image-segmentation", tmp_path).fit(pictures[:0], [], task, 1).predict(pictures)
    for each, mask in zip(found, masks, strict=True):
        assert {region["label"] for region in each.value} == {region["label"] for region in mask.value}
        assert task.parse(task.show(each.value)) == each.value


def test_a_record_without_a_picture_has_no_proposal(pictures, tmp_path):
    model = detector("semantic", tmp_path).fit(pictures[:0], [], MASKS, 1)
    found = model.predict(pictures.assign(image=[pictures["image"][0], None, ""]))
    assert [each is None for each in found] == [False, True, True]


def test_a_saved_model_is_read_back_and_another_is_refused(pictures, tmp_path):
    annotator = detector("object-detection", tmp_path)
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        annotator.fit(pictures[:0], [], BOXES, 1).save(tmp_path / folder)
    assert read(tmp_path / "one") == read(tmp_path / "other")
    expected = annotator.fit(pictures[:0], [], BOXES, 1).predict(pictures)
    assert annotator.load(tmp_path / "one", BOXES).predict(pictures) == expected
    with pytest.raises(InputError, match="another model than the one that proposed"):
        detector("semantic", tmp_path).load(tmp_path / "one", MASKS)


def test_of_objects_that_overlap_the_surest_alone_is_kept():
    def box(left, top, width, height, name, score):
        return Component(left, top, np.ones((height, width), dtype=bool)), name, score

    best = box(0, 0, 10, 10, "cat", 0.9)
    near, far = box(0, 0, 10, 8, "cat", 0.8), box(20, 0, 10, 10, "cat", 0.7)
    named, on_it = box(0, 0, 10, 10, "dog", 0.6), box(0, 0, 10, 6, "rider", 0.5)
    assert _distinct([best, near, far, named, on_it]) == [best, far, on_it]


def test_what_cannot_be_is_named(pictures, tmp_path):
    yolos = pretrained.objects("object-detection", tmp_path)
    for annotator, task, said in (
        (detector("object-detection", tmp_path), MASKS, "proposes boxes, and the labelling interface asks for masks"),
        (detector("object-detection", tmp_path), Choice("a", "b", LABELS), "interface asks for choice"),
        (detector("object-detection", tmp_path, labels={"cat": "cow"}), BOXES, "'cow' is not in the labelling"),
        (detector("object-detection", tmp_path, labels={"cow": "cat"}), BOXES, "no class 'cow'; it has cat, dog"),
        (detector("mask-generation", tmp_path), BOXES, "the interface must have one label"),
        (PretrainedDetector("image", yolos, "image-segmentation"), MASKS, "is no model for image-segmentation"),
        (PretrainedDetector("image", yolos, "zero-shot-object-detection"), BOXES, "is no model for zero-shot-object"),
        (PretrainedDetector("image", "some/model", "object-detection"), BOXES, "give its commit as `revision`"),
    ):
        with pytest.raises(InputError, match=said):
            annotator.fit(pictures[:0], [], task, 1)
    with pytest.raises(InputError, match="one of object-detection, zero-shot"):
        PretrainedDetector("image", yolos, "detection")
    with pytest.raises(InputError, match=r"a score from \.01 to 1 is expected, found 0"):
        PretrainedDetector("image", yolos, "object-detection", threshold=0.0)

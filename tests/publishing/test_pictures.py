"""Published boxes, polygons and masks, read back by what people read them with."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from stages import InputError, media
from stages.configuration import instantiate
from stages.media import pictures as codec
from stages.publishing import HuggingFace, JsonLines, Version
from stages.publishing.pictures import Coco, Voc, Yolo
from stages.tables import read, write
from stages.tasks import Choice
from stages.tasks.pictures import Boxes, Masks, Polygons
from tests.publishing.test_publishing import ABOUT, header, load

__all__ = ["load"]  # a fixture

LABELS = ("cat", "big dog")
BOXES = Boxes("objects", "image", LABELS)
POLYGONS = Polygons("objects", "image", LABELS)
MASKS = Masks("objects", "image", LABELS)
SIZES = {"a": (40, 20), "b": (20, 60), "c": (40, 20)}  # width and height
SPLIT = {"a": "train", "b": "train", "c": "test"}


def box(x: float, y: float, width: float, height: float, label: str = "cat", **rotated: Any) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "rotation": 0.0, **rotated, "label": label}


def polygon(*points: tuple[float, float], label: str = "cat") -> dict[str, Any]:
    return {"points": [list(map(float, each)) for each in points], "label": label}


def mask(name: str, rows: slice, columns: slice, label: str = "cat") -> dict[str, Any]:
    marked = np.zeros(SIZES[name][::-1], dtype=bool)
    marked[rows, columns] = True
    return MASKS.region(marked, label)


UPRIGHT = {"a": [box(10, 20, 50, 40), box(50, 50, 25, 50, "big dog")], "b": [], "c": [box(0, 0, 100, 100)]}
TURNED = {**UPRIGHT, "c": [box(50, 0, 25, 50, rotation=90.0, size=[40, 20])]}  # 10 × 10 pixels, to the left of x = 20
OUTLINES = {
    "a": [polygon((0, 0), (50, 0), (50, 50))],
    "b": [polygon((0, 0), (100, 0), (0, 50), label="big dog")],
    "c": [],
}
PAINTED = {
    "a": [mask("a", slice(2, 8), slice(0, 10)), mask("a", slice(10, 20), slice(30, 40), "big dog")],
    "b": [mask("b", slice(0, 60), slice(0, 20))],
    "c": [],
}


def made(folder: Path, task: Any, values: dict[str, Any]) -> Version:
    """A version whose tables were written and read as the pipeline does."""
    place = folder / "records"
    store = media.Store(place, str(place))
    kinds = {"id": "text", "image": "text", "label": task.column, "origin": "text", "confidence": "number"}
    kinds |= {"source": "text"}
    tables = {}
    for split in ("train", "test"):
        rows = []
        for id, value in values.items():
            if SPLIT[id] == split:
                width, height = SIZES[id]
                path = store.put(id, ".png", codec.encode(np.full((height, width), ord(id), np.uint8)))
                rows.append(
                    {"id": id, "image": path, "label": value, "origin": "human", "confidence": 1.0, "source": "s"}
                )
        write(folder / split, [pd.DataFrame(rows, columns=list(kinds))], kinds)
        tables[split] = read(folder / split)
    return Version("scenes", "c41f09be22d17a60", ABOUT, {"image": "image"}, task, tables, "Nothing.", "# Scenes\n")


def form_of(form: Any, task: Any, values: dict[str, Any], folder: Path) -> Path:
    form.write(folder / "form", made(folder, task, values))
    return folder / "form"


def coco(folder: Path, split: str = "train") -> Any:
    from pycocotools.coco import COCO

    with redirect_stdout(StringIO()):
        return COCO(str(folder / f"annotations/instances_{split}.json"))


def boxes_of(found: Any) -> dict[str, list[Any]]:
    """What supervision found: by picture the edges in pixels and the label of each object."""
    return {
        Path(path).stem: [
            (edges.round(3).tolist(), found.classes[each])
            for edges, each in zip(marked.xyxy, marked.class_id, strict=True)
        ]
        for path, _, marked in found
    }


EDGES = {"a": [([4.0, 4.0, 24.0, 12.0], "cat"), ([20.0, 10.0, 30.0, 20.0], "big dog")], "b": []}


def test_pycocotools_reads_boxes_in_pixels(tmp_path):
    found = coco(form_of(Coco(), BOXES, UPRIGHT, tmp_path))
    assert {found.cats[each]["name"] for each in found.cats} == set(LABELS)
    assert [(each["file_name"], each["width"], each["height"]) for each in found.imgs.values()] == [
        ("a.png", 40, 20),
        ("b.png", 20, 60),
    ]
    assert [(each["image_id"], each["category_id"], each["bbox"], each["area"]) for each in found.anns.values()] == [
        (1, 1, [4, 4, 20, 8], 160),
        (1, 2, [20, 10, 10, 10], 100),
    ]


def test_whole_pixels_come_out_whole(tmp_path):
    edges = [7, 11, 13, 29]  # left, top, width and height on 20 × 60 pixels; a value has six digits of a per cent
    shares = [round(each / side * 100, 6) for each, side in zip(edges, (20, 60, 20, 60), strict=True)]
    found = coco(form_of(Coco(), BOXES, {"b": [box(*shares)]}, tmp_path))
    assert next(iter(found.anns.values()))["bbox"] == edges


def test_a_rotated_box_is_its_corners_and_what_they_lie_in(tmp_path):
    found = coco(form_of(Coco(), BOXES, TURNED, tmp_path), "test")
    (each,) = found.anns.values()
    assert each["segmentation"] == [[20, 0, 20, 10, 10, 10, 10, 0]]
    assert (each["bbox"], each["area"]) == ([10, 0, 10, 10], 100)
    assert found.annToMask(each).nonzero()[1].tolist() == [*range(10, 20)] * 10


def test_pycocotools_reads_polygons_and_masks(tmp_path):
    found = coco(form_of(Coco(), POLYGONS, OUTLINES, tmp_path / "polygons"))
    assert [(each["bbox"], each["area"]) for each in found.anns.values()] == [
        ([0, 0, 20, 10], 100),
        ([0, 0, 20, 30], 300),
    ]
    found = coco(form_of(Coco(), MASKS, PAINTED, tmp_path / "masks"))
    assert [each["bbox"] for each in found.anns.values()] == [[0, 2, 10, 6], [30, 10, 10, 10], [0, 0, 20, 60]]
    regions = [(name, region) for name in ("a", "b") for region in PAINTED[name]]
    for each, (_, region) in zip(found.anns.values(), regions, strict=True):
        expected = MASKS.mask([region], region["label"])
        assert (found.annToMask(each) == expected).all()
        assert each["area"] == expected.sum()


def read_back(form: str, folder: Path) -> Any:
    from supervision import DetectionDataset

    images = {"coco": "images/train", "yolo": "images/train", "voc": "JPEGImages"}[form]
    given: dict[str, Callable[[], Any]] = {
        "coco": lambda: DetectionDataset.from_coco(
            str(folder / images), str(folder / "annotations/instances_train.json")
        ),
        "yolo": lambda: DetectionDataset.from_yolo(
            str(folder / images), str(folder / "labels/train"), str(folder / "data.yaml")
        ),
        "voc": lambda: DetectionDataset.from_pascal_voc(str(folder / images), str(folder / "Annotations")),
    }
    return given[form]()


@pytest.mark.parametrize(("name", "form"), [("coco", Coco()), ("yolo", Yolo()), ("voc", Voc())])
def test_supervision_reads_boxes(tmp_path, name, form):
    found = boxes_of(read_back(name, form_of(form, BOXES, UPRIGHT, tmp_path)))
    assert {each: found[each] for each in ("a", "b")} == EDGES


def test_supervision_reads_outlines(tmp_path):
    found = boxes_of(read_back("yolo", form_of(Yolo(), POLYGONS, OUTLINES, tmp_path)))
    assert found == {"a": [([0, 0, 20, 10], "cat")], "b": [([0, 0, 20, 30], "big dog")]}


def test_yolo_names_its_labels_and_writes_corners_if_asked_for(tmp_path):
    folder = form_of(Yolo(oriented=True), BOXES, TURNED, tmp_path)
    assert yaml.safe_load((folder / "data.yaml").read_text()) == {
        "train": "images/train",
        "test": "images/test",
        "names": dict(enumerate(LABELS)),
    }
    number, *corners = (folder / "labels/test/c.txt").read_text().split()
    assert number == "0"
    assert list(map(float, corners)) == [0.5, 0, 0.5, 0.5, 0.25, 0.5, 0.25, 0]


def test_voc_has_lists_of_its_pictures_and_pixels_that_count_from_1(tmp_path):
    folder = form_of(Voc(), BOXES, UPRIGHT, tmp_path)
    assert (folder / "ImageSets/Main/train.txt").read_text() == "a\nb\n"
    assert (folder / "labels.txt").read_text() == "cat\nbig dog\n"
    text = (folder / "Annotations/c.xml").read_text()
    assert "<xmin>1</xmin>\n      <ymin>1</ymin>\n      <xmax>40</xmax>\n      <ymax>20</ymax>" in text


def test_voc_has_masks_as_pictures_of_label_numbers(tmp_path):
    folder = form_of(Voc(), MASKS, PAINTED, tmp_path)
    drawn = Image.open(folder / "SegmentationClass/a.png")
    numbers = np.asarray(drawn)
    for place, label in enumerate(LABELS, 1):
        assert ((numbers == place) == MASKS.mask(PAINTED["a"], label)).all()
    assert drawn.convert("RGB").getpixel((0, 2)) == (128, 0, 0)  # as the challenge colours its first class
    assert not np.asarray(Image.open(folder / "SegmentationClass/c.png")).any()


OVERLAID = {**PAINTED, "b": [*PAINTED["b"], mask("b", slice(0, 1), slice(0, 1), "big dog")]}
WRONG_SIZE = {**PAINTED, "b": PAINTED["a"]}


@pytest.mark.parametrize(
    ("form", "task", "values", "message"),
    [
        (
            Coco(),
            Choice("c", "image", LABELS),
            {"a": "cat"},
            "COCO carries boxes and polygons and masks, .* choice; set the form to null",
        ),
        (Yolo(), MASKS, PAINTED, "YOLO carries boxes and polygons, .* has masks; choose publish=masks, or set"),
        (Yolo(), BOXES, TURNED, "record c: a rotated box, .* publish=rotated_boxes, or set `oriented: true`"),
        (Voc(), BOXES, TURNED, "record c: a rotated box, .* publish=rotated_boxes, or set the form to null"),
        (Voc(), POLYGONS, OUTLINES, "VOC carries boxes and masks, .* has polygons; choose publish=polygons, or set"),
        (Voc(), MASKS, OVERLAID, "record b: masks of two labels share pixels"),
        (Coco(), MASKS, WRONG_SIZE, "record b: marked on 40 × 20 pixels, and the picture has 20 × 60"),
    ],
)
def test_what_a_form_cannot_carry_is_said(tmp_path, form, task, values, message):
    with pytest.raises(InputError, match=message):
        form_of(form, task, values, tmp_path)


@pytest.mark.parametrize(
    ("option", "task", "values"),
    [
        ("boxes", BOXES, UPRIGHT),
        ("rotated_boxes", BOXES, TURNED),
        ("polygons", POLYGONS, OUTLINES),
        ("masks", MASKS, OVERLAID),
    ],
)
def test_a_shipped_option_publishes_what_it_is_named_after_as_it_stands(tmp_path, option, task, values):
    settings = yaml.safe_load(Path(f"conf/publish/{option}.yaml").read_text(encoding="utf-8"))
    forms = instantiate(settings["forms"], "publish.forms")
    version = made(tmp_path, task, values)
    for name, form in forms.items():
        if form:
            form.write(tmp_path / "published" / name, version)
    assert len(coco(tmp_path / "published/coco").anns) == sum(len(values[id]) for id in ("a", "b"))


def test_a_record_without_a_picture_and_a_table_without_pictures_are_said(tmp_path):
    version = made(tmp_path, BOXES, UPRIGHT)
    version.tables["train"].loc[1, "image"] = None
    with pytest.raises(InputError, match=r"record b: has no picture \(image\)"):
        Coco().write(tmp_path / "form", version)
    with pytest.raises(InputError, match="this dataset has 0 fields of images"):
        Coco().write(tmp_path / "other", Version(**vars(version) | {"fields": {"text": "text"}}))


@pytest.mark.parametrize("form", [Coco(), Yolo(), Voc()])
def test_a_picture_without_a_label_is_not_one_that_shows_nothing(tmp_path, form):
    version = made(tmp_path, BOXES, UPRIGHT)
    version.tables["train"].loc[0, ["label", "origin"]] = None
    form.write(tmp_path / "form", version)
    assert {path.name for path in (tmp_path / "form").rglob("*.png")} == {"b.png", "c.png"}


@pytest.mark.parametrize("form", [Coco(), Yolo(), Voc()])
def test_the_same_version_has_the_same_bytes(tmp_path, form):
    found = []
    for run in ("one", "other"):
        folder = form_of(form, BOXES, UPRIGHT, tmp_path / run)
        found.append({str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*.*")})
    assert found[0] == found[1]
    assert len(found[0]) >= 5


@pytest.mark.parametrize(
    ("task", "values", "category"),
    [
        (BOXES, TURNED, "object-detection"),
        (POLYGONS, OUTLINES, "image-segmentation"),
        (MASKS, PAINTED, "image-segmentation"),
    ],
)
def test_datasets_and_croissant_give_what_is_marked(load, tmp_path, task, values, category):
    import mlcroissant

    folder = form_of(HuggingFace(), task, values, tmp_path)
    assert header(folder)["task_categories"] == [category]
    train = load(folder)["train"]
    assert train["image"][1].size == SIZES["b"]
    names = train.features["label"].feature["label"]
    found = [
        [{key: each for key, each in region.items() if each is not None} for region in value]
        for value in train["label"]
    ]
    assert [[{**each, "label": names.int2str(each["label"])} for each in value] for value in found] == [
        values["a"],
        values["b"],
    ]
    rows = list(mlcroissant.Dataset(str(folder / "croissant.json")).records("train"))
    told = [[_plainly(region, names.names) for region in row["train/label"]] for row in rows]
    assert told == [values["a"], values["b"]]


def _plainly(region: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """What Croissant gives for a region: texts as bytes, and every key."""
    told = {key.rpartition("/")[2]: each for key, each in region.items() if each is not None}
    assert told["label"].decode() in names
    return {**told, "label": told["label"].decode()}


def test_json_lines_have_what_is_marked_as_it_was_given(tmp_path):
    folder = form_of(JsonLines(), BOXES, TURNED, tmp_path)
    told = [
        json.loads(line) for split in ("train", "test") for line in (folder / f"{split}.jsonl").read_text().splitlines()
    ]
    assert {each["id"]: each["label"] for each in told} == TURNED

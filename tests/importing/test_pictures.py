"""Labels that other tools wrote become a round."""

from __future__ import annotations

import io
import json
import math
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as pycoco

from stages import InputError, media, tables
from stages.importing.__main__ import run
from stages.importing.pictures import READERS, Mark, result
from stages.media import pictures as codec
from stages.publishing.pictures import Coco, Voc, Yolo
from stages.review import read_rounds
from stages.sources.pictures import TarShards
from stages.tasks import Interface
from tests.publishing.test_pictures import (
    BOXES,
    MASKS,
    OUTLINES,
    PAINTED,
    POLYGONS,
    SIZES,
    TURNED,
    UPRIGHT,
    form_of,
)

ROOT = Path(__file__).resolve().parents[2]


def interface(task: Any, **corrections: str | None) -> Interface:
    return Interface(task, "", "", "", corrections)


def values(form: str, path: Path, task: Any, **corrections: str | None) -> dict[str, Any]:
    """What a reader finds, by picture, as values of the task."""
    found = {}
    for each in READERS[form](path):
        height, width = codec.decode(each.picture.read_bytes()).shape[:2]
        shown, _ = result(each.marks(width, height), interface(task, **corrections), width, height)
        found[each.picture.stem] = tables.rounded(task.parse(shown))
    return found


@pytest.mark.parametrize(
    ("task", "truth"), [(BOXES, UPRIGHT), (POLYGONS, OUTLINES), (MASKS, PAINTED)], ids=["boxes", "polygons", "masks"]
)
def test_coco_reads_what_was_published(tmp_path, task, truth):
    folder = form_of(Coco(), task, truth, tmp_path)
    found = {}
    for split in ("train", "test"):
        found |= values("coco", folder / f"annotations/instances_{split}.json", task)
    assert found == truth


@pytest.mark.parametrize(
    ("form", "task", "truth"),
    [(Yolo(), BOXES, UPRIGHT), (Yolo(oriented=True), BOXES, TURNED), (Yolo(), POLYGONS, OUTLINES)],
)
def test_yolo_reads_what_was_published(tmp_path, form, task, truth):
    found = values("yolo", form_of(form, task, truth, tmp_path), task)
    assert found.keys() == truth.keys()
    for name, value in truth.items():
        assert task.compare(found[name], value) == pytest.approx(1, abs=1e-4)


def test_voc_reads_what_was_published(tmp_path):
    assert values("voc", form_of(Voc(), BOXES, UPRIGHT, tmp_path), BOXES) == UPRIGHT


def test_compressed_masks_are_read_as_pycocotools_writes_them(tmp_path):
    random = np.random.default_rng(0)
    folder = form_of(Coco(), MASKS, PAINTED, tmp_path)
    path = folder / "annotations/instances_train.json"
    told = json.loads(path.read_text())
    width, height = SIZES["a"]
    truth = random.random((height, width)) < np.linspace(0, 1, width) ** 2
    told["annotations"] = [told["annotations"][0]]
    encoded = pycoco.encode(np.asfortranarray(truth.astype(np.uint8)))
    told["annotations"][0]["segmentation"] = {"size": [height, width], "counts": encoded["counts"].decode()}
    path.write_text(json.dumps(told))
    assert (MASKS.mask(values("coco", path, MASKS)["a"], "cat") == truth).all()


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 320), st.integers(0, 160)), min_size=3, max_size=8), min_size=1, max_size=3
    )
)
def test_an_outline_becomes_the_mask_that_pycocotools_makes_of_it_but_for_its_border(parts):
    width, height = 40, 20
    outline = [[(x / 8, y / 8) for x, y in part] for part in parts]
    shown, _ = result([Mark("cat", "", outline=outline)], interface(MASKS), width, height)
    ours = MASKS.mask(MASKS.parse(shown), "cat")
    flat = [[float(each) for point in part for each in point] for part in outline]
    theirs = pycoco.decode(pycoco.merge(pycoco.frPyObjects(flat, height, width))).astype(bool)
    edges = [pair for part in outline for pair in zip(part, [*part[1:], part[0]], strict=True)]
    for row, column in np.argwhere(ours ^ theirs).tolist():
        assert min(distance((column + 0.5, row + 0.5), *edge) for edge in edges) <= 1


def distance(point, start, end):
    """From a point to a line between two others."""
    (x, y), (left, top), (right, bottom) = point, start, end
    across, down = right - left, bottom - top
    length = across**2 + down**2
    share = min(max(((x - left) * across + (y - top) * down) / length, 0), 1) if length else 0
    return math.dist(point, (left + share * across, top + share * down))


def test_an_object_of_several_parts_is_a_mask_and_no_polygon(tmp_path):
    square, other = [5, 5, 15, 5, 15, 15, 5, 15], [25, 2, 30, 2, 30, 8, 25, 8]
    path = coco_with(tmp_path, at("annotations", 0, "segmentation", to=[square, other, []]))
    with pytest.raises(InputError, match="an object of 2 parts, and a polygon has one"):
        values("coco", path, POLYGONS)
    told = json.loads(path.read_text())
    told["annotations"] = told["annotations"][:1]
    path.write_text(json.dumps(told))
    marked = MASKS.mask(values("coco", path, MASKS)["a"], "cat")
    assert marked.sum() == 10 * 10 + 5 * 6
    assert marked[5:15, 5:15].all()
    assert marked[2:8, 25:30].all()


def coco_with(folder: Path, change: Any) -> Path:
    path = form_of(Coco(), BOXES, UPRIGHT, folder) / "annotations/instances_train.json"
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))
    return path


def at(*keys: Any, to: Any) -> Any:
    def change(told: Any) -> None:
        for key in keys[:-1]:
            told = told[key]
        told[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at("images", to=3), "instances_train.json: `images` is expected, a list of objects"),
        (at("images", 0, "file_name", to="../../../secret.png"), r"images\[0\], file_name: .* leads out of"),
        (at("images", 1, "file_name", to="gone.png"), r"images\[1\], file_name: there is no picture"),
        (at("images", 0, "width", to=41), r"images\[0\]: width and height are \(41, 20\), .* \(40, 20\)"),
        (at("annotations", 0, "category_id", to=9), r"annotations\[0\]: category_id 9 is not among the categories"),
        (at("annotations", 0, "image_id", to=9), r"annotations\[0\]: image_id 9 is not among the images"),
        (at("annotations", 1, "image_id", to=None), r"annotations\[1\], image_id: a whole number is expected"),
        (at("annotations", 1, "bbox", to=[1, 2, 3]), r"annotations\[1\], bbox: x, y, width and height are expected"),
        (at("annotations", 1, "bbox", to=[50, 0, 9, 9]), r"annotations\[1\]: a box without area in the picture"),
        (at("categories", 0, "name", to="cow"), r"annotations\[0\]: the label 'cow' is not in the labelling interface"),
    ],
)
def test_what_is_wrong_in_a_file_of_coco_is_said_with_its_key(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        values("coco", coco_with(tmp_path, change), BOXES)


def test_broken_json_is_said_with_its_file(tmp_path):
    (tmp_path / "instances_train.json").write_text('{"images": [')
    with pytest.raises(InputError, match=r"instances_train\.json: not JSON"):
        values("coco", tmp_path / "instances_train.json", BOXES)


def test_a_box_that_reaches_beyond_the_picture_is_cut_and_counted(tmp_path):
    path = coco_with(tmp_path, at("annotations", 0, "bbox", to=[-5, 10, 25, 50]))
    (first, _) = READERS["coco"](path)
    shown, cut = result(first.marks(40, 20), interface(BOXES), 40, 20)
    assert cut == 1
    assert BOXES.parse(shown)[0] | {"label": ""} == {
        **dict.fromkeys(("x", "rotation"), 0.0),
        **dict.fromkeys(("y", "width", "height"), 50.0),
        "label": "",
    }


def test_a_label_that_has_been_renamed_is_taken_as_the_file_has_it(tmp_path):
    path = coco_with(tmp_path, at("categories", 0, "name", to="tom"))
    (first, _) = READERS["coco"](path)
    shown, _ = result(first.marks(40, 20), interface(BOXES, tom="cat"), 40, 20)
    assert shown[0]["value"]["rectanglelabels"] == ["tom"]  # rounds are corrected when they are read


def test_a_file_of_yolo_without_its_picture_is_named(tmp_path):
    folder = form_of(Yolo(), BOXES, UPRIGHT, tmp_path)
    (folder / "labels/classes.txt").write_text("cat")
    values("yolo", folder, BOXES)
    (folder / "labels/train/gone.txt").write_text("0 0.5 0.5 0.1 0.1")
    with pytest.raises(InputError, match=r"labels/train/gone.txt: there is no picture .*images/train/gone\.\*"):
        values("yolo", folder, BOXES)


@pytest.mark.parametrize("path", ["gone.json", "."])
def test_a_file_of_coco_that_is_not_there_is_named(tmp_path, path):
    with pytest.raises(InputError, match="of COCO the file of annotations is expected"):
        values("coco", tmp_path / path, BOXES)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 .5 .5", "a.txt, line 1: 4 numbers, or .* 2 found"),
        ("7 .5 .5 .1 .1", "a.txt, line 1: the label 7 is not in data.yaml"),
        ("cat .5 .5 .1 .1", "a.txt, line 1: the number of a label"),
        ("0 nan .5 .1 .1", "a.txt, line 1: shares"),
        ("0 40 20 10 10", "a.txt, line 1: shares"),
        ("0 .5 .5 .1 .1 .2 .2 .3 .3 .4 .4", "a.txt, line 1: an outline, and the labelling interface asks for boxes"),
    ],
)
def test_what_is_wrong_in_a_file_of_yolo_is_said_with_its_line(tmp_path, line, message):
    folder = form_of(Yolo(), BOXES, UPRIGHT, tmp_path)
    (folder / "labels/train/a.txt").write_text(line)
    with pytest.raises(InputError, match=message):
        values("yolo", folder, BOXES)


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><annotation><filename>&c;</filename></annotation>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "a.xml: declares a document type"),
        ("<annotation>", "a.xml: not well-formed XML"),
        ("<annotation><filename>../../x.png</filename></annotation>", "a.xml, filename: .* leads out of"),
        ("<annotation><object/></annotation>", "a.xml, filename: the name of a file is expected"),
        ("<annotation><filename>a.png</filename><object/></annotation>", "a.xml, object 1: bndbox"),
    ],
)
def test_what_is_wrong_in_a_file_of_voc_is_said_with_its_element(tmp_path, text, message):
    folder = form_of(Voc(), BOXES, UPRIGHT, tmp_path)
    for encoding in ("utf-8", "utf-16"):
        (folder / "Annotations/a.xml").write_text(text, encoding=encoding)
        with pytest.raises(InputError, match=message):
            values("voc", folder, BOXES)


XML = '<View><Image name="image" value="$image"/>{}</View>'
CONTROLS = {
    "boxes": '<RectangleLabels name="objects" toName="image"><Label value="cat"/><Label value="big dog"/>'
    "</RectangleLabels>",
    "choice": '<Choices name="kind" toName="image"><Choice value="cat"/><Choice value="big dog"/></Choices>',
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose records are the pictures of a published folder, the third of them rejected by clean."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "conf", "conf")
    Path("params.yaml").write_text("dataset: scenes\nseed: 1\n")
    Path("conf/dataset/scenes.yaml").write_text(
        "name: scenes\nlabeling: scenes\nabout: {title: Scenes, license: MIT}\nsources: {a: {_target_: x}}\n"
        "fields: {image: image}\nshown: [image]\n"
    )
    Path("conf/labeling/scenes.md").write_text("Mark them.")
    form_of(Coco(), BOXES, UPRIGHT, Path("raw"))
    store = media.Store(Path("data/collected"), "data/collected")
    paths = {
        name: store.put(f"record-{name}", ".png", next(Path("raw/form").rglob(f"{name}.png")).read_bytes())
        for name in SIZES
    }
    frame = pd.DataFrame([{"id": f"record-{name}", "image": path} for name, path in paths.items()])
    tables.write("data/collected", [frame], {"id": "text", "image": "text"})
    kept = frame[:2].assign(content=["ca", "cb"])
    tables.write("data/clean/records", [kept], {"id": "text", "content": "text", "image": "text"})
    tables.write("data/clean/rejected", [frame[2:].assign(reason="too dark")], {"id": "text", "reason": "text"})

    def asks(kind: str) -> None:
        Path("conf/labeling/scenes.xml").write_text(XML.format(CONTROLS[kind]))

    asks("boxes")
    return asks


TRAIN = Path("raw/form/annotations/instances_train.json")


def test_the_labels_become_a_round_of_answers_that_nobody_was_asked_for(project, capsys):
    assert run("coco", TRAIN, "vendor")
    lines = list(tables.read_lines("data/annotations/round-0001.jsonl"))
    assert [(line["record"], line["content"], line["annotator"], line["queue"]) for line in lines] == [
        ("record-a", "ca", "vendor", "direct"),
        ("record-b", "cb", "vendor", "direct"),
    ]
    found = read_rounds([Path("data/annotations/round-0001.jsonl")], BOXES)
    assert [each.value for each in found] == [UPRIGHT["a"], UPRIGHT["b"]]
    assert "2 labelled records, 0 as they were" in capsys.readouterr().out


def test_a_second_run_writes_what_is_new_alone(project, capsys):
    run("coco", TRAIN, "vendor")
    assert run("coco", TRAIN, "vendor")
    assert "nothing new, no round written: 0 labelled records, 2 as they were" in capsys.readouterr().out
    told = json.loads(TRAIN.read_text())
    told["annotations"].pop()
    TRAIN.write_text(json.dumps(told))
    run("coco", TRAIN, "vendor")
    assert [line["record"] for line in tables.read_lines("data/annotations/round-0002.jsonl")] == ["record-a"]


def test_a_label_without_its_record_is_named(project, capsys):
    assert not run("coco", TRAIN.with_name("instances_test.json"), "vendor")
    out = capsys.readouterr().out
    assert "1 left out:" in out
    assert "c.png: rejected by clean (too dark)" in out
    Path("raw/form/images/train/a.png").write_bytes(codec.encode(np.zeros((20, 40), np.uint8)))
    assert not run("coco", TRAIN, "vendor")
    assert "a.png: not among the records" in capsys.readouterr().out


def test_folders_name_the_class_of_each_picture(project):
    project("choice")
    for name, label in {"a": "cat", "b": "big dog"}.items():
        Path("classes", label, "deep").mkdir(parents=True)
        shutil.copy(f"raw/form/images/train/{name}.png", Path("classes", label, "deep"))
    assert run("folders", Path("classes"), "vendor")
    lines = list(tables.read_lines("data/annotations/round-0001.jsonl"))
    assert [line["result"][0]["value"]["choices"] for line in lines] == [["cat"], ["big dog"]]
    with pytest.raises(InputError, match="coco: the labelling interface asks for choice; folders are read for choices"):
        run("coco", TRAIN, "vendor")


def test_the_label_of_a_folder_has_to_be_known(project):
    project("choice")
    Path("classes/cow").mkdir(parents=True)
    shutil.copy("raw/form/images/train/a.png", "classes/cow")
    with pytest.raises(InputError, match=r"cow/a.png: the label 'cow' is not in the labelling interface; it has cat"):
        run("folders", Path("classes"), "vendor")
    shutil.copy("raw/form/images/train/a.png", "classes")
    with pytest.raises(
        InputError, match=r"classes/a.png: a picture is expected in a folder of classes, which is named"
    ):
        run("folders", Path("classes"), "vendor")
    assert not list(Path("data/annotations").glob("*.jsonl"))


def test_a_picture_that_is_there_twice_counts_once(project, capsys):
    project("choice")
    for place in ("cat", "cat/again"):
        Path("classes", place).mkdir(parents=True)
        shutil.copy("raw/form/images/train/a.png", Path("classes", place))
    assert run("folders", Path("classes"), "vendor")
    assert "1 labelled records, 0 as they were" in capsys.readouterr().out
    assert run("folders", Path("classes"), "vendor")
    assert "0 labelled records, 1 as they were" in capsys.readouterr().out


def shard(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_tar_shards_give_pictures_with_what_their_json_tells(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures = {name: codec.encode(np.full((4, 4), shade, np.uint8)) for shade, name in enumerate("abc")}
    told = json.dumps({"city": "Köln", "year": 1999, "gone": None}).encode()
    shard(Path("0.tar"), {"x/a.png": pictures["a"], "x/a.json": told, "x/b.png": pictures["b"], "x/b.txt": b"?"})
    shard(Path("1.tar"), {"c.json": told, "c.png": pictures["c"]})
    parts = list(TarShards(path="*.tar").read(["image", "name", "city", "year"]))
    assert [row for part in parts for row in part.table.to_pylist()] == [
        {"image": "x/a.png", "name": "x/a", "city": "Köln", "year": "1999"},
        {"image": "x/b.png", "name": "x/b", "city": None, "year": None},
        {"image": "c.png", "name": "c", "city": "Köln", "year": "1999"},
    ]
    assert [part.media(cell) for part in parts for cell in part.table["image"].to_pylist()] == list(pictures.values())


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a.json": b"{"}, "0.tar//a.json: not JSON"),
        ({"a.json": b"[]"}, "0.tar//a.json: an object is expected"),
        ({"a.png": b"1", "a.jpg": b"2"}, "0.tar//a.jpg: a second image of this name"),
        ({"a.png": b"1"}, "no column 'city'; its columns are 'image', 'name'"),
    ],
)
def test_what_is_wrong_in_a_shard_is_said_with_its_member(tmp_path, monkeypatch, members, message):
    monkeypatch.chdir(tmp_path)
    shard(Path("0.tar"), members)
    with pytest.raises(InputError, match=message):
        list(TarShards(path="0.tar").read(["image", "city"]))
    Path("0.tar").write_bytes(b"no tar file" * 100)
    with pytest.raises(InputError, match=r"0\.tar: no tar file"):
        list(TarShards(path="0.tar").read(["image"]))


def test_a_member_that_unpacks_to_more_than_the_file_has_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open("0.json", "wb") as file:
        file.truncate(1 << 40)  # a hole: a terabyte in no blocks
    subprocess.run(["tar", "--sparse", "-cf", "0.tar", "0.json"], check=True)
    with pytest.raises(InputError, match=r"0\.tar//0\.json: a sparse file"):
        list(TarShards(path="0.tar").read(["image"]))

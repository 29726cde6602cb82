"""Augmented copies of pictures, made by albumentations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError, media
from stages.augmenting import Augmentation, Swap, augment
from stages.augmenting.pictures import Albumentation
from stages.augmenting.pictures.transforms import Pictures
from stages.configuration.targets import make
from stages.engine import Local
from stages.media import Store
from stages.media import pictures as codec
from stages.tables import shards, write
from stages.tasks import Choice
from stages.tasks.pictures import Boxes, Masks, Polygons
from stages.tasks.pictures.boxes import corners

KINDS = dict.fromkeys(["id", "content", "image", "source", "label", "origin"], "text") | {"confidence": "number"}
FIELDS = {"image": "image"}
KIND = Choice("kind", "image", ("cat", "dog"))
TURN = Albumentation("Affine", {"rotate": [-20, 20], "scale": [0.8, 1.2], "p": 1.0})
NOISE = Albumentation("GaussNoise", {"p": 1.0})
FLIP = Albumentation("HorizontalFlip", {"p": 1.0})


def picture(number: int) -> np.ndarray:
    shape = (24, 32, 3) if number % 2 else (24, 32)
    return np.random.default_rng(number).integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def records(tmp_path) -> pd.DataFrame:
    """Seven records; the last one has no label."""
    (tmp_path / "_media").mkdir()
    paths = []
    for number in range(7):
        path = tmp_path / "_media" / f"r{number}.png"
        path.write_bytes(codec.encode(picture(number)))
        paths.append(str(path))
    ids = [f"r{number}" for number in range(7)]
    labels = ["cat", "dog"] * 3 + [None]
    plain = {"content": "c", "source": "s", "label": labels, "origin": "human", "confidence": 0.5}
    return pd.DataFrame({"id": ids, "image": paths, **plain})


def copied(frame, folder: Path, operators, copies=1, rows=100, processes=1, seed=7):
    """The copies, how many are lacking, and the bytes of each file."""
    write(folder / "in", [frame], KINDS, rows=rows)
    chosen = Augmentation(copies, ["image"], {name: {"_target_": "x"} for name in operators})
    store = Store(folder / "out", str(folder / "out"))
    parents = shards(folder / "in")
    found, lacking = augment(parents, chosen, operators, FIELDS, [frame], store, Local(processes), KIND, seed)
    return found, lacking, {Path(path).name: Path(path).read_bytes() for path in found["image"]}


def test_a_copy_has_its_own_picture_and_its_parent_s_label(records, tmp_path):
    found, lacking, _ = copied(records, tmp_path / "x", {"turn": TURN, "noise": NOISE})
    assert (found["id"].tolist(), lacking) == ([f"r{number}~1" for number in range(6)], 0)
    assert found["label"].tolist() == ["cat", "dog"] * 3
    for number, path in enumerate(found["image"]):
        assert Path(path).name == f"r{number}~1.png"
        made = codec.decode(media.read(path))
        assert made.shape == picture(number).shape
        assert (made != picture(number)).any()


def test_the_named_transform_is_what_is_done(records, tmp_path):
    found, _, _ = copied(records, tmp_path / "x", {"flip": FLIP, "off": None})
    for number, path in enumerate(found["image"]):
        assert (codec.decode(media.read(path)) == picture(number)[:, ::-1]).all()


def test_transforms_are_done_in_order(records, tmp_path):
    crop = Albumentation("Crop", {"x_max": 8, "y_max": 24})
    found, _, _ = copied(records, tmp_path / "x", {"crop": crop, "flip": FLIP})
    assert (codec.decode(media.read(found["image"][0])) == picture(0)[:, :8][:, ::-1]).all()


@pytest.mark.slow
def test_neither_processes_nor_shards_nor_other_records_change_a_byte(records, tmp_path):
    operators = {"turn": TURN, "noise": NOISE}
    _, _, first = copied(records, tmp_path / "a", operators, copies=2)
    assert len(first) == 12
    assert copied(records, tmp_path / "b", operators, copies=2, rows=2, processes=2)[2] == first
    one_by_one = {}
    for number in reversed(range(7)):  # the other way round
        one_by_one |= copied(records[number : number + 1], tmp_path / f"c{number}", operators, copies=2)[2]
    assert one_by_one == first
    other = copied(records, tmp_path / "d", operators, copies=2, seed=8)[2]
    assert not set(other.values()) & set(first.values())


@pytest.mark.parametrize(("output", "shards_of_tar"), [("files", False), ("shards", True), ("auto", False)])
def test_copies_are_files_or_tar_shards_as_chosen_and_are_read_alike(records, tmp_path, output, shards_of_tar):
    found, _, made = copied(records, tmp_path / "x", {"turn": TURN})
    Store(tmp_path / "x/out", str(tmp_path / "x/out")).pack(
        make(Augmentation, {"copies": 0, "output": output}, "a").most
    )
    assert (tmp_path / "x/out/_media/_shards/part-00000.tar").exists() == shards_of_tar
    assert (tmp_path / "x/out/_media/r0~1.png").exists() != shards_of_tar
    assert {Path(path).name: media.read(path) for path in found["image"]} == made


def test_another_output_is_an_error_that_names_what_is_allowed():
    with pytest.raises(InputError, match=r"augmentation\.output: should be 'auto', 'files' or 'shards', found 'tar'"):
        make(Augmentation, {"copies": 0, "output": "tar"}, "augmentation")


def test_copies_of_a_record_differ_from_it_and_from_each_other(records, tmp_path):
    sometimes = {"flip": Albumentation("HorizontalFlip", {"p": 0.5})}
    found, lacking, files = copied(records, tmp_path / "x", sometimes, copies=3)
    assert (len(found), lacking) == (6, 12)  # there is one other form of each
    assert len(set(files.values())) == 6


BOXES, POLYGONS, MASKS = (kind("objects", "image", ("cat", "dog")) for kind in (Boxes, Polygons, Masks))
NARROW = (60, 180)  # height, width: three times as wide as high


def box(x, y, width, height, rotation=0.0):
    size = {"size": [NARROW[1], NARROW[0]]} if rotation else {}
    return {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, **size, "label": "cat"}


def moving(task, value, transform, visibility=0.5):
    """Change a picture with what is marked in it."""
    pixels = np.random.default_rng(1).integers(0, 255, NARROW, dtype=np.uint8)
    return Pictures([transform], None, task, visibility).move(pixels, value, Random(1))[1]


regions = st.builds(
    box, st.floats(1, 60), st.floats(1, 60), st.floats(5, 39), st.floats(5, 39), st.sampled_from([0.0, 20.0, 250.0])
)


@settings(deadline=None, max_examples=40)
@given(regions)
@pytest.mark.parametrize("name", ["HorizontalFlip", "VerticalFlip"])
def test_a_box_that_is_mirrored_twice_is_back_within_a_pixel(name, region):
    flip = Albumentation(name, {"p": 1.0})
    once = moving(BOXES, [region], flip, 0.0)
    [back] = moving(BOXES, once, flip, 0.0)
    if not region["rotation"]:
        [mirrored] = once
        centre = "x" if name == "HorizontalFlip" else "y"
        side = "width" if centre == "x" else "height"
        assert mirrored[centre] == pytest.approx(100 - region[centre] - region[side], abs=1e-3)
    before, after = (sorted(corners(each, NARROW[1], NARROW[0])) for each in (region, back))
    assert np.abs(np.array(before) - np.array(after)).max() < 0.01


@settings(deadline=None, max_examples=30)
@given(regions.filter(lambda each: not each["rotation"]), st.integers(0, 2**32))
def test_the_mask_of_a_box_stays_within_the_moved_box(region, seed):
    turn = Albumentation(
        "Affine", {"rotate": [-30, 30], "scale": [0.8, 1.2], "translate_percent": [-0.1, 0.1], "p": 1.0}
    )
    area = np.zeros(NARROW, dtype=bool)
    left, top, right, bottom = (round(each) for each in edges(region))
    area[top:bottom, left:right] = True
    exact = box(*(100 * each for each in (left / 180, top / 60, (right - left) / 180, (bottom - top) / 60)))
    pixels = np.zeros(NARROW, dtype=np.uint8)
    moved = Pictures([turn], None, BOXES, 0.0).move(pixels, [exact], Random(seed))[1]
    covered = Pictures([turn], None, MASKS, 0.0).move(pixels, [MASKS.region(area, "cat")], Random(seed))[1]
    if covered:
        rows, columns = MASKS.mask(covered, "cat").nonzero()
        [found] = moved
        left, top, right, bottom = edges(found)
        assert left - 1 <= columns.min()
        assert columns.max() + 1 <= right + 1
        assert top - 1 <= rows.min()
        assert rows.max() + 1 <= bottom + 1


def edges(region):
    x, width = (region[key] * NARROW[1] / 100 for key in ("x", "width"))
    y, height = (region[key] * NARROW[0] / 100 for key in ("y", "height"))
    return x, y, x + width, y + height


def test_what_leaves_the_picture_is_cut_off_or_dropped_by_the_declared_visibility():
    right = Albumentation("Affine", {"translate_px": {"x": [90, 90], "y": [0, 0]}, "p": 1.0})
    stays, halved, leaves = box(10, 10, 10, 10), box(45, 40, 10, 10), box(60, 70, 10, 10)
    found = moving(BOXES, [stays, halved, leaves], right, 0.4)
    assert [each["x"] for each in found] == pytest.approx([60, 95], abs=1)
    assert found[1]["width"] == pytest.approx(5, abs=1)
    assert len(moving(BOXES, [stays, halved, leaves], right, 0.6)) == 1


def test_a_polygon_is_cut_off_at_the_border():
    right = Albumentation("Affine", {"translate_px": {"x": [90, 90], "y": [0, 0]}, "p": 1.0})
    square = {"points": [[40, 10], [60, 10], [60, 30], [40, 30]], "label": "cat"}
    [found] = moving(POLYGONS, [square], right, 0.3)
    assert max(x for x, _ in found["points"]) == pytest.approx(100, abs=0.6)
    assert min(x for x, _ in found["points"]) == pytest.approx(90, abs=0.6)
    assert found == POLYGONS.parse(POLYGONS.show([found]))[0]


def test_copies_of_marked_pictures_have_labels_that_moved_along(records, tmp_path):
    marked = [{**box(0, 0, 25, 50), "size": None}]
    frame = records.assign(label=[marked if each is not None else None for each in records["label"]])
    columns = {"id": "text", "image": "text", "label": BOXES.column}
    write(tmp_path / "parents", [frame], columns)
    store = Store(tmp_path / "x", str(tmp_path / "x"))
    chosen = Augmentation(1, ["image"], {"flip": {"_target_": "x"}})
    copies, _ = augment(shards(tmp_path / "parents"), chosen, {"flip": FLIP}, FIELDS, [], store, Local(1), BOXES, 1)
    assert len(copies)
    for label in copies["label"]:
        assert label[0]["x"] == pytest.approx(75, abs=1e-3)
        assert "size" not in label[0]
    write(tmp_path / "copies", [copies], {"id": "text", "label": BOXES.column})


def test_labels_that_say_where_are_not_made_wrong():
    changed = Augmentation(1, ["text"], {"swap": {"_target_": "x"}})
    with pytest.raises(InputError, match="would not move along with text; choose augmentation: none"):
        augment([], changed, {"swap": Swap(0.1)}, {"text": "text"}, [], None, None, BOXES, 1)


def test_a_record_without_a_picture_has_no_copy(records, tmp_path):
    records.loc[0, "image"] = None
    found, lacking, _ = copied(records, tmp_path / "x", {"flip": FLIP})
    assert (found["parent"].tolist(), lacking) == (["r1", "r2", "r3", "r4", "r5"], 1)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Rotate", {"limits": 3}, r"arguments: Argument\(s\) 'limits' are not valid .*; Rotate allows limit, "),
        (
            "Rotate",
            {"limit": "wide"},
            "arguments: limit: should be a valid number, .* found 'wide'; Rotate allows limit, ",
        ),
        ("Rotate", {"p": 2}, "arguments: p: should be less than or equal to 1, found 2; Rotate allows"),
        ("Rotate", {"limit": [20, -20]}, r"arguments: limit: the lower bound comes first, found \[20, -20\]"),
        ("GaussianBlur", {"sigma_limit": [1.2, 0.3]}, "arguments: sigma_limit: the lower bound comes first"),
        ("Crop", {"x_min": 5, "x_max": 2}, "arguments: "),
        ("Rotat", {}, "name: albumentations has no transform 'Rotat'; perhaps Rotate"),
        ("Compose", {}, "name: albumentations has no transform 'Compose'"),
        ("os", {}, "name: albumentations has no transform 'os'"),
    ],
)
def test_what_albumentations_does_not_know_is_an_error(name, arguments, message):
    with pytest.raises(InputError, match=message):
        Albumentation(name, arguments)


def test_a_picture_that_cannot_be_changed_is_told(records, tmp_path):
    crop = Albumentation("RandomCrop", {"height": 500, "width": 500})
    with pytest.raises(
        InputError, match=r"augmentation\.operators: a picture of shape \(24, 32\) cannot be changed: Crop"
    ):
        copied(records, tmp_path / "x", {"crop": crop})


def test_transforms_that_make_no_picture_of_8_bits_are_told(records, tmp_path):
    with pytest.raises(InputError, match="pictures of 8 bits are expected, and float32 of shape"):
        copied(records, tmp_path / "x", {"normalize": Albumentation("Normalize")})


@pytest.mark.slow
def test_importing_albumentations_asks_nobody_for_a_newer_one():
    look = "import os; from stages.augmenting import pictures; pictures.Albumentation('Rotate'); "
    look += "print(os.environ['NO_ALBUMENTATIONS_UPDATE'])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_shipped_option_is_valid_and_mirrors_nothing():
    option = yaml.safe_load(Path("conf/augmentation/images.yaml").read_text())
    operators = {name: Albumentation(each["name"], each["arguments"]) for name, each in option["operators"].items()}
    assert not [each.name for each in operators.values() if "Flip" in each.name]

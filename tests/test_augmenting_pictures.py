"""Augmented copies of pictures, made by albumentations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages import InputError, media
from stages.augmenting import Albumentation, Augmentation, augment
from stages.engine import Local
from stages.media import Store
from stages.tables import shards, write

KINDS = dict.fromkeys(["id", "content", "image", "source", "label", "origin"], "text") | {"confidence": "number"}
FIELDS = {"image": "image"}
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
        path.write_bytes(media.encode(picture(number)))
        paths.append(str(path))
    ids = [f"r{number}" for number in range(7)]
    labels = ["cat", "dog"] * 3 + [None]
    plain = {"content": "c", "source": "s", "label": labels, "origin": "human", "confidence": 0.5}
    return pd.DataFrame({"id": ids, "image": paths, **plain})


def copied(frame, folder: Path, operators, copies=1, rows=100, processes=1, seed=7):
    """The copies, how many are lacking, and the bytes of each file."""
    write(folder / "in", [frame], KINDS, rows=rows)
    settings = Augmentation(copies, ["image"], {name: {"_target_": "x"} for name in operators})
    store = Store(folder / "out", str(folder / "out"))
    parents = shards(folder / "in")
    found, lacking = augment(parents, settings, operators, FIELDS, [frame], store, Local(processes), seed)
    return found, lacking, {Path(path).name: Path(path).read_bytes() for path in found["image"]}


def test_a_copy_has_its_own_picture_and_its_parent_s_label(records, tmp_path):
    found, lacking, _ = copied(records, tmp_path / "x", {"turn": TURN, "noise": NOISE})
    assert (found["id"].tolist(), lacking) == ([f"r{number}~1" for number in range(6)], 0)
    assert found["label"].tolist() == ["cat", "dog"] * 3
    for number, path in enumerate(found["image"]):
        assert Path(path).name == f"r{number}~1.png"
        made = media.decode(media.read(path))
        assert made.shape == picture(number).shape
        assert (made != picture(number)).any()


def test_the_named_transform_is_what_is_done(records, tmp_path):
    found, _, _ = copied(records, tmp_path / "x", {"flip": FLIP, "off": None})
    for number, path in enumerate(found["image"]):
        assert (media.decode(media.read(path)) == picture(number)[:, ::-1]).all()


def test_transforms_are_done_in_order(records, tmp_path):
    crop = Albumentation("Crop", {"x_max": 8, "y_max": 24})
    found, _, _ = copied(records, tmp_path / "x", {"crop": crop, "flip": FLIP})
    assert (media.decode(media.read(found["image"][0])) == picture(0)[:, :8][:, ::-1]).all()


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


def test_copies_of_a_record_differ_from_it_and_from_each_other(records, tmp_path):
    sometimes = {"flip": Albumentation("HorizontalFlip", {"p": 0.5})}
    found, lacking, files = copied(records, tmp_path / "x", sometimes, copies=3)
    assert (len(found), lacking) == (6, 12)  # there is one other form of each
    assert len(set(files.values())) == 6


def test_a_record_without_a_picture_has_no_copy(records, tmp_path):
    records.loc[0, "image"] = None
    found, lacking, _ = copied(records, tmp_path / "x", {"flip": FLIP})
    assert (found["parent"].tolist(), lacking) == (["r1", "r2", "r3", "r4", "r5"], 1)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Rotate", {"limits": 3}, r"arguments: Argument\(s\) 'limits' are not valid .*; Rotate allows limit, "),
        ("Rotate", {"limit": "wide"}, "arguments: .*Input should be a valid .*; Rotate allows limit, "),
        ("Rotate", {"p": 2}, "arguments: .*Input should be less than or equal to 1"),
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


def test_importing_albumentations_asks_nobody_for_a_newer_one():
    look = "import os, stages.augmenting as a; a.Albumentation('Rotate'); print(os.environ['NO_ALBUMENTATIONS_UPDATE'])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_shipped_option_is_valid_and_mirrors_nothing():
    option = yaml.safe_load(Path("conf/augmentation/images.yaml").read_text())
    operators = {name: Albumentation(each["name"], each["arguments"]) for name, each in option["operators"].items()}
    assert not [each.name for each in operators.values() if "Flip" in each.name]

"""Operators that look at pictures, and the search for pictures that are alike."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter
from sklearn.datasets import load_digits, load_sample_images

from stages import InputError, media, tables
from stages.cleaning import clean
from stages.cleaning.pictures import Brightness, Contrast, DuplicatePictures, Sharpness, Size, near_pairs
from stages.engine import Local
from stages.media.pictures import looks

FLOWER = Image.fromarray(load_sample_images().images[1]).resize((320, 214))
TEMPLE = Image.fromarray(load_sample_images().images[0]).resize((320, 214))


def table(folder: Path, pictures: dict[str, Image.Image | bytes | None]) -> pd.DataFrame:
    """One row per picture; bytes are written as they are, and None is missing."""
    (folder / "_media").mkdir(exist_ok=True)
    paths = []
    for name, picture in pictures.items():
        path = folder / "_media" / name
        if isinstance(picture, Image.Image):
            picture.save(path, quality=80)
        elif picture is not None:
            path.write_bytes(picture)
        paths.append(None if picture is None else str(path))
    cells = {"id": list(pictures), "image": paths, "source": "made"}
    return pd.DataFrame({name: pd.Series(cell, index=range(len(paths)), dtype="str") for name, cell in cells.items()})


def rejected(operator, folder, pictures) -> dict[str, str]:
    frame = table(folder, pictures)
    return {frame["id"][row]: reason for row, reason in operator.apply(frame).rejected.items()}


def alike(operator, folder, pictures, rows=100) -> dict[str, str]:
    frame = table(folder, pictures).sort_values("id", ignore_index=True)
    parts = [frame[start : start + rows].reset_index(drop=True) for start in range(0, len(frame), rows)]
    decisions = operator.decide([operator.summarise(part) for part in parts], [])
    outcomes = [operator.apply(part, decision) for part, decision in zip(parts, decisions, strict=True)]
    return {
        part["id"][row]: reason
        for part, outcome in zip(parts, outcomes, strict=True)
        for row, reason in outcome.rejected.items()
    }


def plain(width: int, height: int, shade: int = 128) -> Image.Image:
    return Image.new("L", (width, height), shade)


# one picture at a time


def test_size_says_which_side_is_out_of_bounds(tmp_path):
    pictures = {"a.png": plain(20, 30), "b.png": plain(19, 30), "c.png": plain(101, 50), "d.png": plain(20, 61)}
    assert rejected(Size("image", shorter=20, longer=100, aspect=3), tmp_path, pictures) == {
        "b.png": "image has 19 × 30 pixels; the shorter side must have 20",
        "c.png": "image has 101 × 50 pixels; the longer side may have 100",
        "d.png": "image has 20 × 61 pixels; the longer side may be 3 times the shorter one",
    }


@pytest.mark.parametrize(
    ("operator", "pictures", "reasons"),
    [
        (
            Brightness("image", 5, 250),
            {"dark.png": plain(20, 20, 4), "fine.png": FLOWER, "white.png": plain(20, 20, 251)},
            {
                "dark.png": "image has a brightness of 4, less than 5",
                "white.png": "image has a brightness of 251, more than 250",
            },
        ),
        (
            Contrast("image", 3),
            {"fine.png": FLOWER, "uniform.png": plain(20, 20)},
            {"uniform.png": "image has a contrast of 0, less than 3"},
        ),
    ],
    ids=["brightness", "contrast"],
)
def test_a_measure_out_of_bounds_is_told(tmp_path, operator, pictures, reasons):
    assert rejected(operator, tmp_path, pictures) == reasons


@pytest.mark.slow
def test_a_blurred_picture_is_told_from_a_sharp_one_at_any_size(tmp_path):
    large = FLOWER.resize((1280, 856))
    blurred = {
        f"{name}.png": each.filter(ImageFilter.GaussianBlur(each.width / 40))
        for name, each in {"small": FLOWER, "large": large}.items()
    }
    found = rejected(Sharpness("image", 5), tmp_path, {"a.png": FLOWER, "b.png": large, **blurred})
    assert list(found) == ["small.png", "large.png"]


@pytest.mark.parametrize("operator", [Size("image", 10**6), Brightness("image", 256), Contrast("image", 256)])
def test_what_is_missing_or_cannot_be_decoded_passes_to_the_step_that_says_so(tmp_path, operator):
    pictures = {"bad.png": b"no picture", "fine.png": FLOWER, "none.png": None}
    assert list(rejected(operator, tmp_path, pictures)) == ["fine.png"]
    assert alike(DuplicatePictures("image"), tmp_path, {**pictures, "worse.png": b"no picture"}) == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Size("image", shorter=9, longer=8), "'shorter' 9 is above 'longer' 8"),
        (lambda: Size("image", aspect=0.5), "'aspect' must be 1 or more, found 0.5"),
        (lambda: Brightness("image", 9, 8), "'minimum' 9 is above 'maximum' 8"),
        (lambda: DuplicatePictures("image", similarity=1.1), "'similarity' must be above 0 and at most 1, or null"),
        (lambda: DuplicatePictures("image", distance=17), "'distance' must be from 0 to 16, found 17"),
    ],
)
def test_bounds_that_cannot_be_are_errors(make, message):
    with pytest.raises(InputError, match=message):
        make()


# pictures that are alike


def variants() -> dict[str, Image.Image]:
    return {
        "b.jpg": FLOWER,
        "c.png": FLOWER.resize((160, 107)),
        "d.png": ImageEnhance.Brightness(FLOWER).enhance(1.1),
        "e.png": FLOWER.convert("L"),
    }


def test_the_same_pixels_are_found_whatever_the_file(tmp_path):
    pictures = {"a.png": FLOWER, "b.bmp": FLOWER, "c.png": TEMPLE, "d.jpg": FLOWER}
    found = alike(DuplicatePictures("image", similarity=None), tmp_path, pictures)
    assert found == {"b.bmp": "the same image as a.png"}


def test_scaled_compressed_and_brightened_pictures_are_found(tmp_path):
    found = alike(DuplicatePictures("image"), tmp_path, {"a.png": FLOWER, **variants(), "z.png": TEMPLE})
    assert set(found) == set(variants())
    assert all(reason.startswith("like a.png (similarity ") for reason in found.values())


def test_mirrored_and_turned_pictures_are_not_found(tmp_path):
    turns = [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_90]
    pictures = {f"{turn.name}.png": FLOWER.transpose(turn) for turn in turns}
    assert alike(DuplicatePictures("image"), tmp_path, {"a.png": FLOWER, **pictures}) == {}


def test_uniform_pictures_are_alike_only_if_they_are_the_same(tmp_path):
    pictures = {"a.png": plain(20, 20), "b.png": plain(20, 20, 90), "c.png": plain(20, 20)}
    assert alike(DuplicatePictures("image"), tmp_path, pictures) == {"c.png": "the same image as a.png"}


def test_what_is_found_does_not_depend_on_the_shards(tmp_path):
    pictures = {"a.png": FLOWER, **variants(), "f.png": FLOWER, "z.png": TEMPLE}
    found = [alike(DuplicatePictures("image"), tmp_path, pictures, rows) for rows in (100, 3, 1)]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 5


def test_no_handwritten_digit_is_taken_for_another_by_default(tmp_path):
    digits = {
        f"{place:04d}.png": Image.fromarray((255 - each * 255 / 16).astype(np.uint8)).resize((64, 64), 0)
        for place, each in enumerate(load_digits().images[:600])
    }
    assert alike(DuplicatePictures("image"), tmp_path, digits) == {}


@pytest.mark.slow
def test_two_processes_reject_the_same(tmp_path):
    frame = table(tmp_path, {"a.png": FLOWER, **variants(), "f.png": plain(9, 9), "z.png": TEMPLE})
    tables.write(tmp_path / "in", [frame], dict.fromkeys(frame, "text"), rows=2)
    operators = {"size": Size("image", shorter=16), "duplicates": DuplicatePictures("image")}
    found = []
    for processes in (1, 2):
        scratch, records = tmp_path / f"scratch-{processes}", tmp_path / f"records-{processes}"
        scratch.mkdir()
        shards, store = tables.shards(tmp_path / "in"), media.Store(records, "records")
        cleaned = clean(shards, operators, {"image": "image"}, ["image"], Local(processes), scratch, store)
        written = {path.name: path.read_bytes() for path in (records / "_media").iterdir()}
        found.append((pd.concat(cleaned.kept).to_csv(), pd.concat(cleaned.rejected).to_csv(), written))
    assert found[0] == found[1]
    assert len(found[0][2]) == 2


def test_a_picture_is_decoded_once_for_all_operators_and_passes(tmp_path, monkeypatch):
    given = table(tmp_path, {"a.jpg": FLOWER, "b.jpg": TEMPLE, "c.jpg": TEMPLE, "d.png": FLOWER.rotate(180)})
    tables.write(tmp_path / "in", [given], dict.fromkeys(given, "text"), 10)
    opened = []
    decode = looks.codec.opened
    monkeypatch.setattr(looks.codec, "opened", lambda data: opened.append(data) or decode(data))
    operators = {"size": Size("image", shorter=1), "sharp": Sharpness("image"), "same": DuplicatePictures("image")}
    (tmp_path / "scratch").mkdir()
    store, shards = media.Store(tmp_path / "out", "out"), tables.shards(tmp_path / "in")
    clean(shards, operators, {"image": "image"}, ["image"], Local(1), tmp_path / "scratch", store)
    assert len(opened) == len(given)
    assert media.take_seen() == {}  # a look is as large as a small picture


def near(prints: list[int], distance: int) -> set[tuple[int, int]]:
    found = [
        tuple(pair) for pairs in near_pairs(np.array(prints, dtype=np.uint64), distance) for pair in pairs.tolist()
    ]
    assert len(found) == len(set(found))
    return set(found)


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.sets(st.integers(0, 63), max_size=9)), max_size=12),
    st.integers(0, 16),
)
def test_near_pairs_are_all_those_that_differ_in_few_bits_and_each_once(prints, changes, distance):
    for place, bits in changes:  # hashes that are near some others
        if prints:
            prints.append(prints[place % len(prints)] ^ sum(1 << bit for bit in bits))
    expected = {
        (a, b) for a, b in combinations(range(len(prints)), 2) if (prints[a] ^ prints[b]).bit_count() <= distance
    }
    assert near(prints, distance) == expected

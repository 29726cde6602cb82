"""Pictures in the forms that people load."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from stages import InputError, media
from stages.media import pictures as codec
from stages.publishing import Version
from tests.publishing.test_publishing import each_form, folder_of, header, made, record
from tests.publishing.test_publishing import load as load


@pytest.fixture
def pictures(tmp_path) -> Version:
    store = media.Store(tmp_path / "records", str(tmp_path / "records"))
    shades = {"black": 0, "grey": 128, "white": 255}
    paths = {
        name: store.put(name, ".png", codec.encode(np.full((4, 6), shade, np.uint8))) for name, shade in shades.items()
    }
    rows = [record(name, "", "positive", image=path) for name, path in paths.items()]
    rows.append(record("zero", "", "negative", image=None))
    return made(tmp_path, {"train": rows, "test": []}, fields={"image": "image"})


def test_datasets_loads_pictures(load, pictures, tmp_path):
    folder = folder_of("huggingface", pictures, tmp_path)
    (tmp_path / "records").rename(tmp_path / "gone")  # the form needs no other file
    train = load(folder)["train"]
    assert [each and (each.size, each.getpixel((0, 0))) for each in train["image"]] == [
        ((6, 4), 0),
        ((6, 4), 128),
        ((6, 4), 255),
        None,
    ]
    assert header(folder)["task_categories"] == ["image-classification"]


def test_croissant_gives_pictures(pictures, tmp_path):
    import mlcroissant

    folder = folder_of("huggingface", pictures, tmp_path)
    first = next(iter(mlcroissant.Dataset(str(folder / "croissant.json")).records("train")))
    assert first["train/image"].size == (6, 4)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_plain_forms_name_the_pictures_beside_them(pictures, tmp_path, form):
    folder = folder_of(form, pictures, tmp_path)
    if form == "csv":
        named = pd.read_csv(folder / "train.csv", keep_default_na=False)["image"].tolist()
    else:
        named = [json.loads(line)["image"] or "" for line in (folder / "train.jsonl").read_text().splitlines()]
    assert named == ["media/black.png", "media/grey.png", "media/white.png", ""]
    assert (folder / "media/grey.png").read_bytes() == next((tmp_path / "records").rglob("grey.png")).read_bytes()


@each_form
def test_a_picture_that_is_gone_is_named(pictures, tmp_path, form):
    next((tmp_path / "records").rglob("grey.png")).unlink()
    with pytest.raises(InputError, match=r"grey\.png: cannot be read"):
        folder_of(form, pictures, tmp_path)

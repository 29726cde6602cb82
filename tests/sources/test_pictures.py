"""Sources that give pictures."""

from __future__ import annotations

import tarfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from stages import InputError
from stages.media import Store
from stages.media import pictures as codec
from stages.sources import collect
from stages.sources.base import Rows
from stages.sources.pictures import Digits, Images, TarShards


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder per class, and what is no picture."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(["cat/one.png", "cat/two.png", "dog/one.png"]):
        path = tmp_path / "data/raw/photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(codec.encode(np.full((4, 4), number, np.uint8)))
    return tmp_path / "data/raw/photos"


def read(source, columns) -> list[Rows]:
    return list(source.read(columns))


def test_each_file_is_a_record_with_its_name_and_folder(photos):
    [rows] = read(Images(path="data/raw/photos/**/*.png"), ["image", "name", "folder"])
    assert rows.table.to_pydict() == {
        "image": [f"data/raw/photos/{name}" for name in ("cat/one.png", "cat/two.png", "dog/one.png")],
        "name": ["cat/one.png", "cat/two.png", "dog/one.png"],
        "folder": ["cat", "cat", "dog"],
    }
    assert rows.media("data/raw/photos/dog/one.png") == (photos / "dog/one.png").read_bytes()


def test_nothing_outside_the_folder_is_read(photos, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    (photos / "cat/link.png").symlink_to(tmp_path / "secret.png")
    (photos / "cat/within.png").symlink_to(photos / "dog/one.png")
    [rows] = read(Images(path="data/raw/photos/**/*.png"), ["image"])
    assert rows.media("data/raw/photos/cat/link.png") is None
    assert rows.media("data/raw/photos/../../../secret.png") is None
    assert rows.media("data/raw/photos/cat/within.png") == (photos / "dog/one.png").read_bytes()


def test_a_pattern_that_matches_nothing_is_an_error(photos):
    with pytest.raises(InputError, match=r"path: no file matches 'data/raw/photos/\*\.jpg'"):
        read(Images(path="data/raw/photos/*.jpg"), ["image"])


def test_a_column_that_there_is_not_is_an_error(photos):
    with pytest.raises(InputError, match="no column 'class'; its columns are 'image', 'name', 'folder'"):
        read(Images(path="data/raw/photos/*/*.png"), ["class"])


def test_the_table_names_the_files_that_were_collected(photos, tmp_path):
    source, fields = {"photos": Images(path="data/raw/photos/*/*.png")}, {"image": "image", "folder": "text"}
    frame = collect(source, None, fields, ["image"], Store(tmp_path / "draft", "data/collected"))
    assert frame["image"].tolist() == [f"data/collected/_media/{id}.png" for id in frame["id"]]
    for id, folder in zip(frame["id"], frame["folder"], strict=True):
        pixels = codec.decode((tmp_path / "draft/_media" / f"{id}.png").read_bytes())
        assert folder == ("dog" if pixels[0, 0] == 2 else "cat")


def test_the_order_of_files_changes_no_byte(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = {f"{shade}.png": codec.encode(np.full((4, 4), shade, np.uint8)) for shade in (0, 50, 100, 150, 200)}
    found = []
    for order in (list(data), list(data)[::-1]):
        with tarfile.open("part.tar", "w") as shard:
            for name in order:
                entry = tarfile.TarInfo(name)
                entry.size = len(data[name])
                shard.addfile(entry, BytesIO(data[name]))
        draft = tmp_path / order[0]
        source, fields = {"shards": TarShards(path="part.tar")}, {"image": "image", "name": "text"}
        frame = collect(source, None, fields, ["image"], Store(draft, "data/collected"))
        found.append((frame.to_csv(), {path.name: path.read_bytes() for path in (draft / "_media").iterdir()}))
    assert found[0] == found[1]
    assert len(found[0][1]) == len(data)


def test_the_digits_are_pictures_of_what_was_to_be_written(tmp_path):
    [rows] = read(Digits(), ["id", "image", "digit"])
    assert len(rows.table) == 1797
    first = rows.table.slice(0, 1).to_pylist()[0]
    assert first == {"id": "digit-0000", "image": "digit-0000.png", "digit": "0"}
    pixels = codec.decode(rows.media("digit-0000.png"))
    assert (pixels.shape, pixels.dtype) == ((64, 64), np.uint8)
    assert pixels[0, 0] == 255 > pixels[32, 16]  # white paper, dark ink
    frame = collect({"digits": Digits()}, "id", {"image": "image"}, ["image"], Store(tmp_path, "data/collected"))
    assert Image.open(tmp_path / "_media/digit-1796.png").size == (64, 64)
    assert frame["image"].iloc[-1] == "data/collected/_media/digit-1796.png"

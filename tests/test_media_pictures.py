"""Pictures as they come: bad ones have their reason, and none stops the run; good ones become plain."""

from __future__ import annotations

import os
import struct
import tarfile
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from stages import media, tables
from stages.cleaning import clean
from stages.engine import Local
from stages.media import Store, files
from stages.media import pictures as codec
from stages.sources import collect
from stages.sources.pictures import Images

FIELDS = {"image": "image", "name": "text"}
GREY = np.arange(48 * 32, dtype=np.uint16).reshape(32, 48).astype(np.uint8)
ACROSS, DOWN = np.meshgrid(np.arange(48) * 5, np.arange(32) * 7)
PHOTO = np.stack([ACROSS, DOWN, 255 - ACROSS], axis=-1).astype(np.uint8)
ORIENTATION, GPS = 0x0112, 0x8825


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge(width: int, height: int) -> bytes:
    """A PNG of 16 shades of grey whose head says how large it is, and whose pixels are rubbish."""
    head = struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"rubbish") + chunk(b"IEND", b"")


def turned() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned by 90 degrees to the right
    exif[GPS] = {1: "N", 2: (48.0, 51.0, 29.6)}
    return encoded(Image.fromarray(PHOTO), "JPEG", exif=exif, quality=95)


def located() -> bytes:
    exif = Image.Exif()
    exif[GPS] = {1: "N", 2: (48.0, 51.0, 29.6)}
    return encoded(Image.fromarray(PHOTO), "JPEG", exif=exif, comment=b"my garden")


def see_through() -> bytes:
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([200, 0, 0, 0, 0, 200])
    picture.paste(1, (0, 0, 4, 8))
    return encoded(picture, "PNG", transparency=0)


FRAMES = [Image.new("L", (20, 20), shade) for shade in (0, 255)]
BAD = {
    "truncated.png": (
        encoded(Image.fromarray(PHOTO), "PNG")[:-40],
        "image cannot be decoded (image file is trunc",
    ),
    "truncated.jpg": (turned()[:-200], "image cannot be decoded (image file is trunc"),
    "head_only.png": (encoded(Image.fromarray(PHOTO), "PNG")[:20], "image "),
    "empty.png": (b"", "image has no bytes"),
    "text.png": (b"this is no picture", "image is none of PNG, JPEG, GIF, BMP, TIFF, WEBP"),
    "vector.png": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image is none of PNG"),
    "bomb.png": (huge(30_000, 30_000), "image has more than 64,000,000 pixels"),
    "large.png": (huge(10_000, 10_000), "image has 10,000 × 10,000 pixels, more than 64,000,000"),
    "animated.gif": (
        encoded(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
        "image is animated or has several pages (2)",
    ),
}
GOOD = {
    "cmyk.jpg": encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    "sixteen.png": encoded(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"),
    "palette.png": see_through(),
    "turned.jpg": turned(),
    "located.jpg": located(),
    "plain.png": codec.encode(PHOTO),
    "Case.png": codec.encode(255 - PHOTO),
    "case.png": codec.encode(PHOTO // 2),
}


def through(folder: Path, id: str | None = "name") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bring the pictures of a folder through collect and clean, with no operators; give what is kept and rejected."""
    source = {"photos": Images(path=str(folder / "*"))}
    names = [folder.parent / name for name in ("collected", "in", "scratch", "records")]
    collected, table, scratch, records = names
    scratch.mkdir()
    frame = collect(source, id, FIELDS, ["image"], Store(collected, str(collected)))
    tables.write(table, [frame], dict.fromkeys(frame, "text"), rows=3)
    shards, store = tables.shards(table), Store(records, str(records))
    cleaned = clean(shards, {}, FIELDS, ["image"], Local(1), scratch, store)
    return pd.concat(list(cleaned.kept)), pd.concat([*cleaned.rejected, pd.DataFrame(columns=["name", "reason"])])


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("pictures")
    photos = folder / "photos"
    photos.mkdir()
    for name, data in {**GOOD, **{name: data for name, (data, _) in BAD.items()}}.items():
        (photos / name).write_bytes(data)
    (folder / "secret.png").write_bytes(GOOD["plain.png"])
    (photos / "link.png").symlink_to(folder / "secret.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow only warns of large pictures
        return through(photos)


def kept(run: tuple[pd.DataFrame, pd.DataFrame], name: str) -> np.ndarray:
    [path] = run[0].loc[run[0]["name"] == name, "image"]
    return codec.decode(media.read(path))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_rejected_with_its_reason(run, name):
    [reason] = run[1].loc[run[1]["name"] == name, "reason"]
    assert reason.startswith(BAD[name][1])


def test_a_link_out_of_the_folder_is_not_followed(run):
    [reason] = run[1].loc[run[1]["name"] == "link.png", "reason"]
    assert reason == "image leads out of its source's folder, and was not collected"


def test_every_picture_is_kept_or_rejected(run):
    assert sorted(run[0]["name"]) == sorted(GOOD)
    assert sorted(run[1]["name"]) == sorted([*BAD, "link.png"])


def test_names_that_differ_only_in_case_have_files_that_do_not(run):
    paths = run[0].set_index("name")["image"]
    assert len({path.lower() for path in paths}) == len(GOOD)
    assert (kept(run, "Case.png") == 255 - PHOTO).all()
    assert (kept(run, "case.png") == PHOTO // 2).all()


def test_a_picture_is_turned_upright_once(run):
    found = kept(run, "turned.jpg")
    assert found.shape == (48, 32, 3)
    assert np.abs(found.astype(int) - np.rot90(PHOTO, -1)).mean() < 4  # but for JPEG's losses


def test_metadata_such_as_the_place_are_gone(run):
    for path in run[0]["image"]:
        data = media.read(path)
        picture = Image.open(BytesIO(data))
        assert not picture.getexif()
        assert not {"exif", "comment", "xmp", "icc_profile"} & set(picture.info)
        assert b"my garden" not in data


def test_a_jpeg_loses_its_metadata_and_no_pixel(run):
    [path] = run[0].loc[run[0]["name"] == "located.jpg", "image"]
    assert path.endswith(".jpg")
    assert (kept(run, "located.jpg") == codec.decode(GOOD["located.jpg"])).all()


def test_what_is_plain_stays_byte_for_byte(run):
    [path] = run[0].loc[run[0]["name"] == "plain.png", "image"]
    assert Path(path).read_bytes() == GOOD["plain.png"]


def test_colour_modes_become_grey_or_rgb_of_8_bits(run):
    assert kept(run, "cmyk.jpg").shape == (32, 48, 3)
    assert (kept(run, "sixteen.png") == GREY).all()
    assert kept(run, "palette.png")[0, [0, 7]].tolist() == [[0, 0, 200], [255, 255, 255]]


def test_without_a_column_of_ids_the_id_is_the_content(tmp_path):
    for name, data in {"one.png": codec.encode(PHOTO), "two.png": codec.encode(PHOTO), "x.png": b""}.items():
        (tmp_path / "photos").mkdir(exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(data)
    frame, _ = through(tmp_path / "photos", id=None)
    first, second = sorted(frame["id"])
    assert second == f"{first}-2"
    assert len(set(frame["content"])) == 1


def plain(data: bytes) -> tuple[bytes, str]:
    with TemporaryDirectory() as folder:
        return codec.plain(Store(Path(folder), folder).put("r", ".x", data))


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)) | st.just((5, 7, 3))))
def test_what_is_encoded_is_decoded_pixel_for_pixel(pixels):
    assert (codec.decode(codec.encode(pixels)) == pixels).all()
    assert plain(codec.encode(pixels)) == (codec.encode(pixels), ".png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_is_plain_already_stays_as_it_is_byte_for_byte(kind):
    once, suffix = plain(encoded(Image.fromarray(PHOTO), kind, dpi=(72, 72)))
    assert suffix == {"JPEG": ".jpg", "PNG": ".png"}[kind]
    assert plain(once) == (once, suffix)
    assert (codec.decode(once) == codec.decode(encoded(Image.fromarray(PHOTO), kind))).all()


def refused(data: bytes) -> str | None:
    try:
        codec.decode(data)
    except ValueError as error:
        return str(error)
    return None


@given(st.binary(max_size=300), st.sampled_from([b"", *(data[:40] for data in GOOD.values())]))
def test_bytes_that_are_no_picture_are_refused_with_a_reason_and_nothing_else_is_raised(data, head):
    assert refused(head + data)


@given(st.sampled_from(["turned.jpg", "located.jpg", "palette.png"]), st.integers(0, 10_000), st.integers(0, 255))
def test_damage_to_a_picture_is_survived_or_refused_with_a_reason(name, place, byte):
    damaged = bytearray(GOOD[name])
    damaged[place % len(damaged)] = byte
    assert refused(bytes(damaged)) != ""


def test_only_what_was_collected_is_read(tmp_path):
    (tmp_path / "x.png").write_bytes(b"x")
    with pytest.raises(ValueError, match="leads out"):
        media.read(str(tmp_path / "x.png"))
    with pytest.raises(ValueError, match="cannot be read"):
        media.read(str(tmp_path / "_media" / "x.png"))


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "_media" / "x.png"
    path.parent.mkdir()
    path.touch()
    os.truncate(path, media.BYTES + 1)  # of zeros, which take no room
    with pytest.raises(ValueError, match="has 67,108,865 bytes, more than 67,108,864"):
        media.read(str(path))


def test_many_files_are_packed_into_tar_shards_and_read_as_before(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PER_SHARD", 4)
    data = {f"r{number}": bytes([number]) * (511 + number) for number in range(11)}  # blocks of tar have 512 bytes
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, ids in zip(folders, (list(data), list(data)[::-1]), strict=True):
        store = Store(folder, str(folder))
        references = {id: store.put(id, ".png", data[id]) for id in ids}
        store.pack(most=10)
        assert [path.name for path in (folder / "_media").iterdir()] == ["_shards"]
        assert {id: media.read(references[id]) for id in ids} == data
        assert media.is_file(references["r3"])
        assert not media.is_file(str(folder / "_media" / "r99.png"))
        with pytest.raises(ValueError, match="cannot be read"):
            media.read(str(folder / "_media" / "r99.png"))
    written = [{path.name: path.read_bytes() for path in (folder / "_media/_shards").iterdir()} for folder in folders]
    assert written[0] == written[1]  # whatever the order, and at any time
    with tarfile.open(folders[0] / "_media/_shards/part-00002.tar") as shard:
        assert {each.name: shard.extractfile(each).read() for each in shard} == {
            f"{id}.png": data[id] for id in ("r7", "r8", "r9")
        }


def test_few_files_stay_files(tmp_path):
    store = Store(tmp_path, str(tmp_path))
    store.pack()  # none at all
    reference = store.put("r1", ".png", b"x")
    store.pack(most=1)
    assert Path(reference).read_bytes() == b"x"


@given(st.text(min_size=1, max_size=200))
def test_no_id_leads_out_of_the_store(tmp_path_factory, id):
    folder = tmp_path_factory.mktemp("store")
    path = Path(Store(folder, str(folder)).put(id, ".PNG", b"x"))
    assert path.parent == folder / "_media"
    assert path.name == path.name.lower()
    assert path.read_bytes() == b"x"

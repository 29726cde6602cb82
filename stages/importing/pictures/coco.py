from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.importing.pictures.base import Found, Mark, inside
from stages.tables import read_json
from stages.tasks.pictures.rle import PIXELS

if TYPE_CHECKING:
    import numpy as np


def coco(path: Path) -> Iterator[Found]:
    """Read a file of COCO's, such as `annotations/instances_train.json`.

    Its pictures are in `images/<split>/`, `images/`, `<split>/` or beside it, wherever the first of them is. An object
    is a box by its `bbox`; a polygon, or a mask, by its `segmentation`, a mask also where that is RLE. Crowds are boxes
    or masks as others are.

    References
    ----------
    https://cocodataset.org/#format-data
    """
    if not path.is_file():
        raise InputError(f"{path}: of COCO the file of annotations is expected; there is no such file")
    told = read_json(path)
    lists = {key: _objects(told, key, path) for key in ("images", "annotations", "categories")}
    names = {_key(each, "id", where): str(each.get("name")) for where, each in lists["categories"]}
    given: dict[Any, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for where, each in lists["annotations"]:
        given[_key(each, "image_id", where)].append((where, each))
    known = {_key(each, "id", where) for where, each in lists["images"]}
    if unknown := sorted(given.keys() - known):
        raise InputError(f"{given[unknown[0]][0][0]}: image_id {unknown[0]} is not among the images")
    folder = _folder(path, [each.get("file_name") for _, each in lists["images"]])
    for where, each in lists["images"]:
        picture = inside(folder, each.get("file_name"), f"{where}, file_name")
        yield Found(picture, partial(_marks, given[each["id"]], names, where, (each.get("width"), each.get("height"))))


def _marks(
    given: Sequence[tuple[str, Mapping[str, Any]]],
    names: Mapping[int, str],
    image: str,
    size: tuple[Any, Any],
    width: int,
    height: int,
) -> list[Mark]:
    if size != (width, height):
        raise InputError(f"{image}: width and height are {size}, and the picture, as it is shown, has {width, height}")
    marks = []
    for where, each in given:
        category = _key(each, "category_id", where)
        if category not in names:
            raise InputError(f"{where}: category_id {category} is not among the categories")
        marks.append(Mark(names[category], where, **_place(each, where, width, height)))
    return marks


def _place(each: Mapping[str, Any], where: str, width: int, height: int) -> dict[str, Any]:
    place: dict[str, Any] = {}
    segmentation = each.get("segmentation")
    if isinstance(segmentation, dict):
        place["mask"] = _mask(segmentation, where, width, height)
    elif isinstance(segmentation, list):
        parts = [flat for flat in segmentation if flat != []]  # which some tools write beside a box
        if not all(_numbers(flat) and len(flat) >= 6 and len(flat) % 2 == 0 for flat in parts):
            raise InputError(f"{where}, segmentation: the x and y of three points or more are expected")
        place["outline"] = [list(zip(flat[::2], flat[1::2], strict=True)) for flat in parts]
    if each.get("bbox") is not None:
        if not _numbers(each["bbox"]) or len(each["bbox"]) != 4:
            raise InputError(f"{where}, bbox: x, y, width and height are expected, found {each['bbox']!r:.60}")
        x, y, across, down = each["bbox"]
        place["edges"] = (x, y, x + across, y + down)
    return place


def _mask(encoded: Mapping[str, Any], where: str, width: int, height: int) -> np.ndarray:
    """Decode runs of pixels that are not marked, and that are, in turn, column by column."""
    import numpy as np

    given: Any = encoded.get("counts")
    counts: list[int] = _uncompressed(given) if isinstance(given, str) else given
    sound = isinstance(counts, list) and all(type(each) is int and each >= 0 for each in counts)
    if not sound or encoded.get("size") != [height, width] or width * height > PIXELS or sum(counts) != width * height:
        raise InputError(f"{where}, segmentation: not the RLE of a mask of {width} × {height} pixels")
    marked = np.arange(len(counts)) % 2 == 1
    return np.repeat(marked, counts).reshape(width, height).T


def _uncompressed(text: str) -> list[int]:
    """Read COCO's compressed counts: five bits a character, low ones first, less the count before the last."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            if bits & 0x10:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    return counts


def _folder(path: Path, names: Sequence[Any]) -> Path:
    split = path.stem.rpartition("_")[2]
    above = path.parent.parent if path.parent.name == "annotations" else path.parent
    tried = [above / "images" / split, above / "images", above / split, path.parent]
    first = next((name for name in names if isinstance(name, str)), "")
    return next((folder for folder in tried if (folder / first).is_file()), path.parent)


def _objects(told: Any, key: str, path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    found = told.get(key) if isinstance(told, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(f"{path}: `{key}` is expected, a list of objects")
    return [(f"{path}, {key}[{place}]", each) for place, each in enumerate(found)]


def _key(each: Mapping[str, Any], key: str, where: str) -> int:
    if not isinstance(each.get(key), int):
        raise InputError(f"{where}, {key}: a whole number is expected, found {each.get(key)!r:.60}")
    return each[key]


def _numbers(given: Any) -> bool:
    """Whether these are numbers; that they are finite, reading has seen to."""
    return isinstance(given, list) and all(isinstance(each, int | float) for each in given)

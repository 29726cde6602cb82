"""The form of the COCO challenges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.publishing.base import Version
from stages.publishing.pictures.base import Picture, check, pictures, points
from stages.tasks.pictures import rle

if TYPE_CHECKING:
    import numpy as np

DIGITS = 3  # of a pixel; values have more of a per cent, so that whole pixels come out whole


@dataclass(frozen=True)
class Coco:
    """For each split `annotations/instances_<split>.json`, and the pictures in `images/<split>/`.

    An upright box has a `bbox`. A rotated box is its four corners as `segmentation`, and `bbox` is what these lie in. A
    polygon is a `segmentation`. Each region of a mask is an annotation of its own, with uncompressed RLE. Categories
    count from 1, in the order of the labels; images have the keys `record` and `origin` more than the format asks for.

    References
    ----------
    T.-Y. Lin et al., Microsoft COCO: Common Objects in Context, ECCV (2014); https://cocodataset.org/#format-data
    """

    def write(self, folder: Path, version: Version) -> None:
        check(version, "COCO", ("boxes", "polygons", "masks"))
        (folder / "annotations").mkdir(parents=True)
        for split in version.tables:
            told = _instances(version, split, folder / "images" / split)
            line = tables.dump_line(told) + "\n"  # on one line: indented it is several times as large
            (folder / f"annotations/instances_{split}.json").write_text(line, encoding="utf-8", newline="\n")


def _instances(version: Version, split: str, folder: Path) -> dict[str, Any]:
    images: list[Any] = []
    annotations: list[Any] = []
    for number, picture in enumerate(pictures(version, split, folder), 1):
        size = {"width": picture.width, "height": picture.height}
        told = {"record": picture.record, "origin": picture.origin}
        images.append({"id": number, "file_name": picture.name, **size, "license": 1, **told})
        for region in picture.value:
            place = {"id": len(annotations) + 1, "image_id": number}
            category = version.task.labels.index(region["label"]) + 1
            annotations.append({**place, "category_id": category, **_place(region, picture), "iscrowd": 0})
    return {
        "info": {"description": version.about.title, "version": version.fingerprint},
        "licenses": [{"id": 1, "name": version.about.license}],
        "images": images,
        "annotations": annotations,
        "categories": [{"id": id, "name": name} for id, name in enumerate(version.task.labels, 1)],
    }


def _place(region: dict[str, Any], picture: Picture) -> dict[str, Any]:
    if "rle" in region:
        return _mask(rle.decode(region["rle"], region["size"]))
    outline = [(round(x, DIGITS), round(y, DIGITS)) for x, y in points(region, picture.width, picture.height)]
    xs, ys = zip(*outline, strict=True)
    box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    if region.get("rotation") == 0:
        return {"bbox": box, "area": box[2] * box[3], "segmentation": []}
    following = [*outline[1:], outline[0]]
    doubled = sum(x * b - a * y for (x, y), (a, b) in zip(outline, following, strict=True))  # shoelace formula
    return {"bbox": box, "area": abs(doubled) / 2, "segmentation": [[each for point in outline for each in point]]}


def _mask(mask: np.ndarray) -> dict[str, Any]:
    import numpy as np

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = [0, 0, 0, 0]
    if len(rows):
        box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat, prepend=False))  # runs of pixels that are not marked, and that are, in turn
    counts = np.diff(edges, prepend=0, append=flat.size)
    encoded = {"size": list(mask.shape), "counts": counts.tolist()}
    return {"bbox": [int(each) for each in box], "area": int(mask.sum()), "segmentation": encoded}

"""The form of the YOLO detectors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import InputError
from stages.publishing.base import Version
from stages.publishing.pictures.base import Picture, check, pictures, points
from stages.tables import DIGITS

SPLITS = {"train": "train", "validation": "val", "test": "test"}  # as trainers call them


@dataclass(frozen=True)
class Yolo:
    """`data.yaml`, and for each split pictures in `images/<split>/` and a text file for each in `labels/<split>/`.

    A line is an object: the number of its label, and, as shares of the picture's width and height, the middle, width
    and height of a box, or the points of an outline. There are no masks.

    Parameters
    ----------
    oriented
        Whether boxes are written as their four corners, which rotated ones need.

    References
    ----------
    https://docs.ultralytics.com/datasets/detect/, /segment/ and /obb/
    """

    oriented: bool = False

    def write(self, folder: Path, version: Version) -> None:
        check(version, "YOLO", ("boxes", "polygons"))
        labels = version.task.labels
        for split in version.tables:
            texts = folder / "labels" / split
            texts.mkdir(parents=True)
            for picture in pictures(version, split, folder / "images" / split):
                lines = [f"{labels.index(each['label'])} {self._place(each, picture)}\n" for each in picture.value]
                (texts / picture.name).with_suffix(".txt").write_text("".join(lines), encoding="utf-8", newline="\n")
        places = [f"{SPLITS[split]}: images/{split}\n" for split in version.tables]
        names = [f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(labels)]
        (folder / "data.yaml").write_text("".join([*places, "names:\n", *names]), encoding="utf-8", newline="\n")

    def _place(self, region: dict[str, Any], picture: Picture) -> str:
        if region.get("rotation") and not self.oriented:
            raise InputError(
                f"record {picture.record}: a rotated box, which YOLO carries by its corners; choose "
                "publish=rotated_boxes, or set `oriented: true` in conf/publish/"
            )
        if "points" in region or self.oriented:
            size = picture.width, picture.height
            shares = [each / side for point in points(region, *size) for each, side in zip(point, size, strict=True)]
        else:
            x, y, width, height = (region[key] / 100 for key in ("x", "y", "width", "height"))
            shares = [x + width / 2, y + height / 2, width, height]
        return " ".join(f"{each:.{DIGITS}f}" for each in shares)

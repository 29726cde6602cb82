"""The form of the PASCAL VOC challenges."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from stages import InputError
from stages.publishing.base import Version
from stages.publishing.pictures.base import Picture, check, pictures
from stages.tasks.pictures import rle

SPLITS = {"train": "train", "validation": "val", "test": "test"}  # as the challenges call them

MOST = 254  # labels of masks: a byte, less what nothing marks and the 255 of pixels that do not count


@dataclass(frozen=True)
class Voc:
    """`JPEGImages/`, whatever the pictures' format, `ImageSets/*/<split>.txt`, and what is marked.

    Upright boxes are in `Annotations/`, in whole pixels that count from 1, the last one included. Masks are in
    `SegmentationClass/`, as PNG with a palette: 0 is what nothing marks, then the labels in their order, which
    `labels.txt` names. A pixel has one label there.

    References
    ----------
    M. Everingham et al., The PASCAL Visual Object Classes (VOC) Challenge, IJCV 88 (2010).
    """

    def write(self, folder: Path, version: Version) -> None:
        check(version, "VOC", ("boxes", "masks"))
        masks = version.task.type == "masks"
        if masks and len(version.task.labels) > MOST:
            raise InputError(f"VOC carries {MOST} labels of masks, and there are {len(version.task.labels)}")
        lists = folder / "ImageSets" / ("Segmentation" if masks else "Main")
        marked = folder / ("SegmentationClass" if masks else "Annotations")
        for each in (lists, marked):
            each.mkdir(parents=True)
        for split in version.tables:
            names = []
            for picture in pictures(version, split, folder / "JPEGImages"):
                stem = Path(picture.name).stem
                names.append(f"{stem}\n")
                if masks:
                    (marked / f"{stem}.png").write_bytes(_classes(picture, version.task.labels))
                else:
                    (marked / f"{stem}.xml").write_bytes(_objects(picture))
            (lists / f"{SPLITS[split]}.txt").write_text("".join(names), encoding="utf-8", newline="\n")
        labels = "".join(f"{label}\n" for label in ["background", *version.task.labels][not masks :])
        (folder / "labels.txt").write_text(labels, encoding="utf-8", newline="\n")


def _objects(picture: Picture) -> bytes:
    size = {"width": picture.width, "height": picture.height, "depth": picture.channels}
    told: dict[str, Any] = {"folder": "JPEGImages", "filename": picture.name, "size": size, "segmented": 0}
    root = _element("annotation", told)
    for region in picture.value:
        if region["rotation"]:
            raise InputError(
                f"record {picture.record}: a rotated box, which VOC cannot carry; choose publish=rotated_boxes, or set "
                "the form to null in conf/publish/"
            )
        root.append(_element("object", {"name": region["label"], "difficult": 0, "bndbox": _box(region, picture)}))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8") + b"\n"


def _box(region: dict[str, Any], picture: Picture) -> dict[str, int]:
    box = {}
    for axis, start, length, side in (("x", "x", "width", picture.width), ("y", "y", "height", picture.height)):
        first, last = (round(each / 100 * side) for each in (region[start], region[start] + region[length]))
        box[f"{axis}min"] = min(max(first, 0), side - 1) + 1
        box[f"{axis}max"] = max(min(last, side), box[f"{axis}min"])
    return {key: box[key] for key in ("xmin", "ymin", "xmax", "ymax")}


def _element(name: str, told: Any) -> ET.Element:
    element = ET.Element(name)
    if isinstance(told, dict):
        element.extend(_element(key, each) for key, each in told.items())
    else:
        element.text = str(told)
    return element


def _classes(picture: Picture, labels: tuple[str, ...]) -> bytes:
    import numpy as np
    from PIL import Image

    classes = np.zeros((picture.height, picture.width), dtype=np.uint8)
    for region in picture.value:
        number = labels.index(region["label"]) + 1
        mask = rle.decode(region["rle"], region["size"])
        if (mask & (classes > 0) & (classes != number)).any():
            raise InputError(
                f"record {picture.record}: masks of two labels share pixels, which VOC cannot carry; set the form to "
                "null in conf/publish/"
            )
        classes[mask] = number
    drawn = Image.fromarray(classes, "P")
    drawn.putpalette([shade for number in range(256) for shade in _colour(number)])
    written = BytesIO()
    drawn.save(written, "PNG", compress_level=6)
    return written.getvalue()


def _colour(number: int) -> list[int]:
    """The challenge's colours: each third bit of the number, from the lowest on, to the highest bits of a channel."""
    return [sum((number >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8)) for channel in range(3)]

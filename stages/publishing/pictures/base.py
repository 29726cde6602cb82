"""What the forms of computer vision share: pictures with what is marked in them, in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import InputError
from stages.media import pictures as codec
from stages.publishing.base import Version, file, rows
from stages.tasks import Value
from stages.tasks.pictures import boxes

OPTIONS = ("boxes", "polygons", "masks")  # of conf/publish/, each with the forms that carry the task type of its name


@dataclass(frozen=True)
class Picture:
    """A record's picture with its label.

    Parameters
    ----------
    record
        The record's id.
    name
        The picture's file name; without its suffix no other record has it.
    data
        The file's bytes.
    width, height
        In pixels, as it is shown.
    channels
        1 for grey, 3 for colours.
    value
        The label.
    origin
        Who gave the label: `human` or `auto`.
    """

    record: str
    name: str
    data: bytes
    width: int
    height: int
    channels: int
    value: Value
    origin: str


def pictures(version: Version, split: str, folder: Path) -> Iterator[Picture]:
    """Yield a split's labelled pictures in the order of their ids, each once its file is in the folder.

    Those without a label are left out: in these forms they would be pictures that show nothing.

    Raises
    ------
    InputError
        A record has no picture, or one that cannot be decoded, or its mask is one of a picture of another size.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (field,) = version.pictures
    for record, reference, value, origin in rows(
        version.tables[split], dict.fromkeys(("id", field, "label", "origin"))
    ):
        if origin is None:
            continue
        if reference is None:
            raise InputError(
                f"record {record}: has no picture ({field}); clean with conf/cleaning/images, or label others"
            )
        data = file(reference)
        try:
            pixels = codec.decode(data)
        except ValueError as error:
            raise InputError(f"{reference}: {error}; clean with conf/cleaning/images") from error
        height, width = pixels.shape[:2]
        for region in value:
            if "size" in region and region["size"] != [width, height]:
                size = " × ".join(map(str, region["size"]))
                raise InputError(f"record {record}: marked on {size} pixels, and the picture has {width} × {height}")
        name = Path(reference).name
        (folder / name).write_bytes(data)
        yield Picture(record, name, data, width, height, 1 if pixels.ndim == 2 else 3, value, origin)


def check(version: Version, form: str, carries: tuple[str, ...]) -> None:
    """See that a form can carry a version.

    Raises
    ------
    InputError
        It is of another task type, or has not one picture per record.
    """
    off = "set the form to null in conf/publish/"
    if version.task.type not in carries:
        if version.task.type in OPTIONS:
            off = f"choose publish={version.task.type}, or {off}"
        raise InputError(f"{form} carries {' and '.join(carries)}, and this dataset has {version.task.type}; {off}")
    if len(version.pictures) != 1:
        found = len(version.pictures)
        raise InputError(f"{form} carries one picture per record, and this dataset has {found} fields of images; {off}")


def points(region: dict[str, Any], width: int, height: int) -> list[tuple[float, float]]:
    """Give the outline of a box or a polygon in pixels."""
    if "points" in region:
        return [(x / 100 * width, y / 100 * height) for x, y in region["points"]]
    return boxes.corners(region, width, height)

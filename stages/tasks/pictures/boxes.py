"""Boxes in a picture, upright or rotated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks.pictures.objects import Objects
from stages.tasks.regions import Region, numbers, size_of

if TYPE_CHECKING:
    import numpy as np

KEYS = ("x", "y", "width", "height")
Point = tuple[float, float]


@dataclass(frozen=True)
class Boxes(Objects):
    """A Label Studio `RectangleLabels` control.

    An object has `x`, `y`, `width` and `height` in per cent of the picture, `rotation` in degrees, clockwise about its
    first corner, and `label`. A rotation turns in pixels, so a rotated box has its picture's `size` too: width and
    height in pixels.
    """

    type: ClassVar[str] = "boxes"
    control: ClassVar[str] = "rectanglelabels"
    column: ClassVar[Any] = [
        {**dict.fromkeys((*KEYS, "rotation"), "number"), "size": ["whole"], "label": "text"},
    ]

    def place(self, item: Mapping[str, Any]) -> Region:
        value = item["value"]
        box: Region = numbers(value, KEYS)
        if box["width"] <= 0 or box["height"] <= 0:
            raise ValueError(f"a box needs a width and a height above 0, found {value!r:.200}")
        box["rotation"] = numbers({"rotation": value.get("rotation") or 0}, ("rotation",))["rotation"]
        if box["rotation"]:
            box["size"] = size_of(item)
        return box

    def shown(self, each: Region) -> dict[str, Any]:
        value = {key: each[key] for key in (*KEYS, "rotation")}
        if "size" not in each:
            return {"value": value}
        width, height = each["size"]
        return {"original_width": width, "original_height": height, "value": value}

    def overlaps(self, one: Sequence[Region], other: Sequence[Region]) -> np.ndarray:
        if any(each["rotation"] for each in (*one, *other)):
            from stages.tasks.pictures.outlines import overlaps

            width, height = next(each["size"] for each in (*one, *other) if each["rotation"])
            return overlaps(*([corners(each, width, height) for each in side] for side in (one, other)))
        return intersection_over_union(*(_edges(side) for side in (one, other)))

    def outlines(self, value: Sequence[Region], width: float, height: float) -> list[list[Point]]:
        """Give the corners of each box, in pixels of a picture of that size."""
        return [corners(each, width, height) for each in value]

    def average(self, same: Sequence[Region]) -> Region:
        """Take the mean of the boxes' middles, sizes and, as directions on a circle, rotations."""
        if len(same) == 1:
            return dict(same[0])
        mean = {key: math.fsum(each[key] for each in same) / len(same) for key in KEYS}
        if not any(each["rotation"] for each in same):
            return {**mean, "rotation": 0.0, "label": same[0]["label"]}
        size = next(each["size"] for each in same if each["rotation"])
        middles = [_middle(corners(each, *size)) for each in same]
        turns = [math.radians(each["rotation"]) for each in same]
        turn = math.degrees(math.atan2(math.fsum(map(math.sin, turns)), math.fsum(map(math.cos, turns)))) % 360
        box = {**mean, "rotation": turn, "size": list(size), "label": same[0]["label"]}
        there = _middle(corners({**box, "x": 0.0, "y": 0.0}, *size))
        for axis, key in enumerate(("x", "y")):
            box[key] = (math.fsum(each[axis] for each in middles) / len(same) - there[axis]) / size[axis] * 100
        return box


def corners(box: Region, width: float, height: float) -> list[Point]:
    """Give a box's four corners in pixels of a picture of that width and height, clockwise from its first one."""
    turn = math.radians(box["rotation"])
    cos, sin = math.cos(turn), math.sin(turn)
    left, top = box["x"] / 100 * width, box["y"] / 100 * height
    across, down = box["width"] / 100 * width, box["height"] / 100 * height
    places = ((0.0, 0.0), (across, 0.0), (across, down), (0.0, down))
    return [(left + x * cos - y * sin, top + x * sin + y * cos) for x, y in places]


def intersection_over_union(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give the overlap of each pair of upright boxes, shape (one, other); each row is left, top, right, bottom."""
    import numpy as np

    corner = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(one[:, None, :2], other[None, :, :2])
    shared = corner.clip(0).prod(axis=-1)
    areas = [(side[:, 2:] - side[:, :2]).prod(axis=-1) for side in (one, other)]
    return shared / (areas[0][:, None] + areas[1][None, :] - shared)


def _edges(boxes: Sequence[Region]) -> np.ndarray:
    import numpy as np

    given = np.array([[each[key] for key in KEYS] for each in boxes], dtype=float).reshape(-1, 4)
    return np.hstack([given[:, :2], given[:, :2] + given[:, 2:]])


def _middle(points: Sequence[Point]) -> Point:
    return (points[0][0] + points[2][0]) / 2, (points[0][1] + points[2][1]) / 2

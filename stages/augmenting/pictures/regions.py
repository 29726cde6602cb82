"""What is marked in a picture moves along with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stages.tables import DIGITS
from stages.tasks import Value
from stages.tasks.pictures import Boxes, Masks, Polygons
from stages.tasks.pictures.boxes import corners

if TYPE_CHECKING:
    import numpy as np

Point = tuple[float, float]
Region = dict[str, Any]
Regional = Boxes | Polygons | Masks


def outlines(value: Value, task: Regional, shape: Sequence[int]) -> list[list[Point]]:
    """Give the corners of each box or polygon in pixels; masks have none."""
    height, width = shape[:2]
    if isinstance(task, Masks):
        return []
    if isinstance(task, Boxes):
        return [corners(each, width, height) for each in value]
    return [[(x * width / 100, y * height / 100) for x, y in each["points"]] for each in value]


def masks(value: Value, task: Regional) -> list[np.ndarray]:
    """Give the pixels of each mask as 0 and 1, shape (height, width); boxes and polygons have none."""
    import numpy as np

    if not isinstance(task, Masks):
        return []
    return [np.asarray(task.mask([each], each["label"]), dtype=np.uint8) for each in value]


def moved(
    value: Value,
    task: Regional,
    places: Sequence[Sequence[Point]],
    covered: Sequence[np.ndarray],
    shape: Sequence[int],
    visibility: float,
) -> Value:
    """Make the value of a changed picture.

    Parameters
    ----------
    value, task
        What was marked in the picture as it was.
    places, covered
        Where its corners, or its pixels, are now.
    shape
        Height and width of the changed picture in pixels.
    visibility
        The least share of a box or polygon that must be inside the picture; what shows less is dropped. What is kept is
        cut off at the border, a rotated box excepted.

    Returns
    -------
    The value, rounded. An upright box that was turned becomes the upright box around it.
    """
    import shapely

    height, width = shape[:2]
    if isinstance(task, Masks):
        kept = [(each["label"], mask > 0) for each, mask in zip(value, covered, strict=True)]
        return task.ordered([task.region(mask, label) for label, mask in kept if mask.any()])
    picture = shapely.box(0, 0, width, height)
    regions = []
    for each, points in zip(value, places, strict=True):
        area = shapely.make_valid(shapely.Polygon(points))
        if isinstance(task, Boxes) and not each["rotation"]:
            area = shapely.box(*area.bounds)
        inside = shapely.intersection(area, picture)
        if inside.area and inside.area >= visibility * area.area:
            regions.append({**_place(each, task, points, inside, width, height), "label": each["label"]})
    return task.ordered(regions)


def _place(
    each: Region, task: Boxes | Polygons, points: Sequence[Point], inside: Any, width: int, height: int
) -> Region:
    scale = 100 / width, 100 / height
    if isinstance(task, Polygons):
        parts = [part for part in getattr(inside, "geoms", [inside]) if part.geom_type == "Polygon"]
        outline = max(parts, key=lambda part: part.area).exterior.coords[:-1]
        return {"points": [[round(x * scale[0], DIGITS), round(y * scale[1], DIGITS)] for x, y in outline]}
    if each["rotation"]:
        return _rotated(points, width, height)
    left, top, right, bottom = inside.bounds
    edges = {"x": left * scale[0], "y": top * scale[1], "width": right - left, "height": bottom - top}
    edges |= {"width": edges["width"] * scale[0], "height": edges["height"] * scale[1]}
    return {**{key: round(edge, DIGITS) for key, edge in edges.items()}, "rotation": 0.0}


def _rotated(points: Sequence[Point], width: int, height: int) -> Region:
    """Give the rotated box through a box's four corners; those of a mirrored one go round the other way."""
    first, second, third, fourth = points
    across = (second[0] - first[0], second[1] - first[1])
    down = (fourth[0] - first[0], fourth[1] - first[1])
    if across[0] * down[1] - across[1] * down[0] < 0:
        first, across, down = second, (-across[0], -across[1]), (third[0] - second[0], third[1] - second[1])
    turn = math.degrees(math.atan2(across[1], across[0])) % 360
    edges = {
        "x": first[0] / width * 100,
        "y": first[1] / height * 100,
        "width": math.hypot(*across) / width * 100,
        "height": math.hypot(*down) / height * 100,
        "rotation": turn,
    }
    return {**{key: round(edge, DIGITS) for key, edge in edges.items()}, "size": [width, height]}

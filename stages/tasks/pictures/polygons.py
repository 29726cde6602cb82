"""Polygons in a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks.pictures.objects import Objects
from stages.tasks.pictures.outlines import Point, overlaps
from stages.tasks.regions import Region, numbers

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Polygons(Objects):
    """A Label Studio `PolygonLabels` control.

    An object has `points`, pairs of x and y in per cent of the picture, in their order along the outline, and `label`.
    Overlap in per cent is overlap in pixels, whatever the picture's shape.
    """

    type: ClassVar[str] = "polygons"
    control: ClassVar[str] = "polygonlabels"
    column: ClassVar[Any] = [{"points": [["number"]], "label": "text"}]

    def place(self, item: Mapping[str, Any]) -> Region:
        points = item["value"].get("points")
        if not isinstance(points, list) or len(points) < 3:
            raise ValueError(f"a polygon needs three points or more, found {points!r:.200}")
        for each in points:
            if not isinstance(each, list) or len(each) != 2:
                raise ValueError(f"a point is a list of x and y, found {each!r:.200}")
        return {"points": [list(numbers(dict(zip("xy", each, strict=True)), ("x", "y")).values()) for each in points]}

    def shown(self, each: Region) -> dict[str, Any]:
        return {"value": {"points": [list(point) for point in each["points"]], "closed": True}}

    def overlaps(self, one: Sequence[Region], other: Sequence[Region]) -> np.ndarray:
        return overlaps(*([each["points"] for each in side] for side in (one, other)))

    def outlines(self, value: Sequence[Region], width: float, height: float) -> list[list[Point]]:
        """Give the corners of each polygon, in pixels of a picture of that size."""
        return [[(x * width / 100, y * height / 100) for x, y in each["points"]] for each in value]

    def average(self, same: Sequence[Region]) -> Region:
        """Take the polygon that overlaps the others most: an average of outlines with different corners is none."""
        sums = self.overlaps(same, same).sum(axis=1).round(9)
        return dict(same[int(sums.argmax())])

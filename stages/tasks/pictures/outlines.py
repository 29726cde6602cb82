"""How far areas with straight edges overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Point = tuple[float, float]


def overlaps(one: Sequence[Sequence[Point]], other: Sequence[Sequence[Point]]) -> np.ndarray:
    """Give the intersection over union of each pair of outlines, shape (one, other).

    An outline that crosses itself counts as the area that `shapely.make_valid` makes of it; one without area overlaps
    nothing.
    """
    import numpy as np
    import shapely

    mine, theirs = (np.array([shapely.make_valid(shapely.Polygon(each)) for each in side]) for side in (one, other))
    shared = shapely.area(shapely.intersection(mine[:, None], theirs[None, :]))
    union = shapely.area(mine)[:, None] + shapely.area(theirs)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)

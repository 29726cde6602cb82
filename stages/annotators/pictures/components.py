"""What stands out from a picture's background, as connected components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

AROUND = 101  # pixels of the neighbourhood whose median is the background
NOISE = 3  # times the noise: what differs less from the background belongs to it
DEVIATION = 1.4826  # of a normal distribution whose median absolute deviation is 1


@dataclass(frozen=True)
class Component:
    """Pixels that hang together.

    Parameters
    ----------
    left, top
        The first pixel of its upright box.
    pixels
        Booleans, shape (height, width) of that box.
    """

    left: int
    top: int
    pixels: np.ndarray

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels; right and bottom are outside."""
        height, width = self.pixels.shape
        return self.left, self.top, self.left + width, self.top + height


def foreground(grey: np.ndarray) -> np.ndarray:
    """Mark the pixels that differ from their background, darker or lighter: booleans of the picture's shape.

    The background is the median of the neighbourhood. The bound is that of Otsu (A Threshold Selection Method from
    Gray-Level Histograms, 1979), but never within the picture's noise.
    """
    import cv2
    import numpy as np

    around = min(AROUND, min(grey.shape) // 2 * 2 - 1)
    difference: np.ndarray = np.zeros_like(grey)
    if around > 1:
        difference = cv2.medianBlur(cv2.absdiff(grey, cv2.medianBlur(grey, around)), 3)
    noise = NOISE * DEVIATION * float(np.median(difference))
    bound, _ = cv2.threshold(difference, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return difference > max(bound, noise)


def components(marked: np.ndarray, reach: int) -> list[Component]:
    """Part marked pixels into components, in the order of their first pixels.

    Parameters
    ----------
    marked
        Booleans of the picture's shape.
    reach
        How many pixels may part two of a component.
    """
    import cv2
    import numpy as np

    joined: np.ndarray = marked.astype(np.uint8)
    if reach:
        joined = cv2.dilate(joined, np.ones((reach + 1, reach + 1), dtype=np.uint8))
    count, owner, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for number in range(1, count):
        left, top, width, height = (int(each) for each in stats[number, :4])
        part = (owner[top : top + height, left : left + width] == number) & marked[
            top : top + height, left : left + width
        ]
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        if len(rows):
            inside = part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            found.append(Component(left + int(columns[0]), top + int(rows[0]), inside))
    return sorted(found, key=lambda each: each.edges)

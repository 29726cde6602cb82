"""Grey values and the directions of edges into logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from stages import media
from stages.annotators.described import Described
from stages.annotators.files import unusable
from stages.media import pictures as codec

if TYPE_CHECKING:
    import numpy as np

SIDE, CELL, BLOCK, DIRECTIONS = 32, 4, 2, 9  # pixels, pixels, cells, half a turn's parts
LONGEST, TINY = 0.2, 1e-3  # of a block's histograms, which have length 1; where there is no edge
PIXELS = 16  # the side at which grey values are taken


@dataclass(frozen=True)
class ImageLinear(Described):
    """Grey values, histograms of oriented gradients, and logistic regression per label set.

    Good for what fills its picture, such as a letter, a garment or a part before a camera; seconds for thousands of
    pictures, no download. Pictures of any shape are stretched to a square.

    References
    ----------
    N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human Detection, CVPR (2005).
    """

    name: ClassVar[str] = "image_linear"

    def places(self) -> list[str]:
        return places()

    def describe(self, path: str) -> np.ndarray:
        try:
            return described(codec.grey(media.read(path), SIDE))
        except ValueError as error:
            raise unusable("picture", path, error) from error


def places() -> list[str]:
    """What each feature is."""
    pixels = [f"pixel {row} {column}" for row in range(PIXELS) for column in range(PIXELS)]
    blocks, cells = range(SIDE // CELL - BLOCK + 1), range(BLOCK)
    places = product(blocks, blocks, cells, cells, range(DIRECTIONS))
    return pixels + [f"gradient {' '.join(map(str, place))}" for place in places]


def described(grey: np.ndarray) -> np.ndarray:
    """Give grey values and histograms of oriented gradients of a picture of 32 × 32 pixels, as `places` says."""
    import numpy as np

    step = SIDE // PIXELS
    pixels = grey.reshape(PIXELS, step, PIXELS, step).mean(axis=(1, 3)) / 255
    return np.concatenate([pixels.ravel(), oriented_gradients(grey)]).astype(np.float32)


def oriented_gradients(grey: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients of a square picture.

    Each pixel counts for the direction that is nearest to its gradient's, with the gradient's length; cells of 4 × 4
    pixels, overlapping blocks of 2 × 2 cells, each block's histograms scaled to length 1, cut off at .2, scaled anew.

    Parameters
    ----------
    grey
        Shape (side, side), side a multiple of 4.

    Returns
    -------
    Shape (blocks × blocks × 2 × 2 × 9,).
    """
    import numpy as np

    values = np.pad(grey.astype(np.float64), 1, mode="edge")
    down, right = values[2:, 1:-1] - values[:-2, 1:-1], values[1:-1, 2:] - values[1:-1, :-2]
    turns = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
    along = np.abs(right[..., None] * np.cos(turns).round(6) + down[..., None] * np.sin(turns).round(6))
    votes = np.eye(DIRECTIONS)[along.argmax(axis=-1)] * np.sqrt(down**2 + right**2)[..., None]
    count = len(grey) // CELL
    cells = votes.reshape(count, CELL, count, CELL, DIRECTIONS).sum(axis=(1, 3))
    blocks = np.lib.stride_tricks.sliding_window_view(cells, (BLOCK, BLOCK), axis=(0, 1))  # type: ignore[call-overload]
    blocks = np.moveaxis(blocks, 2, -1).reshape(count - BLOCK + 1, count - BLOCK + 1, -1)
    return _scaled(np.minimum(_scaled(blocks), LONGEST)).ravel()


def _scaled(blocks: np.ndarray) -> np.ndarray:
    import numpy as np

    return blocks / (np.sqrt((blocks**2).sum(axis=-1, keepdims=True)) + TINY)

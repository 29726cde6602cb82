"""Grey values and the directions of edges into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, media
from stages.annotators import logistic
from stages.annotators.logistic import Logistic
from stages.annotators.pictures.reading import paths
from stages.media import pictures as codec
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 1_000  # records per prediction; fixed, since the batch size changes the last bits of a product
SIDE, CELL, BLOCK, DIRECTIONS = 32, 4, 2, 9  # pixels, pixels, cells, half a turn's parts
LONGEST, TINY = 0.2, 1e-3  # of a block's histograms, which have length 1; where there is no edge
PIXELS = 16  # the side at which grey values are taken


@dataclass(frozen=True)
class ImageLinear:
    """Grey values, histograms of oriented gradients, and logistic regression per label set.

    Good for what fills its picture, such as a letter, a garment or a part before a camera; seconds for thousands of
    pictures, no download. Pictures of any shape are stretched to a square. A record without a picture has features of
    zero.

    Parameters
    ----------
    field
        The field with the picture.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    curve
        Shares of the labels on which it is fitted again, for the forecast of how many more are needed; none: ().

    References
    ----------
    N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human Detection, CVPR (2005).
    """

    field: str
    c: float = 1.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model
    _known: dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return "image_linear"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> ImageLinearModel:
        return ImageLinearModel(self, logistic.fit(self.features(records), values, task, self.c))

    def load(self, folder: Path, task: Task) -> ImageLinearModel:
        return ImageLinearModel(self, logistic.load(folder, task)[0])

    def features(self, records: pd.DataFrame) -> np.ndarray:
        """Describe each record's picture, shape (records, features); each is decoded once, not once per fold."""
        import numpy as np

        pictures = paths(records, self.field)
        for path in pictures:
            if path not in self._known:
                self._known[path] = _describe(path, self.field)
        return np.array([self._known[path] for path in pictures], dtype=np.float64).reshape(-1, len(places()))


@dataclass(frozen=True)
class ImageLinearModel:
    settings: ImageLinear
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        found = [np.zeros((0, len(self.regression.task.labels)))]
        for start in range(0, len(records), BATCH):
            features = self.settings.features(records.iloc[start : start + BATCH])
            found.append(self.regression.probabilities(features))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        import pandas as pd

        self.regression.save(folder, pd.DataFrame({"feature": places()}), {"feature": "text"})


def places() -> list[str]:
    """What each feature is."""
    pixels = [f"pixel {row} {column}" for row in range(PIXELS) for column in range(PIXELS)]
    blocks, cells = range(SIDE // CELL - BLOCK + 1), range(BLOCK)
    places = product(blocks, blocks, cells, cells, range(DIRECTIONS))
    return pixels + [f"gradient {' '.join(map(str, place))}" for place in places]


def _describe(path: str, name: str) -> np.ndarray:
    import numpy as np

    if not path:
        return np.zeros(len(places()), dtype=np.float32)
    try:
        grey = codec.grey(media.read(path), SIDE)
    except ValueError as error:
        raise InputError(f"annotator.field: {name!r} names no picture: {path!r:.100} {error}") from error
    return described(grey)


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

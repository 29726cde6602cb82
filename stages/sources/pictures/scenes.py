"""Scenes composed of real handwritten digits, whose objects are known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, shake_128
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.media import pictures as codec
from stages.sources.base import Rows, require

if TYPE_CHECKING:
    import numpy as np

WIDTHS, HEIGHTS = (120, 360), (80, 240)  # pixels
ENLARGED = (3, 8)  # times the 8 × 8 pixels of a digit
OBJECTS = (0, 5)
TRIES = 30  # places for a digit, before there is none
APART = 0.15  # of the smaller digit's box may be hidden by another
FULL, LEAST = 16, 5  # ink; what has less than the least does not belong to a digit
NOISE = 40  # grey values


class Placed(NamedTuple):
    """A digit in a scene."""

    label: str
    left: int
    top: int
    ink: np.ndarray  # from 0 to 16, shape (height, width), cut to where it belongs to the digit


@dataclass(frozen=True)
class Scenes:
    """Pictures of 120 × 80 to 360 × 240 pixels with up to five handwritten digits each: **composed**, not photographed.

    The digits are those of `sklearn.datasets.load_digits`, enlarged three to eight times and drawn in a grey of their
    own onto noisy paper that grows darker to one side; some touch or hide each other a little. Everything follows from
    the scene's number, by SHA-256, in whole numbers, so that every machine draws the same. The columns are `id`,
    `image`, `boxes` (the true boxes as a value of the task type `boxes`, in JSON) and `masks` likewise.

    Parameters
    ----------
    count
        How many scenes.
    """

    count: int = 1000

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records."""
        import pyarrow as pa

        ids = [f"scene-{number:04d}" for number in range(self.count)]
        makers = {
            "id": lambda number: ids[number],
            "image": lambda number: f"{ids[number]}.png",
            "boxes": lambda number: json.dumps(boxes(number)),
            "masks": lambda number: json.dumps(masks(number)),
        }
        require(columns, list(makers), "stages.sources.pictures.Scenes")
        cells = {name: [makers[name](number) for number in range(self.count)] for name in columns}
        table = pa.table({name: pa.array(cells[name], pa.large_string()) for name in columns})
        yield Rows("stages.sources.pictures.Scenes", "", range(1, self.count + 1), table, "row", _draw)


def boxes(number: int) -> list[dict[str, Any]]:
    """Give a scene's true boxes in per cent, each around the visible ink of a digit."""
    import numpy as np

    width, height = _plan(number)[0]
    found = []
    for label, mask in _visible(number):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        edges = {
            "x": columns[0] / width,
            "y": rows[0] / height,
            "width": (columns[-1] + 1 - columns[0]) / width,
            "height": (rows[-1] + 1 - rows[0]) / height,
        }
        found.append(
            {**{key: round(100 * float(each), 6) for key, each in edges.items()}, "rotation": 0.0, "label": label}
        )
    return found


def masks(number: int) -> list[dict[str, Any]]:
    """Give a scene's true masks, one for each label, as a list of rows of 0 and 1 in `pixels`."""
    import numpy as np

    by_label: dict[str, np.ndarray] = {}
    for label, mask in _visible(number):
        by_label[label] = mask | by_label.get(label, np.zeros_like(mask))
    return [{"pixels": mask.astype(int).tolist(), "label": label} for label, mask in sorted(by_label.items())]


def _draw(name: str) -> bytes:
    import numpy as np

    number = int(name.removeprefix("scene-").removesuffix(".png"))
    (width, height), placed, paper = _plan(number)
    slope = np.arange(width)[None, :] * paper // width // 4
    shade = np.frombuffer(shake_128(f"noise|{number}".encode()).digest(width * height), dtype=np.uint8)
    picture = 255 - slope - shade.reshape(height, width).astype(int) % NOISE
    for place, each in enumerate(placed):
        rows, columns = slice(each.top, each.top + len(each.ink)), slice(each.left, each.left + each.ink.shape[1])
        dark = 20 + int(sha256(f"ink|{number}|{place}".encode()).hexdigest()[:2], 16) // 4
        part = picture[rows, columns]
        part -= (part - dark).clip(0) * each.ink // FULL
    return codec.encode(np.clip(picture, 0, 255).astype(np.uint8))


def _visible(number: int) -> list[tuple[str, np.ndarray]]:
    """Give each digit's label and the pixels of it that no later digit hides; none of which nothing is seen."""
    import numpy as np

    (width, height), placed, _ = _plan(number)
    owner = np.full((height, width), -1)
    for place, each in enumerate(placed):
        area = owner[each.top : each.top + len(each.ink), each.left : each.left + each.ink.shape[1]]
        area[each.ink >= LEAST] = place
    found = [(each.label, owner == place) for place, each in enumerate(placed)]
    return [(label, mask) for label, mask in found if mask.any()]


def _plan(number: int) -> tuple[tuple[int, int], list[Placed], int]:
    """Lay a scene out: its size, its digits in the order of drawing, and how much darker the paper gets."""
    rng = Random(int.from_bytes(sha256(f"scene|{number}".encode()).digest()[:8], "big"))  # noqa: S311
    size = rng.randint(*WIDTHS), rng.randint(*HEIGHTS)
    placed: list[Placed] = []
    for _ in range(rng.randint(*OBJECTS)):
        shades, label = _digits()
        chosen = rng.randrange(len(shades))
        times = rng.randint(*ENLARGED)
        ink = shades[chosen].repeat(times, axis=0).repeat(times, axis=1)
        for _ in range(TRIES):
            left, top = rng.randint(0, size[0] - ink.shape[1]), rng.randint(0, size[1] - ink.shape[0])
            candidate = Placed(label[chosen], left, top, ink)
            if all(_shared(candidate, each) <= APART for each in placed):
                placed.append(candidate)
                break
    return size, placed, rng.randint(0, 255)


def _shared(one: Placed, other: Placed) -> float:
    """How much of the smaller box both cover."""
    across = min(one.left + one.ink.shape[1], other.left + other.ink.shape[1]) - max(one.left, other.left)
    down = min(one.top + one.ink.shape[0], other.top + other.ink.shape[0]) - max(one.top, other.top)
    return max(0, across) * max(0, down) / min(one.ink.size, other.ink.size)


@cache
def _digits() -> tuple[list[np.ndarray], list[str]]:
    """Give the ink of all digits, cut to it, and what was to be written."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    inks = []
    for each in loaded.images:
        ink = each.astype(int)
        rows, columns = ((ink >= LEAST).any(axis=axis).nonzero()[0] for axis in (1, 0))
        inks.append(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return inks, [str(each) for each in loaded.target]

"""What can be said of a picture at a glance, found out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from stages.media import files
from stages.media.pictures import codec
from stages.media.seen import SEEN

if TYPE_CHECKING:
    import numpy as np

THUMBNAIL, SMALL = 16, 32  # pixels, of what near-duplicates are compared by, and of what their hash is made of
BITS = 64  # of a perceptual hash
SHARP = 256  # pixels, at most, at which sharpness is measured


@dataclass(frozen=True)
class Look:
    """What can be said of a picture at a glance.

    Parameters
    ----------
    problem
        Why it cannot be used, to follow the field's name ("is truncated"); None where it can, and all else is only
        given then.
    width, height
        In pixels, as it is shown.
    brightness
        The mean grey value, from 0 (black) to 255.
    contrast
        The standard deviation of the grey values.
    sharpness
        The variance of the Laplacian of the grey picture, reduced to 256 pixels at most; small where it is blurred.
    print
        64 bits that hardly change when it is scaled, or compressed: near-duplicates differ in few of them.
    thumbnail
        The grey values at 16 × 16 pixels, row by row.
    pixels
        SHA-256 of what is shown; the same for two files with the same pixels.
    suffix
        As `codec.lasting` gives it.
    """

    problem: str | None
    width: int = 0
    height: int = 0
    brightness: float = 0.0
    contrast: float = 0.0
    sharpness: float = 0.0
    print: int = 0
    thumbnail: bytes = b""
    pixels: bytes = b""
    suffix: str | None = None


def problem(reference: str) -> str | None:
    """Say why the picture that a table names cannot be used, to follow the field's name; None where it can."""
    return look(reference).problem


def print_of(reference: str) -> str:
    """Give what is the same for the same pixels, whatever encoder wrote them, as hexadecimal digits."""
    return look(reference).pixels.hex()


def plain(reference: str) -> tuple[bytes, str]:
    """Give the picture that a table names, and that has no `problem`, as `codec.plain` does."""
    return codec.plain(files.read(reference), look(reference).suffix)


def look(reference: str) -> Look:
    """Look at the picture that a table names, once; what is wrong with it is said and not raised."""
    if reference not in SEEN:
        SEEN[reference] = _look(reference)
    seen: Look = SEEN[reference]
    return seen


def _look(reference: str) -> Look:
    import cv2
    import numpy as np
    from PIL.Image import Resampling

    try:
        picture, shown, turned = codec.opened(files.read(reference))
    except ValueError as error:
        return Look(str(error))
    width, height = shown.size
    grey = shown.convert(codec.GREY)
    values = reduced = np.asarray(grey)
    mean, deviation = np.ravel(cv2.meanStdDev(values))
    if max(grey.size) > SHARP:
        fewer = grey.copy()
        fewer.thumbnail((SHARP, SHARP), resample=Resampling.BILINEAR)
        reduced = np.asarray(fewer)
    small = grey.resize((SMALL, SMALL), resample=Resampling.BOX, reducing_gap=2)
    pixels = sha256(f"{shown.mode}|{width}|{height}|".encode())
    pixels.update(shown.tobytes())
    return Look(
        problem=None,
        width=width,
        height=height,
        brightness=round(float(mean), 3),
        contrast=round(float(deviation), 3),
        sharpness=round(_sharpness(reduced), 3),
        print=_print(np.asarray(small, dtype=np.float64)),
        thumbnail=small.reduce(SMALL // THUMBNAIL).tobytes(),
        pixels=pixels.digest(),
        suffix=codec.lasting(picture, shown, turned),
    )


def _sharpness(grey: np.ndarray) -> float:
    import cv2
    import numpy as np

    if min(grey.shape) < 3:
        return 0.0
    edges = cv2.Laplacian(grey, cv2.CV_16S)[1:-1, 1:-1]  # whole numbers, whose sums are exact
    total, *_ = np.ravel(cv2.sumElems(edges))
    return float(cv2.norm(edges, cv2.NORM_L2SQR) / edges.size - (total / edges.size) ** 2)


def _print(small: np.ndarray) -> int:
    """Perceptual hash: the signs of the 64 lowest frequencies of the picture at 32 × 32, against their median.

    References
    ----------
    C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, thesis, FH Hagenberg (2010).
    """
    import numpy as np

    low = (_cosines() @ small @ _cosines().T).round(3).ravel()
    ordered = np.sort(low)
    bits = low > (ordered[BITS // 2 - 1] + ordered[BITS // 2]) / 2  # `np.median` takes longer than the rest
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


@cache
def _cosines() -> np.ndarray:
    """The 8 lowest rows of the orthonormal cosine transform (DCT-II) of 32 values."""
    import numpy as np

    turns = np.outer(np.arange(8), 2 * np.arange(32) + 1) * np.pi / 64
    return np.cos(turns) * np.where(np.arange(8)[:, None], 1 / 4, 1 / np.sqrt(32))

"""Pictures, decoded by one library, checked before they cost memory."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

from stages.media import files
from stages.media.seen import SEEN

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

PIXELS = 64_000_000  # of one picture; what has more is not decoded
FORMATS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".png", "BMP": ".png", "TIFF": ".png", "WEBP": ".png"}
GREY, COLOUR = "L", "RGB"
THUMBNAIL = 16  # pixels
BITS = 64  # of a perceptual hash
SHARP = 256  # pixels, at most, at which sharpness is measured
ORIENTATION = 0x0112  # the EXIF tag
JPEG = b"\xff\xd8"  # how such a file begins


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


def decode(data: bytes) -> np.ndarray:
    """Decode a picture as it is shown: turned as its EXIF orientation says, transparency over white.

    Returns
    -------
    Grey, shape (height, width), or RGB, shape (height, width, 3), as uint8.

    Raises
    ------
    ValueError
        It is no picture, not whole, animated, or too large; says why, to follow the field's name.
    """
    import numpy as np

    return np.asarray(_open(data)[1])


def plain(data: bytes) -> tuple[bytes, str]:
    """Give a picture that has no `problem` without metadata, as it is shown, and the suffix of its format.

    What is plain already stays as it is, byte for byte; of a JPEG whose metadata do not turn it only these are cut
    out, and it is not decoded; all else becomes a PNG.

    Raises
    ------
    ValueError
        As `decode`, if it has to be decoded.
    """
    from PIL import Image

    if data[:2] == JPEG:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            head = Image.open(BytesIO(data), formats=["JPEG"])
            if head.format == "JPEG" and head.mode in (GREY, COLOUR) and head.getexif().get(ORIENTATION, 1) == 1:
                return _without_segments(data), ".jpg"
    picture, shown, turned = _open(data)
    if picture.format == "PNG" and shown.mode == picture.mode and not turned and not picture.info:
        return data, ".png"
    return _png(shown), ".png"


def encode(pixels: np.ndarray) -> bytes:
    """Write a picture, of shape (height, width) or (height, width, 3) and type uint8, as PNG."""
    from PIL import Image

    return _png(Image.fromarray(pixels))


def grey(data: bytes, side: int) -> np.ndarray:
    """Decode a picture into grey values, stretched to a square: shape (side, side), as uint8.

    Raises
    ------
    ValueError
        As `decode`.
    """
    import numpy as np
    from PIL.Image import Resampling

    picture = _open(data)[1].convert(GREY)
    return np.asarray(picture.resize((side, side), resample=Resampling.BILINEAR))


def thumbnail(reference: str, side: int) -> bytes:
    """Make the picture that a table names small, `side` pixels at most, as JPEG.

    Raises
    ------
    ValueError
        As `decode`, or the file cannot be read.
    """
    from PIL.Image import Resampling

    picture = _open(files.read(reference))[1]
    small = picture.copy()
    small.thumbnail((side, side), resample=Resampling.BILINEAR)
    small.info = {}
    written = BytesIO()
    small.save(written, "JPEG", quality=80)
    return written.getvalue()


def problem(reference: str) -> str | None:
    """Say why the picture that a table names cannot be used, to follow the field's name; None where it can."""
    return look(reference).problem


def print_of(reference: str) -> str:
    """Give what is the same for the same pixels, whatever encoder wrote them, as hexadecimal digits."""
    return look(reference).pixels.hex()


def look(reference: str) -> Look:
    """Look at the picture that a table names, once; what is wrong with it is said and not raised."""
    if reference not in SEEN:
        SEEN[reference] = _look(reference)
    seen: Look = SEEN[reference]
    return seen


def _look(reference: str) -> Look:
    import numpy as np
    from PIL.Image import Resampling

    try:
        shown = _open(files.read(reference))[1]
    except ValueError as error:
        return Look(str(error))
    width, height = shown.size
    grey = shown.convert(GREY)
    shades, values = np.array(grey.histogram()), np.arange(256)
    mean = int(shades @ values) / (width * height)
    reduced = grey
    if max(grey.size) > SHARP:
        reduced = grey.copy()
        reduced.thumbnail((SHARP, SHARP), resample=Resampling.BILINEAR)
    return Look(
        problem=None,
        width=width,
        height=height,
        brightness=round(mean, 3),
        contrast=round(float(np.sqrt(shades @ (values - mean) ** 2 / (width * height))), 3),
        sharpness=round(_sharpness(np.asarray(reduced)), 3),
        print=_print(grey),
        thumbnail=grey.resize((THUMBNAIL, THUMBNAIL), resample=Resampling.BOX).tobytes(),
        pixels=sha256(f"{shown.mode}|{width}|{height}|".encode() + shown.tobytes()).digest(),
    )


def _open(data: bytes) -> tuple[Image, Image, bool]:
    """Decode fully, once the head has said that it is a picture of bearable size.

    Returns
    -------
    The picture as it is stored; as it is shown, in 8 bits of grey or RGB; and whether that turned it.
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise ValueError("has no bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, and of EXIF that is broken
            picture = Image.open(BytesIO(data), formats=list(FORMATS))
            width, height = picture.size
            if width * height > PIXELS:
                raise ValueError(f"has {width:,} × {height:,} pixels, more than {PIXELS:,}")
            frames = getattr(picture, "n_frames", 1)
            if frames > 1:
                raise ValueError(f"is animated or has several pages ({frames})")
            picture.load()
            turned = picture.getexif().get(ORIENTATION, 1) != 1
            return picture, _plain(picture, turned), turned
    except UnidentifiedImageError:
        raise ValueError(f"is none of {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError:
        raise ValueError(f"has more than {PIXELS:,} pixels") from None
    except ValueError:
        raise
    except Exception as error:  # Pillow lets through whatever a broken file made its parsers raise
        raise ValueError(f"cannot be decoded ({error})") from error


def _plain(picture: Image, turned: bool) -> Image:
    """Turn a picture upright and into 8 bits of grey or RGB."""
    from PIL import Image, ImageOps

    upright: Any = ImageOps.exif_transpose(picture) if turned else picture
    if upright.mode in (GREY, COLOUR):
        return upright
    if upright.mode.startswith("I"):  # 16 bits of grey
        return upright.convert("I").point(lambda value: value / 257).convert(GREY)
    if upright.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa") or "transparency" in upright.info:
        layered = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert(COLOUR)
    return upright.convert(GREY if upright.mode in ("1", "F") else COLOUR)


def _png(picture: Image) -> bytes:
    written = BytesIO()
    picture.info = {}
    picture.save(written, "PNG", compress_level=6)
    return written.getvalue()


def _without_segments(data: bytes) -> bytes:
    """Cut out of a JPEG what describes it (EXIF, XMP, comments), and leave what decoding needs."""
    kept, place = [data[:2]], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        needed = marker < 0xE0 or marker in (0xE0, 0xEE) or 0xF0 <= marker < 0xFE  # JFIF, and Adobe's colour transform
        if needed:
            kept.append(data[place : place + 2 + length])
        place += 2 + length
    return b"".join([*kept, data[place:]])


def _sharpness(grey: np.ndarray) -> float:
    import numpy as np

    if min(grey.shape) < 3:
        return 0.0
    values = grey.astype(np.int16)
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    edges = (around - 4 * values[1:-1, 1:-1]).ravel().astype(np.float64)  # whole numbers, whose sums are exact
    return float(edges @ edges / edges.size - (edges.sum() / edges.size) ** 2)


def _print(grey: Image) -> int:
    """Perceptual hash: the signs of the 64 lowest frequencies of the picture at 32 × 32, against their median.

    References
    ----------
    C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, thesis, FH Hagenberg (2010).
    """
    import numpy as np
    from PIL.Image import Resampling

    values = np.asarray(grey.resize((32, 32), resample=Resampling.BILINEAR), dtype=np.float64)
    low = (_cosines() @ values @ _cosines().T).round(3).ravel()
    ordered = np.sort(low)
    bits = low > (ordered[BITS // 2 - 1] + ordered[BITS // 2]) / 2  # `np.median` takes longer than the rest
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


@cache
def _cosines() -> np.ndarray:
    """The 8 lowest rows of the orthonormal cosine transform (DCT-II) of 32 values."""
    import numpy as np

    turns = np.outer(np.arange(8), 2 * np.arange(32) + 1) * np.pi / 64
    return np.cos(turns) * np.where(np.arange(8)[:, None], 1 / 4, 1 / np.sqrt(32))

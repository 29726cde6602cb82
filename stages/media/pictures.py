"""Pictures, decoded by one library, checked before they cost memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from stages.media import files

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

PIXELS = 64_000_000  # of one picture; what has more is not decoded
FORMATS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".png", "BMP": ".png", "TIFF": ".png", "WEBP": ".png"}
GREY, COLOUR = "L", "RGB"


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
    """

    problem: str | None
    width: int = 0
    height: int = 0
    brightness: float = 0.0
    contrast: float = 0.0
    sharpness: float = 0.0
    print: int = 0


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

    return np.asarray(_plain(_open(data)))


def plain(data: bytes) -> tuple[bytes, str]:
    """Give a picture without metadata, as it is shown, and the suffix of its format.

    What is plain already stays as it is, byte for byte; of a JPEG whose metadata do not turn it only these are cut
    out; all else becomes a PNG.

    Raises
    ------
    ValueError
        As `decode`.
    """
    picture = _open(data)
    shown = _plain(picture)
    turned = picture.getexif().get(0x0112, 1) != 1
    if shown.mode == picture.mode and not turned:
        if picture.format == "JPEG":
            return _without_segments(data), ".jpg"
        if picture.format == "PNG" and not picture.info:
            return data, ".png"
    return _png(shown), ".png"


def encode(pixels: np.ndarray) -> bytes:
    """Write a picture, of shape (height, width) or (height, width, 3) and type uint8, as PNG."""
    from PIL import Image

    return _png(Image.fromarray(pixels))


@lru_cache(maxsize=100_000)  # several operators look at the same picture
def look(reference: str) -> Look:
    """Look at the picture that a table names; what is wrong with it is said and not raised."""
    import numpy as np
    from PIL.Image import Resampling

    try:
        picture = _plain(_open(files.read(reference)))
    except ValueError as error:
        return Look(str(error))
    width, height = picture.size
    grey = picture.convert(GREY)
    reduced = grey.copy()
    reduced.thumbnail((256, 256), resample=Resampling.BILINEAR)
    values = np.asarray(reduced, dtype=np.float64)
    return Look(
        problem=None,
        width=width,
        height=height,
        brightness=round(float(values.mean()), 3),
        contrast=round(float(values.std()), 3),
        sharpness=round(_sharpness(values), 3),
        print=_print(grey),
    )


def _open(data: bytes) -> Image:
    """Decode fully, once the head has said that it is a picture of bearable size."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise ValueError("has no bytes")
    try:
        picture = Image.open(BytesIO(data), formats=list(FORMATS))
        width, height = picture.size
        if width * height > PIXELS:
            raise ValueError(f"has {width:,} × {height:,} pixels, more than {PIXELS:,}")
        frames = getattr(picture, "n_frames", 1)
        if frames > 1:
            raise ValueError(f"is animated or has several pages ({frames})")
        picture.load()
    except UnidentifiedImageError:
        raise ValueError(f"is none of {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError:
        raise ValueError(f"has more than {PIXELS:,} pixels") from None
    except (OSError, SyntaxError, struct.error, EOFError, IndexError, TypeError) as error:  # as Pillow raises
        raise ValueError(f"cannot be decoded ({error})") from error
    return picture


def _plain(picture: Image) -> Image:
    """Turn a picture upright and into 8 bits of grey or RGB."""
    from PIL import Image, ImageOps

    upright: Any = ImageOps.exif_transpose(picture)
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


def _sharpness(values: np.ndarray) -> float:
    if min(values.shape) < 3:
        return 0.0
    centre = values[1:-1, 1:-1]
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return float((around - 4 * centre).var())


def _print(grey: Image) -> int:
    """Perceptual hash: the signs of the 64 lowest frequencies of the picture at 32 × 32, against their median.

    References
    ----------
    C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, thesis, FH Hagenberg (2010).
    """
    import numpy as np
    from PIL.Image import Resampling
    from scipy.fft import dctn

    values = np.asarray(grey.resize((32, 32), resample=Resampling.BILINEAR), dtype=np.float64)
    low = dctn(values, norm="ortho")[:8, :8].round(3).ravel()
    bits = low > np.median(low)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")

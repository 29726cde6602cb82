"""Pictures, decoded by one library, checked before they cost memory."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

from stages.media import files

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

PIXELS = 64_000_000  # of one picture; what has more is not decoded
FORMATS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".png", "BMP": ".png", "TIFF": ".png", "WEBP": ".png"}
GREY, COLOUR = "L", "RGB"
ORIENTATION = 0x0112  # the EXIF tag


def opened(data: bytes) -> tuple[Image, Image, bool]:
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

    return np.asarray(opened(data)[1])


def lasting(picture: Image, shown: Image, turned: bool) -> str | None:
    """Give the suffix of what `opened` opened, if it can be kept without metadata and without being written anew."""
    if turned or shown.mode != picture.mode:
        return None
    if picture.format == "JPEG" or (picture.format == "PNG" and not picture.info):
        return FORMATS[picture.format]
    return None


def plain(data: bytes, suffix: str | None) -> tuple[bytes, str]:
    """Give a picture without metadata, as it is shown, and the suffix of its format.

    Parameters
    ----------
    suffix
        What `lasting` said. A PNG then stays as it is, byte for byte, and what describes a JPEG is cut out; all else
        becomes a PNG.

    Raises
    ------
    ValueError
        As `decode`, if it has to be decoded.
    """
    if suffix is None:
        return _png(opened(data)[1]), ".png"
    return _without_segments(data) if suffix == ".jpg" else data, suffix


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

    picture = opened(data)[1].convert(GREY)
    return np.asarray(picture.resize((side, side), resample=Resampling.BILINEAR))


def thumbnail(reference: str, side: int) -> bytes:
    """Make the picture that a table names small, `side` pixels at most, as JPEG.

    Raises
    ------
    ValueError
        As `decode`, or the file cannot be read.
    """
    from PIL.Image import Resampling

    picture = opened(files.read(reference))[1]
    small = picture.copy()
    small.thumbnail((side, side), resample=Resampling.BILINEAR)
    small.info = {}
    written = BytesIO()
    small.save(written, "JPEG", quality=80)
    return written.getvalue()


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

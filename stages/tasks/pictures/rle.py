"""Label Studio's run-length encoding of masks, https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack.

The pixels are those of a picture with four channels. After a header come runs: one bit whether a value is repeated, two
bits which of four widths the run's length has, the length less one, and the value, or as many values.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WIDTHS = (3, 4, 8, 16)  # bits of a run's length
WORD = 8  # bits of a value
LONGEST = [1 << width for width in WIDTHS]
CHANNELS = 4  # the last is opacity
OPAQUE = 127  # what is above is marked
PIXELS = 1 << 26  # of one mask; an encoding that claims more is not unpacked


def decode(rle: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Give the pixels that are marked, those at least half opaque: booleans of shape (height, width); read only.

    Parameters
    ----------
    rle
        Bytes.
    size
        Width and height of the picture in pixels.

    Raises
    ------
    ValueError
        It is not such an encoding, or not one of a picture of this size.
    """
    width, height = size
    if width * height > PIXELS:
        raise ValueError(f"a mask has {width} × {height} pixels, more than {PIXELS:,}")
    try:
        return _decoded(bytes(rle), width, height)
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(f"the encoding is not one of a mask of {width} × {height} pixels ({error})") from error


@lru_cache(maxsize=16)  # those of a record, of which each is compared with the others, label by label
def _decoded(encoded: bytes, width: int, height: int) -> np.ndarray:
    import numpy as np

    marked, lengths = _unpack(encoded, width * height * CHANNELS)
    ends = np.cumsum([0, *lengths]) // CHANNELS  # in pixels: of four values the last is opacity
    pixels = np.repeat(np.array(marked, dtype=bool), np.diff(ends)).reshape(height, width)
    pixels.setflags(write=False)
    return pixels


def _unpack(encoded: bytes, count: int) -> tuple[list[bool], list[int]]:
    """Give the runs of values: whether they are above a half, and how many they are."""
    bits = f"{int.from_bytes(encoded, 'big'):0{8 * len(encoded)}b}"
    if int(bits[:32], 2) != count:
        raise ValueError(f"it has {int(bits[:32], 2):,} values in place of {count:,}")
    word = int(bits[32:37], 2) + 1
    widths = [int(bits[start : start + 4], 2) + 1 for start in range(37, 53, 4)]
    marked: list[bool] = []
    lengths: list[int] = []
    at, done = 53, 0
    while done < count:
        repeated, width = bits[at] == "1", widths[int(bits[at + 1 : at + 3], 2)]
        at += 3 + width
        length = int(bits[at - width : at], 2) + 1
        done += length
        end = at + word * (1 if repeated else length)
        marked += [int(bits[each : each + word], 2) > OPAQUE for each in range(at, end, word)]
        lengths += [length] if repeated else [1] * length
        at = end
    if done > count:
        raise ValueError(f"its runs have {done:,} values in place of {count:,}")
    return marked, lengths


def encode(mask: np.ndarray) -> list[int]:
    """Encode the marked pixels, booleans of shape (height, width), as Label Studio does: opaque white, or nothing."""
    import numpy as np

    flat = np.ascontiguousarray(mask, dtype=bool).ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    lengths = np.diff(np.append(starts, flat.size)) * CHANNELS
    parts = [f"{flat.size * CHANNELS:032b}", f"{WORD - 1:05b}", *(f"{width - 1:04b}" for width in WIDTHS)]
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        value = f"{255 if flat[start] else 0:08b}"
        while length:
            run = min(length, 1 << WIDTHS[-1])
            kind = bisect_left(LONGEST, run)
            parts.append(f"1{kind:02b}{run - 1:0{WIDTHS[kind]}b}{value}")
            length -= run
    bits = "".join(parts)
    return list(int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big"))

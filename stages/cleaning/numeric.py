"""Numbers in text columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NUMBER = r"^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"


def numbers(values: pa.Array) -> np.ndarray:
    """Read decimal numbers, with a point and no other sign between digits; NaN for what is no finite number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:  # most columns need no second look, which takes five times as long
        numeric = pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        written = pc.if_else(pc.match_substring_regex(values, NUMBER), values, pa.scalar(None, values.type))
        numeric = pc.cast(pc.ascii_ltrim(pc.ascii_trim_whitespace(written), "+"), pa.float64())
    read = numeric.to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(read), read, np.nan)


def as_text(number: float) -> str:
    """Write a number so that `numbers` reads the same; a whole one without a fraction."""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(float(number))

"""Numbers in text columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NUMBER = r"^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"
HEAD = 100  # values that tell a column of words


def numbers(values: pa.Array) -> np.ndarray:
    """Read decimal numbers, with a point and no other sign between digits; NaN for what is no finite number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:  # most columns need no second look
        pc.cast(values[:HEAD], pa.float64())  # Arrow goes on after the first failure, and each costs it a message
        numeric = pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        encoded = values.dictionary_encode()
        plain = pc.ascii_ltrim(pc.ascii_trim_whitespace(encoded.dictionary), "+")
        written = pc.if_else(pc.match_substring_regex(encoded.dictionary, NUMBER), plain, pa.scalar(None, plain.type))
        numeric = pc.cast(written, pa.float64()).take(encoded.indices)
    read = numeric.to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(read), read, np.nan)


def as_text(number: float) -> str:
    """Write a number so that `numbers` reads the same; a whole one without a fraction."""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(float(number))

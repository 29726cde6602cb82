"""What a model of vision sees of a record."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from stages import media
from stages.annotators.files import unusable
from stages.media import pictures as codec

if TYPE_CHECKING:
    import numpy as np


def content(path: str) -> bytes:
    """Read a picture's file; a record without one counts as black.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        return media.read(path) if path else _black()
    except ValueError as error:
        raise unusable("picture", path, error) from error


def decoded(path: str) -> np.ndarray:
    """Decode a picture as `codec.decode` does: shape (height, width) or (height, width, 3), as uint8.

    Raises
    ------
    InputError
        The file is no picture.
    """
    try:
        return codec.decode(content(path))
    except ValueError as error:
        raise unusable("picture", path, error) from error


def coloured(picture: np.ndarray) -> np.ndarray:
    """Give a picture as RGB, shape (height, width, 3), as models of vision want it."""
    import numpy as np

    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


@cache
def _black() -> bytes:
    import numpy as np

    return codec.encode(np.zeros((32, 32), dtype=np.uint8))

"""What a model of sound hears of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages import media
from stages.annotators.files import unusable
from stages.media import sounds

if TYPE_CHECKING:
    import numpy as np


def content(path: str) -> bytes:
    """Read a sound's file.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        return media.read(path)
    except ValueError as error:
        raise unusable("sound", path, error) from error


def heard(path: str, rate: int) -> np.ndarray:
    """Read a sound with so many samples per second: shape (samples,), from -1 to 1.

    Raises
    ------
    InputError
        The file is no cleaned sound.
    """
    try:
        return sounds.read(path, rate)[0]
    except ValueError as error:
        raise unusable("sound", path, error) from error

"""Sounds, decoded by one library, checked before they cost memory, and kept as plain WAV: mono, 16 bits."""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from math import gcd
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.media import files
from stages.media.seen import SEEN

if TYPE_CHECKING:
    import numpy as np

SUFFIX = ".wav"  # of a sound as `plain` gives it
SAMPLES = 64_000_000  # of one sound, in all channels; what has more is not decoded
CHANNELS = 32
RATES = (1_000, 384_000)  # hertz
FULL = 32_768  # the amplitude that 16 bits can hold
QUIETEST = -120.0  # decibels; below all that 16 bits can hold

_CUT = re.compile(r"(\d+) \(should be (\d+)\)")  # libsndfile's log, where a header tells another length


@dataclass(frozen=True)
class Sound:
    """What can be said of a sound at once.

    Parameters
    ----------
    problem
        Why it cannot be used, to follow the field's name ("is truncated"); None where it can, and all else is only
        given then.
    seconds
        Its length.
    rate
        Samples per second, as it was recorded.
    loudness
        The root mean square of the samples, in decibels below full scale: 0 is the loudest; at least -120.
    clipped
        The share of samples at full scale, from 0 to 1.
    samples
        SHA-256 of rate and samples, mixed to one channel of 16 bits; the same for two files that sound the same.
    """

    problem: str | None
    seconds: float = 0.0
    rate: int = 0
    loudness: float = 0.0
    clipped: float = 0.0
    samples: bytes = b""


def listen(reference: str) -> Sound:
    """Listen to the sound that a table names, once; what is wrong with it is said and not raised."""
    if reference not in SEEN:
        SEEN[reference] = _listened(reference)
    heard: Sound = SEEN[reference]
    return heard


def _listened(reference: str) -> Sound:
    import numpy as np

    try:
        heard, rate = decode(files.read(reference))
    except ValueError as error:
        return Sound(str(error))
    mean_square = float(np.mean(heard.astype(np.float64) ** 2))
    mono = _sixteen_bits(heard.mean(axis=1, dtype=np.float64))
    return Sound(
        problem=None,
        seconds=round(len(heard) / rate, 3),
        rate=rate,
        loudness=round(10 * np.log10(max(mean_square, 10 ** (QUIETEST / 10))), 2),
        clipped=round(float(np.mean(np.abs(heard) >= (FULL - 1) / FULL)), 6),
        samples=sha256(f"{rate}|".encode() + mono.tobytes()).digest(),
    )


def problem(reference: str) -> str | None:
    """Say why the sound that a table names cannot be used, to follow the field's name; None where it can."""
    return listen(reference).problem


def print_of(reference: str) -> str:
    """Give what is the same for the same samples, whatever the file, as hexadecimal digits."""
    return listen(reference).samples.hex()


def decode(data: bytes) -> tuple[np.ndarray, int]:
    """Decode a sound fully: WAV, FLAC, OGG, MP3 and what else libsndfile reads.

    Of an MP3 that does not tell its length nobody can say whether its end is missing.

    Returns
    -------
    Shape (samples, channels), as float32 from -1 to 1; and the samples per second.

    Raises
    ------
    ValueError
        It is no sound, not whole, or too large; says why, to follow the field's name.
    """
    import numpy as np

    if not data:
        raise ValueError("has no bytes")
    library = _library()
    try:
        with library.SoundFile(BytesIO(data)) as sound:
            _check(sound, data)
            heard, told, rate = sound.read(dtype="float32", always_2d=True), sound.frames, sound.samplerate
    except library.LibsndfileError as error:
        said = error.error_string.removeprefix("Error : ").rstrip(".")
        raise ValueError(
            "is no sound that is known here" if error.code == 1 else f"cannot be decoded ({said})"
        ) from error
    if len(heard) < told:
        raise ValueError(f"is truncated: it tells of {told:,} samples, and {len(heard):,} are there")
    if not len(heard):
        raise ValueError("holds no sample")
    if not np.isfinite(heard).all():
        raise ValueError("holds samples that are no finite numbers")
    return heard, rate


def plain(reference: str, rate: int) -> tuple[bytes, str]:
    """Give the sound that a table names as WAV of one channel, 16 bits and a sample rate, without metadata, and `.wav`.

    What is so already keeps its samples. Channels are mixed evenly; another rate is brought about by a polyphase filter
    (`scipy.signal.resample_poly`).

    Raises
    ------
    ValueError
        As `decode`.
    """
    heard, own = decode(files.read(reference))
    return encode(_resampled(heard.mean(axis=1, dtype="float64"), own, rate), rate), SUFFIX


def read(reference: str, rate: int | None = None) -> tuple[np.ndarray, int]:
    """Read a cleaned sound, which the standard library can.

    Parameters
    ----------
    reference
        As a table of clean records names it.
    rate
        The samples per second to give; None for those that it has.

    Returns
    -------
    Shape (samples,), as float64 from -1 to 1; and the samples per second.

    Raises
    ------
    ValueError
        It is not a sound as `plain` gives it.
    """
    import numpy as np

    try:
        with wave.open(BytesIO(files.read(reference))) as sound:
            if (sound.getnchannels(), sound.getsampwidth()) != (1, 2):
                raise ValueError("has not one channel of 16 bits")
            own, frames = sound.getframerate(), sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"is no WAV ({error})") from error
    return _resampled(np.frombuffer(frames, dtype="<i2") / FULL, own, rate or own), rate or own


def seconds(reference: str) -> float:
    """Give the length of a cleaned sound."""
    heard, rate = read(reference)
    return len(heard) / rate


def encode(samples: np.ndarray, rate: int) -> bytes:
    """Write a sound, of shape (samples,) and from -1 to 1, as `plain` gives it."""
    written = BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(_sixteen_bits(samples).tobytes())
    return written.getvalue()


def _check(sound: Any, data: bytes) -> None:
    """Raise ValueError for what a header tells that cannot be, before memory is taken for it."""
    low, high = RATES
    if not low <= sound.samplerate <= high:
        raise ValueError(f"has {sound.samplerate:,} samples per second; {low:,} to {high:,} are allowed")
    if sound.channels > CHANNELS:
        raise ValueError(f"has {sound.channels:,} channels, more than {CHANNELS}")
    if sound.frames * sound.channels > SAMPLES:
        raise ValueError(f"has {sound.frames * sound.channels:,} samples, more than {SAMPLES:,}")
    for told, found in _CUT.findall(sound.extra_info):
        if int(told) > int(found):
            raise ValueError(f"is truncated: it tells of {int(told):,} bytes, and {int(found):,} are there")
    if sound.format == "OGG" and not _ends_with_its_last_page(data):
        raise ValueError("is truncated: its last page is missing")


def _ends_with_its_last_page(ogg: bytes) -> bool:
    """Look at the flag of the last page of an OGG file, and at its length (RFC 3533)."""
    page = ogg[ogg.rfind(b"OggS") :]
    segments = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) > 26 and bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(segments)


def _sixteen_bits(samples: np.ndarray) -> np.ndarray:
    return (samples * FULL).round().clip(-FULL, FULL - 1).astype("<i2")


def _resampled(samples: np.ndarray, own: int, rate: int) -> np.ndarray:
    if own == rate:
        return samples
    from scipy.signal import resample_poly

    common = gcd(own, rate)
    return resample_poly(samples, rate // common, own // common)


def _library() -> Any:
    try:
        return import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: without the C library
        raise InputError("audio: soundfile is not installed; run pip install '.[audio]'") from error

"""Mel spectra into logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from stages.annotators.described import Described
from stages.annotators.sounds.reading import heard

if TYPE_CHECKING:
    import numpy as np

RATE, WINDOW, STEP = 16_000, 512, 256  # hertz, samples, samples
BANDS, PARTS = 40, 3  # of the mel scale; of a sound's length
FLOOR, RANGE = 1e-8, 20.0  # of a band's energy; decibels that count as one


@dataclass(frozen=True)
class SoundLinear(Described):
    """Log-mel spectra, their mean, deviation and course, and logistic regression per label set.

    Good for what sounds alike throughout, such as a machine, an instrument, a voice or a bird; seconds for thousands of
    sounds, no download.

    References
    ----------
    S. S. Stevens, J. Volkmann and E. B. Newman, A Scale for the Measurement of the Psychological Magnitude Pitch, JASA
    (1937), in the form of D. O'Shaughnessy, Speech Communication (1987).
    """

    name: ClassVar[str] = "sound_linear"

    def places(self) -> list[str]:
        return places()

    def describe(self, path: str) -> np.ndarray:
        return described(heard(path, RATE))


def places() -> list[str]:
    """What each feature is."""
    kinds = ["mean", "deviation", *(f"part {part}" for part in range(1, PARTS + 1))]
    return [f"{kind} {band}" for kind in kinds for band in range(BANDS)]


def described(samples: np.ndarray) -> np.ndarray:
    """Give the features of a sound of 16,000 samples per second, as `places` says."""
    import numpy as np

    bands = log_mel(samples)
    parts = [part.mean(axis=0) for part in np.array_split(bands, PARTS)]
    return np.concatenate([bands.mean(axis=0), bands.std(axis=0), *parts]).astype(np.float32)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Give the energy in each band of the mel scale over time, shape (frames, bands), a step of 1 being 20 decibels."""
    import numpy as np

    length = max(len(samples), WINDOW + (PARTS - 1) * STEP)  # a frame for each part at least
    padded = np.pad(samples, (0, length - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP] * np.hanning(WINDOW)
    energy = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _bands().T
    return 10 * np.log10(np.maximum(energy / WINDOW, FLOOR)) / RANGE


@cache
def _bands() -> np.ndarray:
    """Triangles that overlap by half, evenly on the mel scale, shape (bands, frequencies)."""
    import numpy as np

    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)[None, :]
    low, middle, high = (edges[start : start + BANDS, None] for start in range(3))
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(np.minimum(rising, falling), 0)

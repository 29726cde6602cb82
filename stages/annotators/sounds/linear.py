"""Mel spectra into logistic regression."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.annotators import logistic
from stages.annotators.logistic import Logistic
from stages.annotators.sounds.reading import heard
from stages.annotators.texts import column
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RATE, WINDOW, STEP = 16_000, 512, 256  # hertz, samples, samples
BANDS, PARTS = 40, 3  # of the mel scale; of a sound's length
FLOOR, RANGE = 1e-8, 20.0  # of a band's energy; decibels that count as one
BATCH = 1_000  # records per prediction; fixed, since the batch size changes the last bits of a product


@dataclass(frozen=True)
class SoundLinear:
    """Log-mel spectra, their mean, deviation and course, and logistic regression per label set.

    Good for what sounds alike throughout, such as a machine, an instrument, a voice or a bird; seconds for thousands of
    sounds, no download. A record without a sound has features of zero.

    Parameters
    ----------
    field
        The field with the sound.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    curve
        Shares of the labels on which it is fitted again, for the forecast of how many more are needed; none: ().

    References
    ----------
    S. S. Stevens, J. Volkmann and E. B. Newman, A Scale for the Measurement of the Psychological Magnitude Pitch, JASA
    (1937), in the form of D. O'Shaughnessy, Speech Communication (1987).
    """

    field: str
    c: float = 1.0
    curve: tuple[float, ...] = dataclasses.field(default=(0.25, 0.5), repr=False)  # it is no part of the model
    _known: dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return "sound_linear"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> SoundLinearModel:
        return SoundLinearModel(self, logistic.fit(self.features(records), values, task, self.c))

    def load(self, folder: Path, task: Task) -> SoundLinearModel:
        return SoundLinearModel(self, logistic.load(folder, task)[0])

    def features(self, records: pd.DataFrame) -> np.ndarray:
        """Describe each record's sound, shape (records, features); each is read once, not once per fold."""
        import numpy as np

        files = column(records, self.field)
        for path in files:
            if path not in self._known:
                self._known[path] = described(heard(path, RATE)) if path else np.zeros(len(places()), np.float32)
        return np.array([self._known[path] for path in files], dtype=np.float64).reshape(-1, len(places()))


@dataclass(frozen=True)
class SoundLinearModel:
    settings: SoundLinear
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        found = [np.zeros((0, len(self.regression.task.labels)))]
        for start in range(0, len(records), BATCH):
            features = self.settings.features(records.iloc[start : start + BATCH])
            found.append(self.regression.probabilities(features))
        return np.vstack(found)

    def save(self, folder: Path) -> None:
        import pandas as pd

        self.regression.save(folder, pd.DataFrame({"feature": places()}), {"feature": "text"})


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

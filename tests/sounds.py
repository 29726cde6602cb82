"""Digits as sounds, each a pair of tones as telephones dial it (ITU-T Q.23), made on the spot."""

from __future__ import annotations

import numpy as np

from stages.media import sounds

RATE = 16_000
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477)
PLACES = (10, 0, 1, 2, 3, 4, 5, 6, 7, 8)  # of the digits on the keys, row by row


def dialled(digits: str, seed: int = 0, rate: int = RATE, pause: float = 0.05) -> np.ndarray:
    """The tones of digits, a fifth of a second each with a pause after it, and some noise; shape (samples,)."""
    draw = np.random.default_rng(seed)
    times = np.arange(int(0.15 * rate)) / rate
    parts = []
    for digit in map(int, digits):
        low, high = LOW[PLACES[digit] // 3], HIGH[PLACES[digit] % 3]
        tones = sum(np.sin(2 * np.pi * (each * times + draw.random())) for each in (low, high))
        parts += [0.2 * tones, np.zeros(int(pause * rate))]
    samples = np.concatenate(parts)
    return samples * draw.uniform(0.3, 1) + 0.005 * draw.normal(size=len(samples))


def wav(digits: str, seed: int = 0) -> bytes:
    return sounds.encode(dialled(digits, seed), RATE)

"""Readings on an even grid of time: filled, laid out in windows, and summed up in features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FEATURES = ("mean", "min", "max", "std", "slope", "filled", "missing")


class Grid(NamedTuple):
    """Cells that have a value, in order; their values; whether each was filled."""

    cells: np.ndarray
    values: np.ndarray
    filled: np.ndarray


def grid(series: pd.Series[float], every: int, combine: str, by: str | None, gap: int) -> Grid:
    """Put a sensor's values on a grid, and fill its short gaps.

    Parameters
    ----------
    series
        Values by time in microseconds.
    every
        The length of a cell, in microseconds.
    combine
        Pandas' name of what makes one value of several in a cell.
    by, gap
        `previous`, `linear` or None; the longest gap to be filled, in cells.
    """
    import numpy as np

    combined = getattr(series.groupby(series.index.to_numpy() // every), combine)()
    cells, values = combined.index.to_numpy(), combined.to_numpy()
    if by is None or len(cells) < 2:
        return Grid(cells, values, np.zeros(len(cells), dtype=bool))
    holes = np.diff(cells) - 1
    short = (holes > 0) & (holes <= gap)
    counts = holes[short]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    new = np.repeat(cells[:-1][short] + 1, counts) + within
    made = np.repeat(values[:-1][short], counts) if by == "previous" else np.interp(new, cells, values)
    order = np.argsort(np.r_[cells, new], kind="stable")
    filled = np.r_[np.zeros(len(cells), dtype=bool), np.ones(len(new), dtype=bool)]
    return Grid(np.r_[cells, new][order], np.r_[values, made][order], filled[order])


def laid_out(of: Grid, starts: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the values of windows, of shape (windows, cells), NaN where there is none, and how many each has filled."""
    import numpy as np

    wanted = starts[:, None] + np.arange(length)
    if not len(of.cells):
        return np.full(wanted.shape, np.nan), np.zeros(len(starts), dtype=int)
    places = np.searchsorted(of.cells, wanted).clip(max=len(of.cells) - 1)
    there = of.cells[places] == wanted
    return np.where(there, of.values[places], np.nan), (there & of.filled[places]).sum(axis=1)


def features(values: np.ndarray, filled: np.ndarray, hours: float) -> dict[str, list[str | None]]:
    """Give the features of windows as text, null where too few cells have a value.

    Parameters
    ----------
    values, filled
        As `laid_out` gives them.
    hours
        The length of a cell.
    """
    import numpy as np

    there = ~np.isnan(values)
    count = there.sum(axis=1)
    known = np.where(there, values, 0.0)
    times = np.arange(values.shape[1]) * hours
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = known.sum(axis=1) / count
        rest = np.where(there, values - mean[:, None], 0.0)
        std = np.sqrt((rest**2).sum(axis=1) / (count - 1))
        moved = np.where(there, times - ((there * times).sum(axis=1) / count)[:, None], 0.0)
        slope = (moved * rest).sum(axis=1) / (moved**2).sum(axis=1)
    std[count < 2] = slope[count < 2] = np.nan
    low = np.where(count, np.where(there, values, np.inf).min(axis=1), np.nan)
    high = np.where(count, np.where(there, values, -np.inf).max(axis=1), np.nan)
    scale, ones, cells = np.abs(known).max(axis=1), np.ones(len(values)), values.shape[1]
    of = (
        *((mean, scale), (low, scale), (high, scale), (std, scale), (slope, scale / (cells * hours))),
        *((filled / cells, ones), (1 - count / cells, ones)),
    )
    return {name: _texts(*each) for name, each in zip(FEATURES, of, strict=True)}


def rounded(values: np.ndarray) -> list[float | None]:
    """Give the values of a window with nine digits, null where there is none."""
    import numpy as np

    scale = float(np.nanmax(np.abs(values), initial=0.0))
    return [None if math.isnan(value) else _round(value, scale) for value in values.tolist()]


def _texts(values: np.ndarray, scale: np.ndarray) -> list[str | None]:
    pairs = zip(values.tolist(), scale.tolist(), strict=True)
    return [None if math.isnan(value) else repr(_round(value, size)) for value, size in pairs]


def _round(value: float, scale: float) -> float:
    """Keep nine digits of the largest number around, so that the last bits of a sum never reach a record."""
    return round(value, 8 - math.floor(math.log10(scale))) + 0.0 if scale > 0 else 0.0

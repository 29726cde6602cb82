"""Readings of sensors: when, of what, and how much; in order, once each, and marked where they look wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from stages import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

UNITS = {"ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}  # in microseconds
NUMBER = r"^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"
FORBID: dict[str, str] = {"extra": "forbid"}

_EPOCH = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_LARGEST = 2.5e17  # microseconds: some 8,000 years
_OWN_ZONE = r":\d\d(?:[.,]\d+)?\s*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"


@dataclass(frozen=True)
class Clock:
    """How times are written.

    Parameters
    ----------
    format
        `iso` (ISO 8601); `s`, `ms`, `us` or `ns` since 1970; or a pattern such as `%d.%m.%Y %H:%M:%S`.
    zone
        The time zone of those that do not say their own, such as `Europe/Berlin` or `UTC`; null where all do.
    twice
        What a time means that the clock showed twice, at the end of summer time.
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    format: str = "iso"
    zone: str | None = None
    twice: Literal["refuse", "earlier", "later"] = "refuse"

    def __post_init__(self) -> None:
        from zoneinfo import ZoneInfo

        if self.format not in ("iso", *_EPOCH) and "%" not in self.format:
            raise InputError(f"clock.format: iso, {', '.join(_EPOCH)} or a pattern with %, found {self.format!r}")
        try:
            ZoneInfo(self.zone or "UTC")
        except (ValueError, OSError, LookupError):
            raise InputError(
                f"clock.zone: {self.zone!r} is no time zone; such as UTC, Europe/Berlin, or Etc/GMT-1 for one hour "
                "ahead of UTC all year"
            ) from None

    def instants(self, times: pd.Series[str]) -> pd.Series[pd.Timestamp]:
        """Give moments in UTC; missing where a text is no time, or one that the clock never showed, or showed twice."""
        import pandas as pd

        if scale := _EPOCH.get(self.format):
            since = (numbers(times) * scale).round()
            sound = since.abs() < _LARGEST
            return since.where(sound, 0.0).astype("int64").astype("datetime64[us]").where(sound)
        pattern = "ISO8601" if self.format == "iso" else self.format
        own = times.str.contains(_OWN_ZONE, na=False) if self.format == "iso" else times.notna() & ("%z" in self.format)
        told: Any = pd.to_datetime(times.where(own), format=pattern, errors="coerce", utc=True)
        if self.zone:
            plain = pd.to_datetime(times.mask(own), format=pattern, errors="coerce")
            ambiguous: Any = "NaT" if self.twice == "refuse" else [self.twice == "earlier"] * len(plain)
            told = told.fillna(plain.dt.tz_localize(self.zone, ambiguous=ambiguous, nonexistent="NaT"))
        return told.dt.tz_convert(None).astype("datetime64[us]")


@dataclass(frozen=True)
class Unit:
    """A unit of the unit table: the declared one is the number times `factor`, plus `offset`."""

    __pydantic_config__: ClassVar[Any] = FORBID
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Spikes:
    """Marks a reading that is far from its neighbours: the Hampel identifier.

    Parameters
    ----------
    readings
        How many readings are looked at, the one in their middle included; odd.
    deviations
        How far from their median, in 1.4826 times their median absolute deviation.
    least
        And how far at least, in the unit of the values: a quiet sensor's last digit is no spike.

    References
    ----------
    R. K. Pearson, Outliers in process modeling and identification, IEEE Transactions on Control Systems Technology
    10(1), 2002.
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    readings: int = 7
    deviations: float = 5.0
    least: float = 0.0

    def __post_init__(self) -> None:
        if self.readings < 3 or self.readings % 2 == 0 or self.deviations <= 0 or self.least < 0:
            raise InputError(
                f"spikes: an odd number of readings from 3, deviations above 0, least from 0, found {self}"
            )

    def mark(self, values: np.ndarray) -> np.ndarray:
        """Mark the spikes among values in the order of time, none of them missing."""
        import numpy as np

        found = np.zeros(len(values), dtype=bool)
        if len(values) < self.readings:
            return found
        windows = np.lib.stride_tricks.sliding_window_view(values, self.readings)
        first = np.clip(np.arange(len(values)) - self.readings // 2, 0, len(windows) - 1)
        for start in range(0, len(values), 100_000):
            near = windows[first[start : start + 100_000]]
            middle = np.median(near, axis=1)
            spread = np.median(np.abs(near - middle[:, None]), axis=1)
            far = np.abs(values[start : start + 100_000] - middle)
            found[start : start + 100_000] = (far > 1.4826 * self.deviations * spread) & (far > self.least)
        return found


def stuck(values: np.ndarray, times: np.ndarray, longest: int) -> np.ndarray:
    """Mark readings that stayed the same, three or more in a row, for `longest` or longer.

    Parameters
    ----------
    values, times
        In the order of time, none of them missing; times in microseconds.
    longest
        In microseconds.
    """
    import numpy as np

    if not len(values):
        return np.zeros(0, dtype=bool)
    first = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    count = np.diff(np.r_[first, len(values)])
    lasted = times[first + count - 1] - times[first]
    return np.repeat((lasted >= longest) & (count >= 3), count)


def duration(key: str, text: str) -> int:
    """Read a length of time, such as `10s`, in microseconds."""
    found = re.fullmatch(r"([1-9]\d{0,8})\s*(ms|s|min|h|d)", text, re.ASCII)
    if not found:
        raise InputError(f"{key}: a length of time such as 500ms, 10s, 5min, 1h or 1d is expected, found {text!r}")
    return int(found[1]) * UNITS[found[2]]


def numbers(texts: pd.Series[str]) -> pd.Series[float]:
    """Read decimal numbers; NaN for what is no finite number."""
    import numpy as np
    import pandas as pd

    read = pd.to_numeric(texts.where(texts.str.match(NUMBER, na=False)), errors="coerce").astype(float)
    return read.where(np.isfinite(read))


def read(
    table: pa.Table,
    time: str,
    values: Sequence[str],
    clock: Clock,
    sensor: str | None,
    unit: str | None,
    units: dict[str, Unit],
) -> pd.DataFrame:
    """Read the columns `sensor`, `time` (microseconds), one for each value (NaN where it is no number), and `late`.

    `late` marks a reading whose time is before that of an earlier one of its sensor; `again` one at the same time.

    Raises
    ------
    ReadingError
        A time, sensor or unit cannot be read; names its row.
    """
    import pandas as pd

    text = table.to_pandas(types_mapper=lambda _: pd.StringDtype("pyarrow", na_value=float("nan")))
    times = clock.instants(text[time])
    _check(times.notna(), text[time], f"{time!r} is no time as the clock has them, {_said(clock)}")
    names = text[sensor] if sensor else pd.Series("", index=text.index)
    _check(names.notna(), names, f"{sensor!r} does not say the sensor")
    frame = pd.DataFrame({"sensor": names, "time": times.astype("datetime64[us]").astype("int64")})
    for value in values:
        frame[value] = numbers(text[value])
    if unit:
        _check(text[unit].isin(list(units)), text[unit], f"{unit!r} is no unit of the table ({', '.join(units)})")
        for name, each in units.items():
            rows = text[unit] == name
            frame.loc[rows, list(values)] = frame.loc[rows, list(values)] * each.factor + each.offset
    by_sensor = frame.groupby("sensor")["time"]
    frame["late"] = frame["time"] < by_sensor.cummax()
    frame["again"] = frame.duplicated(["sensor", "time"])
    return frame


class ReadingError(Exception):
    """What is wrong with a row of readings."""

    def __init__(self, row: int, said: str) -> None:
        super().__init__(said)
        self.row = row


def _check(good: pd.Series[bool], texts: pd.Series[str], said: str) -> None:
    if not good.all():
        row = int((~good.to_numpy(dtype=bool)).argmax())
        found = texts.iloc[row]
        raise ReadingError(row, f"{said}, found {f'{found!r:.60}' if isinstance(found, str) else 'nothing'}")


def _said(clock: Clock) -> str:
    if clock.format in _EPOCH:
        return f"{clock.format!r}, counted since 1970"
    if clock.zone is None:
        return f"{clock.format!r} with its own time zone, and clock.zone names none"
    return f"{clock.format!r} in {clock.zone}, or one that a change of the clock left out or showed twice (clock.twice)"

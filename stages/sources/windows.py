"""Windows of time over sensors' readings as records."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from stages import InputError
from stages.sources.base import BATCH, Rows, Source, require
from stages.sources.grids import FEATURES, Grid, features, grid, laid_out, rounded
from stages.sources.readings import FORBID, UNITS, Clock, ReadingError, Spikes, Unit, duration, read, stuck

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CELLS = 10_000  # of one window; people look at them, and each is a number in the record
OVERLAP = 1_000  # windows that one reading may fall into


@dataclass(frozen=True)
class Fill:
    """How cells of the grid without a reading are filled, where a reading is on either side.

    Parameters
    ----------
    by
        `previous` takes the reading before, `linear` the line between both.
    gap
        Only where no more time than this is without a reading; longer gaps stay as they are.
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    by: Literal["previous", "linear"]
    gap: str


@dataclass(frozen=True, kw_only=True)
class Windows:
    """One record for each sensor and window of time with a reading in it.

    Readings are brought into order, put on a grid in UTC, and filled. Windows begin at whole multiples of `step` since
    1970, so that no window moves when other readings come or go. The columns are

    - `id` (`sensor@start`), `sensor`, `start`, `end` (not included);
    - `readings`, and of them `late` (behind one with a later time) and `duplicates` (at a time that was there);
    - for each value, here `v`, over the grid: `v_mean`, `v_min`, `v_max`, `v_std` (of a sample), `v_slope` (of the
      least squares line, per hour), and the shares `v_filled` and `v_missing` (still, after filling) of its cells;
    - numbers of readings: `v_unreadable` (no finite number), `v_spikes`, `v_stuck` where these are looked for;
    - `series`, the grid as JSON: `{"time": [milliseconds since 1970], "v": [a number or null]}`, as the tag TimeSeries
      of Label Studio takes it.

    Parameters
    ----------
    readings
        The source of the readings.
    time, sensor, values
        Its columns; `sensor` null where all readings are one sensor's.
    clock
        As in `Clock`.
    unit, units
        The column with the unit, and the unit table; null where all readings are in one.
    every
        The grid: `500ms`, `10s`, `5min`, `1h`, `1d`.
    length, step
        Of the windows, in whole cells; they overlap where `step` is less. Null: as long as the window.
    duplicates
        What counts of several readings of a sensor at the same time.
    combine
        What a cell is where several readings fall into it.
    fill
        As in `Fill`; null leaves all gaps.
    spikes
        As in `Spikes`; null does not look.
    stuck
        How long a sensor may say the same; null does not look.
    """

    readings: Source
    time: str
    values: Sequence[str]
    every: str
    length: str
    step: str | None = None
    sensor: str | None = None
    clock: Clock = field(default_factory=Clock)
    unit: str | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)
    duplicates: Literal["first", "last", "mean"] = "first"
    combine: Literal["mean", "median", "min", "max", "sum", "first", "last"] = "mean"
    fill: Fill | None = None
    spikes: Spikes | None = None
    stuck: str | None = None

    def __post_init__(self) -> None:
        every = duration("every", self.every)
        for key in ("length", "step"):
            if (text := getattr(self, key)) is not None and duration(key, text) % every:
                raise InputError(f"{key}: {text} is no whole number of cells of {self.every}; correct it, or `every`")
        if self._cells("length") > CELLS:
            raise InputError(f"length: a window of {self.length} has more than {CELLS:,} cells of {self.every}")
        if not 1 <= self._cells("length") / self._cells("step") <= OVERLAP:
            raise InputError(f"step: from a {OVERLAP:,}th of the window's length to the whole, found {self.step}")
        if self.fill:
            duration("fill.gap", self.fill.gap)
        if self.stuck:
            duration("stuck", self.stuck)
        names = [self.time, *self.values, *filter(None, [self.sensor, self.unit])]
        if not self.values or len(set(names)) < len(names):
            raise InputError(f"values: one or more columns are expected, each named once, found {names}")
        if (self.unit is None) != (not self.units):
            raise InputError("unit, units: name the column and the table, or neither")

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Make the windows, and give the named columns of their records.

        Raises
        ------
        InputError
            The readings cannot be read, or a time, sensor or unit is none.
        """
        import pyarrow as pa

        require(columns, list(self._columns()), "windows")
        first = 1
        for sensor, readings in self._readings().groupby("sensor", sort=True):
            for records in self._windows(str(sensor), readings):
                cells = [pa.array(records[column], pa.large_string()) for column in columns]
                table = pa.table(cells, names=list(columns))
                yield Rows("windows", "", range(first, first + len(table)), table, "row")
                first += len(table)

    def _cells(self, key: str) -> int:
        return duration(key, getattr(self, key) or self.length) // duration("every", self.every)

    def _columns(self) -> list[str]:
        counted = ["unreadable", *(["spikes"] if self.spikes else []), *(["stuck"] if self.stuck else [])]
        of_values = [f"{value}_{each}" for value in self.values for each in (*FEATURES, *counted)]
        return ["id", "sensor", "start", "end", "readings", "late", "duplicates", *of_values, "series"]

    def _readings(self) -> pd.DataFrame:
        import pyarrow as pa

        wanted = [self.time, *self.values, *filter(None, [self.sensor, self.unit])]
        parts = list(self.readings.read(wanted))
        table = pa.concat_tables([part.table.select(wanted) for part in parts])
        try:
            return read(table, self.time, self.values, self.clock, self.sensor, self.unit, dict(self.units))
        except ReadingError as error:
            row = error.row
            for part in parts:
                if row < len(part.lines):
                    raise InputError(f"{part.file}, {part.unit} {part.lines[row]}: {error}") from None
                row -= len(part.lines)
            raise

    def _windows(self, sensor: str, readings: pd.DataFrame) -> Iterator[dict[str, list[str | None]]]:
        """Give the records of one sensor, some at a time."""
        import numpy as np

        every = duration("every", self.every)
        length, step = self._cells("length"), self._cells("step")
        grids, marks = self._measured(readings, every)
        there = np.unique(readings["time"].to_numpy() // every)
        starts = np.unique([there // step - before for before in range(math.ceil(length / step))]) * step
        starts = starts[np.searchsorted(there, starts) < np.searchsorted(there, starts + length)]
        for place in range(0, len(starts), rows := max(1, min(BATCH, 1_000_000 // length))):
            begin = starts[place : place + rows]
            records: dict[str, list[str | None]] = {
                "sensor": [sensor] * len(begin),
                "start": [_instant(each * every) for each in begin.tolist()],
                "end": [_instant((each + length) * every) for each in begin.tolist()],
            }
            records["id"] = [f"{sensor}@{start}" for start in records["start"]]
            for name, cells in marks.items():
                number = np.searchsorted(cells, begin + length) - np.searchsorted(cells, begin)
                records[name] = [str(count) for count in number.tolist()]
            series: dict[str, list[list[Any]]] = {
                "time": ((begin[:, None] + np.arange(length)) * every // 1000).tolist()
            }
            for value, each in grids.items():
                numbers, filled = laid_out(each, begin, length)
                for name, texts in features(numbers, filled, every / UNITS["h"]).items():
                    records[f"{value}_{name}"] = texts
                series[value] = [rounded(row) for row in numbers]
            records["series"] = [
                json.dumps({name: rows[row] for name, rows in series.items()}) for row in range(len(begin))
            ]
            yield records

    def _measured(self, readings: pd.DataFrame, every: int) -> tuple[dict[str, Grid], dict[str, np.ndarray]]:
        """Give the grid of each value of one sensor, and the cells of what is counted, in order."""
        import numpy as np

        gap = duration("fill.gap", self.fill.gap) // every if self.fill else 0
        cells = readings["time"].to_numpy() // every
        kept = getattr(readings.groupby("time")[list(self.values)], self.duplicates)()  # first and last pass over NaN
        grids: dict[str, Grid] = {}
        marks = {"readings": cells, "late": cells[readings["late"]], "duplicates": cells[readings["again"]]}
        for value in self.values:
            series = kept[value].dropna()
            times, found = series.index.to_numpy(), series.to_numpy()
            grids[value] = grid(series, every, self.combine, self.fill.by if self.fill else None, gap)
            marks[f"{value}_unreadable"] = cells[readings[value].isna()]
            if self.spikes:
                marks[f"{value}_spikes"] = times[self.spikes.mark(found)] // every
            if self.stuck:
                marks[f"{value}_stuck"] = times[stuck(found, times, duration("stuck", self.stuck))] // every
        return grids, {name: np.sort(each) for name, each in marks.items()}


def _instant(microseconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.isoformat().replace("+00:00", "Z")

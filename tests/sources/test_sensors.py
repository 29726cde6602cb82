"""Readings of sensors become windows of time."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.configuration import instantiate
from stages.sources import Files, Rows, Windows, collect
from stages.sources.readings import Clock, Spikes, Unit, stuck
from stages.sources.windows import Fill

HOUR = 3_600_000


@dataclass
class Said:
    """Readings as a source."""

    rows: Sequence[dict[str, str | None]]

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        half = len(self.rows) // 2
        for number, rows in enumerate((self.rows[:half], self.rows[half:])):
            cells = [pa.array([row.get(column) for row in rows], pa.large_string()) for column in columns]
            yield Rows(f"{number}.csv", "", range(2, len(rows) + 2), pa.table(cells, names=list(columns)))


def said(*rows: tuple[str, str | None], sensor: str = "a") -> Said:
    return Said([{"at": at, "v": value, "sensor": sensor} for at, value in rows])


def minute(number: float) -> str:
    return str(int(number * 60_000))


def windows(readings: Said, **changes: Any) -> Windows:
    usual = {"time": "at", "values": ["v"], "every": "1min", "length": "10min", "clock": Clock("ms")}
    return Windows(readings=readings, **(usual | changes))


def records(source: Windows, *columns: str) -> list[dict[str, Any]]:
    wanted = columns or source._columns()
    return [row for rows in source.read(wanted) for row in rows.table.to_pylist()]


def series(record: dict[str, Any], value: str = "v") -> list[float | None]:
    found: list[float | None] = json.loads(record["series"])[value]
    return found


# clocks


@pytest.mark.parametrize(
    ("clock", "time", "utc"),
    [
        (Clock(), "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        (Clock(), "2026-07-01 12:00:00.250+05:30", "2026-07-01T06:30:00.250Z"),
        (Clock(zone="Europe/Berlin"), "2026-07-01T12:00", "2026-07-01T10:00:00Z"),
        (Clock(zone="Europe/Berlin"), "2026-01-01", "2025-12-31T23:00:00Z"),
        (Clock(zone="Europe/Berlin"), "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        (Clock(zone="Europe/Berlin", twice="earlier"), "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        (Clock(zone="Europe/Berlin", twice="later"), "2026-10-25T02:30:00", "2026-10-25T01:30:00Z"),
        (Clock("%d.%m.%Y %H:%M:%S", "UTC"), "01.07.2026 12:00:00", "2026-07-01T12:00:00Z"),
        (Clock("%d.%m.%Y %H:%M %z"), "01.07.2026 12:00 +0200", "2026-07-01T10:00:00Z"),
        (Clock("s"), "1782900000.5", "2026-07-01T10:00:00.500Z"),
        (Clock("ns"), "1782900000000000000", "2026-07-01T10:00:00Z"),
        (Clock("s"), "-1", "1969-12-31T23:59:59Z"),
    ],
)
def test_times_are_read_as_the_clock_has_them(clock, time, utc):
    (record,) = records(windows(said((time, "1")), clock=clock, every="1ms", length="1ms"), "start")
    assert np.datetime64(record["start"].rstrip("Z")) == np.datetime64(utc.rstrip("Z"))
    assert record["start"].endswith("Z")


@pytest.mark.parametrize(
    ("clock", "time"),
    [
        (Clock(), "2026-07-01T12:00:00"),
        (Clock(zone="Europe/Berlin"), "2026-10-25T02:30:00"),
        (Clock(zone="Europe/Berlin", twice="later"), "2026-03-29T02:30:00"),
        (Clock(zone="UTC"), "yesterday"),
        (Clock(zone="UTC"), None),
        (Clock("%d.%m.%Y", "UTC"), "2026-07-01"),
        (Clock("s"), "1e300"),
        (Clock("s"), "NaN"),
    ],
)
def test_a_time_that_is_none_is_told_with_its_place(clock, time):
    good = {"s": "1", "iso": "2026-01-01T00:00:00Z"}.get(clock.format, "01.01.2026")
    readings = said((good, "1"), (good, "1"), (good, "1"), (time, "1"))
    with pytest.raises(
        InputError, match=r"^dataset\.sources\.s: 1\.csv, line 3: 'at' is no time as the clock has them"
    ):
        collect({"s": windows(readings, clock=clock)}, "id", {"v_mean": "number"}, ["v_mean"])


# what is wrong with readings


def test_order_duplicates_and_what_is_no_number_are_counted():
    readings = said(
        *((minute(at), value) for at, value in [(0, "1"), (2, "3"), (1, "2"), (2, "9"), (3, "x"), (4, "inf")])
    )
    for rule, third in (("first", 3.0), ("last", 9.0), ("mean", 6.0)):
        (record,) = records(windows(readings, duplicates=rule))
        counts = {key: record[key] for key in ("readings", "late", "duplicates", "v_unreadable")}
        assert counts == {"readings": "6", "late": "1", "duplicates": "1", "v_unreadable": "2"}
        assert series(record) == [1.0, 2.0, third, *[None] * 7]


READINGS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from(["1", "2.5", "-3", "oops", None]), st.sampled_from("ab")),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=15)
@given(READINGS, st.sampled_from(["10min", "30min"]))
def test_every_reading_is_in_exactly_one_window_that_does_not_overlap(rows, length):
    source = windows(Said([{"at": minute(at), "v": v, "s": s} for at, v, s in rows]), sensor="s", length=length)
    found = records(source)
    assert sum(int(record["readings"]) for record in found) == len(rows)
    assert sum(int(record["duplicates"]) for record in found) == len(rows) - len({(at, s) for at, _, s in rows})
    unreadable = sum(value in ("oops", None) for _, value, _ in rows)
    assert sum(int(record["v_unreadable"]) for record in found) == unreadable
    assert len({record["id"] for record in found}) == len(found)
    cells = {(int(record["readings"]) > 0) for record in found}
    assert cells == {True}


@settings(deadline=None, max_examples=15)
@given(READINGS, st.randoms())
def test_only_the_counts_of_late_readings_depend_on_the_order(rows, shuffle):
    def made() -> list[dict[str, Any]]:
        source = windows(Said([{"at": minute(at), "v": v, "s": s} for at, v, s in rows]), sensor="s", duplicates="mean")
        return [{key: each for key, each in record.items() if key != "late"} for record in records(source)]

    first = made()
    shuffle.shuffle(rows)
    assert made() == first


def test_a_window_does_not_move_when_other_readings_come():
    rows = [(minute(at), str(at)) for at in range(7, 60)]
    full = {record["id"]: record for record in records(windows(said(*rows), sensor="sensor"))}
    part = {record["id"]: record for record in records(windows(said(*rows[20:]), sensor="sensor"))}
    assert next(iter(full)) == "a@1970-01-01T00:00:00Z"
    assert {id: full[id] for id in list(part)[1:]} == {id: part[id] for id in list(part)[1:]}


# the grid


def test_windows_overlap_as_declared():
    rows = [(minute(at), str(at)) for at in range(20)]
    found = records(windows(said(*rows), step="5min"), "start", "end", "v_min", "v_max", "readings")
    assert [tuple(record.values())[2:] for record in found] == [
        ("0.0", "4.0", "5"),
        ("0.0", "9.0", "10"),
        ("5.0", "14.0", "10"),
        ("10.0", "19.0", "10"),
        ("15.0", "19.0", "5"),
    ]
    assert (found[0]["start"], found[0]["end"]) == ("1969-12-31T23:55:00Z", "1970-01-01T00:05:00Z")


@pytest.mark.parametrize(
    ("by", "gap", "expected"),
    [
        ("previous", "2min", [0.0, None, None, None, 4.0, 4.0, 4.0, 7.0, None, None]),
        ("linear", "2min", [0.0, None, None, None, 4.0, 5.0, 6.0, 7.0, None, None]),
        ("linear", "3min", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None, None]),
    ],
)
def test_gaps_are_filled_up_to_the_declared_length(by, gap, expected):
    rows = [(minute(at), str(at)) for at in (0, 4, 7)]
    (record,) = records(windows(said(*rows), fill=Fill(by, gap)))
    assert series(record) == expected
    filled = sum(value is not None for value in expected) - 3
    assert (record["v_filled"], record["v_missing"]) == (f"{filled / 10}", f"{expected.count(None) / 10}")


def test_a_gap_is_filled_across_windows():
    rows = [(minute(at), str(at)) for at in (8, 12)]
    first, second = records(windows(said(*rows), fill=Fill("linear", "5min")))
    assert series(first)[8:] + series(second)[:3] == [8.0, 9.0, 10.0, 11.0, 12.0]


@settings(deadline=None, max_examples=15)
@given(st.dictionaries(st.integers(0, 9), st.integers(-1000, 1000), min_size=1))
def test_features_are_those_of_numpy(numbers):
    rows = list(numbers.items())
    (record,) = records(windows(said(*((minute(at), str(value)) for at, value in rows))))
    at, values = (np.array(each, dtype=float) for each in zip(*sorted(rows), strict=True))
    expected = {"mean": values.mean(), "min": values.min(), "max": values.max(), "std": None, "slope": None}
    if len(rows) > 1:
        expected |= {"std": values.std(ddof=1), "slope": np.polyfit(at / 60, values, 1)[0]}
    for name, value in expected.items():
        found = record[f"v_{name}"]
        assert (found is None) == (value is None)
        if value is not None:
            assert float(found) == pytest.approx(value, rel=1e-5, abs=1e-3)


def test_a_window_without_a_number_says_so():
    (record,) = records(windows(said((minute(1), "broken"))))
    assert {record[f"v_{name}"] for name in ("mean", "min", "max", "std", "slope")} == {None}
    assert (record["v_missing"], record["v_unreadable"], record["readings"]) == ("1.0", "1", "1")


def test_distant_readings_take_no_more_than_near_ones():
    found = records(
        windows(said(("0", "1"), (str(10**14), "2")), every="1ms", length="10ms", fill=Fill("linear", "1s"))
    )
    assert [record["readings"] for record in found] == ["1", "1"]


def test_several_values_and_units():
    rows = [{"at": minute(at), "u": unit, "t": text, "h": "1"} for at, unit, text in [(0, "F", "212"), (1, "C", "50")]]
    units = {"C": Unit(), "F": Unit(5 / 9, -160 / 9)}
    (record,) = records(windows(Said(rows), values=["t"], unit="u", units=units))
    assert series(record, "t")[:2] == [100.0, 50.0]
    (record,) = records(windows(Said(rows), values=["t", "h"]))
    assert list(json.loads(record["series"])) == ["time", "t", "h"]
    assert json.loads(record["series"])["time"][:2] == [0, 60_000]
    rows[1]["u"] = "K"
    with pytest.raises(InputError, match=r"1\.csv, line 2: 'u' is no unit of the table \(C, F\), found 'K'"):
        records(windows(Said(rows), values=["t"], unit="u", units=units))


# spikes and stuck sensors


def test_a_spike_is_marked_and_stays():
    draw = random.Random(1)
    values = [20 + math.sin(at / 10) + draw.gauss(0, 0.05) for at in range(60)]
    values[0] += 9
    values[30] -= 9
    found = records(windows(said(*((minute(at), str(v)) for at, v in enumerate(values))), spikes=Spikes(least=1)))
    assert [record["v_spikes"] for record in found] == ["1", "0", "0", "1", "0", "0"]
    assert series(found[3])[0] == pytest.approx(values[30])


def test_a_step_is_no_spike_and_a_quiet_sensors_last_digit_is_none():
    step = np.r_[np.zeros(50), np.ones(50)]
    assert not Spikes().mark(step).any()
    quiet = np.zeros(50)
    quiet[20] = 0.1
    assert Spikes().mark(quiet).tolist().index(True) == 20
    assert not Spikes(least=0.1).mark(quiet).any()
    assert not Spikes().mark(np.array([1.0, 9.0])).any()


def test_a_sensor_is_stuck_that_says_the_same_for_long():
    times = np.arange(10) * 60
    values = np.array([1, 2, 2, 2, 2, 3, 4, 4, 5, 5.0])
    assert np.flatnonzero(stuck(values, times, 180)).tolist() == [1, 2, 3, 4]
    assert not stuck(values, times, 181).any()
    assert not stuck(values, times * 1000, 60_000)[[6, 7, 8, 9]].any()
    rows = [(minute(at), "5") for at in range(20)]
    found = records(windows(said(*rows), stuck="15min"))
    assert [record["v_stuck"] for record in found] == ["10", "10"]


# settings


@pytest.mark.parametrize(
    ("wrong", "said_so"),
    [
        ({"every": "1 fortnight"}, "every: a length of time such as"),
        ({"length": "90s"}, "length: 90s is no whole number of cells of 1min"),
        ({"length": "30d", "every": "1s"}, "length: a window of 30d has more than 10,000 cells"),
        ({"step": "20min"}, "step: "),
        ({"values": []}, "values: "),
        ({"values": ["at"]}, "values: "),
        ({"unit": "u"}, "unit, units: "),
        ({"fill": {"by": "linear", "gap": "long"}}, "fill.gap: "),
        ({"stuck": "0s"}, "stuck: "),
        ({"clock": {"zone": "Europe/Nowhere"}}, "clock.zone: 'Europe/Nowhere' is no time zone"),
        ({"clock": {"zone": "../../etc/passwd"}}, "clock.zone: "),
        ({"clock": {"format": "soon"}}, "clock.format: "),
        ({"spikes": {"readings": 4}}, "spikes: "),
        ({"spikes": {"reading": 5}}, "reading: unknown key"),
    ],
)
def test_wrong_settings_are_told(wrong, said_so):
    given = {
        "_target_": "stages.sources.Windows",
        "readings": {"_target_": "stages.sources.Files", "path": "x.csv", "format": "csv"},
        "time": "at",
        "values": ["v"],
        "every": "1min",
        "length": "10min",
    }
    assert isinstance(instantiate(given, "sources.s").readings, Files)
    with pytest.raises(InputError) as caught:
        instantiate(given | wrong, "sources.s")
    assert said_so in str(caught.value)

"""The same pipeline, by other choices, for windows of sensors' readings: from files to the report."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stages import tables
from tests.e2e.project import Project, new

MOTORS = ("m1", "m2", "m3")
HOURS = 30
START = datetime(2026, 3, 1, tzinfo=UTC)
RUNNING, IDLE = "running", "idle"
ASKING = ("import_labels", "annotate", "export_tasks")
SHOWN = ["sensor", "speed_mean", "speed_std", "speed_spikes", "speed_stuck", "series"]

DATASET = f"""
name: motors
labeling: motors
about: {{title: Motors, license: CC0-1.0}}
sources:
  plant:
    _target_: stages.sources.Windows
    readings: {{_target_: stages.sources.Files, path: data/raw/*.csv, format: csv, encoding: utf-8}}
    time: at
    sensor: motor
    values: [speed]
    clock: {{zone: Europe/Berlin}}
    every: 1min
    length: 20min
    fill: {{by: linear, gap: 3min}}
    spikes: {{deviations: 8, least: 50}}
    stuck: 10min
id: id
fields: {{sensor: category, start: date, speed_mean: number, speed_std: number, speed_spikes: number,
  speed_stuck: number, speed_missing: number, late: number, series: json}}
shown: [{", ".join(SHOWN)}]
schema:
  speed_missing: {{maximum: 0.5}}
rounds: motors
"""

INTERFACE = """<View>
  <Text name="sensor" value="$sensor"/>
  <TimeSeries name="chart" value="$series" valueType="json" timeColumn="time" timeFormat="%Q">
    <Channel column="speed"/>
  </TimeSeries>
  <Choices name="state" toName="chart" choice="single" required="true">
    <Choice value="running"/>
    <Choice value="idle"/>
  </Choices>
</View>
"""


def state(motor: str, window: int) -> str:
    """What a motor really did in a window of 20 minutes."""
    return RUNNING if random.Random(f"{motor} {window}").random() < 0.5 else IDLE


def write_readings(project: Project) -> None:
    """One reading a minute, in the plant's own clock: with a spike, a sensor that is stuck, a gap, and out of order."""
    from zoneinfo import ZoneInfo

    for motor in MOTORS:
        draw, rows = random.Random(motor), []
        for minute in range(HOURS * 60):
            running = state(motor, minute // 20) == RUNNING
            speed = draw.gauss(1500 if running else 5, 20 if running else 1)
            if (motor, minute) == ("m1", 45):
                speed = 90_000
            if motor == "m2" and 120 <= minute < 140:
                speed = 5
            if motor == "m3" and 300 <= minute < 315:
                continue
            time = (START + timedelta(minutes=minute)).astimezone(ZoneInfo("Europe/Berlin"))
            rows.append((time.strftime("%Y-%m-%d %H:%M:%S"), motor, f"{speed:.1f}"))
        rows[100], rows[103] = rows[103], rows[100]
        path = project.path(f"data/raw/{motor}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("at", "motor", "speed"), *rows])


def truth(records: list[str]) -> dict[str, str]:
    found = {}
    for record in records:
        motor, _, start = record.partition("@")
        found[record] = state(motor, int((datetime.fromisoformat(start) - START).total_seconds()) // 1200)
    return found


@pytest.fixture(scope="module")
def motors(shared) -> Project:
    """Readings, windows, two rounds of answers, all stages. Not to be changed."""

    def build(folder: Path) -> None:
        project = new(folder / "motors")
        write_readings(project)
        project.write("conf/dataset/motors.yaml", DATASET)
        project.write("conf/labeling/motors.xml", INTERFACE)
        project.write("conf/labeling/motors.md", "Is the motor running?\n")
        numbers = ["speed_mean", "speed_std", "speed_spikes", "speed_stuck"]
        project.edit("conf/annotator/columns.yaml", fields=numbers)
        project.edit("conf/review/default.yaml", batch=60)
        choices = {"dataset": "motors", "cleaning": "tables", "annotator": "columns", "augmentation": "none"}
        project.edit("params.yaml", **choices, publish="tables")
        project.do(*project.in_order("collect", "clean", "split", *ASKING))
        answer(project)
        project.edit("conf/review/default.yaml", audit={"number": 1, "size": 60})
        project.do(*project.in_order(*ASKING))
        answer(project)
        project.do(*project.in_order(*project.pipeline.keys() - {"collect", "clean", "split"}))

    return Project(shared("sensors", build) / "motors")


def answer(project: Project) -> None:
    queue = project.queue()
    known = truth([each["record"] for each in queue])
    for kind in sorted({each["queue"] for each in queue}):
        asked = {each["record"]: (each["content"], known[each["record"]]) for each in queue if each["queue"] == kind}
        project.add_round(asked, queue=kind, control=("state", "chart"), folder="data/annotations/motors")


def test_each_window_is_a_record_and_what_was_wrong_with_its_readings_stands_in_it(motors):
    records = tables.read(motors.path("data/clean/records")).set_index("id")
    assert len(records) == len(MOTORS) * HOURS * 3 - 1
    assert records.at["m1@2026-03-01T00:40:00Z", "speed_spikes"] == 1
    assert records.at["m2@2026-03-01T02:00:00Z", "speed_stuck"] == 20
    assert records.at["m1@2026-03-01T01:40:00Z", "late"] == 3
    (rejected,) = tables.read(motors.path("data/clean/rejected"))[["id", "reason"]].to_numpy().tolist()
    assert rejected == ["m3@2026-03-01T05:00:00Z", "speed_missing is 0.75, above 0.5"]


def test_people_are_shown_the_readings_as_a_chart(motors):
    tasks = motors.queue()
    assert {"time", "speed"} == set(tasks[0]["series"])
    assert len(tasks[0]["series"]["time"]) == len(tasks[0]["series"]["speed"]) == 20


def test_columns_tell_the_state_and_the_guarantee_holds_against_the_truth(motors):
    stated = motors.report("guarantee")
    auto = [line for line in motors.lines("data/dataset/labels.jsonl") if line["origin"] == "auto"]
    known = truth([line["record"] for line in auto])
    assert motors.report("quality")["annotator"]["audit"]["accuracy"]["value"] > 0.95
    assert len(auto) == stated["accepted"] > 50
    assert sum(known[line["record"]] != line["value"] for line in auto) <= stated["error_bound"] * stated["population"]
    assert "Motors" in motors.text("reports/index.html")

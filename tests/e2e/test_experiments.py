"""DVC's own commands: try a setting without editing, compare versions, read metrics and plots."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import Project, clone, offline_command, ran


@pytest.fixture(scope="session")
def tried(small, shared) -> dict[str, tuple[Project, str]]:
    """Two experiments, each in a copy of the project, and what they printed."""
    settings = {"option": ["cleaning=strict"], "value": ["conf/cleaning/text.yaml:length.minimum=60", "split"]}

    def build(folder: Path) -> None:
        for name, arguments in settings.items():
            output = clone(small, folder / name).do("dvc", "exp", "run", "-S", *arguments)
            (folder / f"{name}.txt").write_text(output, encoding="utf-8")

    folder = shared("tried", build)
    return {name: (Project(folder / name), (folder / f"{name}.txt").read_text(encoding="utf-8")) for name in settings}


def shown(project: Project, *command: str) -> Any:
    return json.loads(project.do("dvc", *command, "--json"))


@pytest.mark.parametrize("name", ["option", "value"])
def test_an_experiment_runs_what_depends_on_the_setting(small, tried, name):
    project, output = tried[name]
    assert ran(output)[0] == "clean"
    assert project.hashes()["data/clean/records"] != small.hashes()["data/clean/records"]
    assert project.hashes()["data/collected"] == small.hashes()["data/collected"]
    assert re.search(r"Ran experiment\(s\): \S+", output)
    assert project.rounds() == small.rounds()


def test_an_experiment_takes_another_option_of_a_group(tried):
    project, _ = tried["option"]
    assert "cleaning: strict" in project.text("params.yaml")
    changed = shown(project, "params", "diff")
    assert changed["params.yaml"]["cleaning"] == {"old": "text", "new": "strict"}


def test_an_experiment_takes_another_value_of_an_option(tried):
    project, _ = tried["value"]
    changed = shown(project, "params", "diff")
    assert changed["conf/cleaning/text.yaml"]["length.minimum"] == {"old": 3, "new": 60, "diff": 57}
    assert project.report("cleaning")["operators"]["length"]["rejected"] > 1


def test_metrics_of_two_versions_can_be_compared(small, tried):
    project, _ = tried["option"]
    old, new = (each.report("quality")["dataset"]["records"] for each in (small, project))
    assert new == old - 1
    changed = shown(project, "metrics", "diff")["reports/quality.json"]["dataset.records"]
    assert changed == {"old": old, "new": new, "diff": -1}
    found = shown(project, "metrics", "show")[""]["data"]["reports/quality.json"]["data"]
    assert found["dataset"] == project.report("quality")["dataset"]


def test_plots_are_drawn_without_a_network(tried):
    project, _ = tried["option"]
    cut_off, env = offline_command()
    project.do(*cut_off, "dvc", "plots", "show", env=env)
    page = project.text("dvc_plots/index.html")
    for column in ("proposed", "actual", "confidence", "accuracy"):
        assert column in page

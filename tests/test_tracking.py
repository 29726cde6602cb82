from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stages import InputError, tracking

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PARAMETERS = {"dataset": {"name": "birds", "shown": ["text"]}, "cleaning": {"length": None}, "seed": 7}


def quality(fingerprint: str = "f1", accuracy: float = 0.9, **more: Any) -> dict[str, Any]:
    return {
        "dataset": {"name": "birds", "fingerprint": fingerprint, "records": 12, "splits": {"train": 10}},
        "annotator": {"name": "linear@1", "audit": {"n": 3, "accuracy": {"value": accuracy, "low": 0.5, "high": None}}},
        "gates": {"passed": True, "failed": []},
        **more,
    }


@pytest.fixture(autouse=True)
def no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the tests that import MLflow before `record` can see to it."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


def runs(store: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{store}")
    experiments = [each.experiment_id for each in client.search_experiments(filter_string="name != 'Default'")]
    return list(client.search_runs(experiments)) if experiments else []


def test_a_fingerprint_has_one_run_with_its_metrics_and_parameters(store: Path) -> None:
    assert tracking.record(quality(), PARAMETERS)
    (run,) = runs(store)
    assert run.info.run_name == "f1"
    assert run.info.status == "FINISHED"
    assert run.data.tags[tracking.FINGERPRINT] == "f1"
    assert run.data.tags["labelmill.gates"] == "passed"
    assert run.data.metrics == {
        "dataset.records": 12,
        "dataset.splits.train": 10,
        "annotator.audit.n": 3,
        "annotator.audit.accuracy": 0.9,
        "annotator.audit.accuracy.low": 0.5,
    }
    assert run.data.params == {
        "dataset.name": "birds",
        "dataset.shown": "['text']",
        "cleaning.length": "None",
        "seed": "7",
    }


def test_a_second_call_adds_no_run_and_another_fingerprint_does(store: Path) -> None:
    assert [tracking.record(quality(each), PARAMETERS) for each in ("f1", "f1", "f2", "f1")] == [
        True,
        False,
        True,
        False,
    ]
    assert sorted(run.info.run_name for run in runs(store)) == ["f1", "f2"]


def test_datasets_have_experiments_of_their_own(store: Path) -> None:
    other = quality()
    other["dataset"] = {**other["dataset"], "name": "fish"}
    assert tracking.record(quality(), PARAMETERS)
    assert tracking.record(other, PARAMETERS)
    assert len({run.info.experiment_id for run in runs(store)}) == 2


def test_metrics_and_gates_are_brought_up_to_date_and_first_parameters_are_kept(store: Path) -> None:
    for accuracy, passed in ((0.9, True), (0.95, False), (0.4, True), (0.4, False)):  # down as well as up
        gates = {"passed": passed, "failed": [] if passed else ["accuracy"]}
        tracking.record(quality(accuracy=accuracy, gates=gates), {**PARAMETERS, "seed": accuracy})
        (run,) = runs(store)
        assert run.data.metrics["annotator.audit.accuracy"] == accuracy
        assert run.data.tags["labelmill.gates"] == ("passed" if passed else "failed")
        assert run.data.params["seed"] == "0.9"


def test_a_run_that_was_cut_off_before_its_metrics_is_completed(store: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking._local())
    client.create_run(client.create_experiment("birds"), tags={tracking.FINGERPRINT: "f1"}, run_name="f1")
    assert not tracking.record(quality(), PARAMETERS)
    (run,) = runs(store)
    assert (len(run.data.metrics), len(run.data.params), run.info.status) == (5, 4, "FINISHED")


def test_names_that_mlflow_does_not_take_and_many_parameters_are_recorded(store: Path) -> None:
    labels = {"très bien!": 1.0, "n/a": 2.0, "../..": 3.0, "a:b": 4.0, "100 %": 5.0}
    many = {f"key {number}": "x" * 7000 for number in range(120)} | {"map": {"ja!": 1, "ja?": 2}}
    assert tracking.record(quality(labels=labels), many)
    (run,) = runs(store)
    assert sorted(value for key, value in run.data.metrics.items() if key.startswith("labels")) == [1, 2, 3, 4, 5]
    assert len(run.data.params) == 121


def test_a_killed_initialisation_leaves_no_half_made_database(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    code = "import json, sys; from stages import tracking; tracking.record(json.loads(sys.argv[1]), {})"
    command = [sys.executable, "-c", code, '{"dataset": {"name": "b", "fingerprint": "f"}, "gates": {"passed": true}}']
    draft = tmp_path / f".{tracking.DATABASE}.partial"
    running = subprocess.Popen(command, cwd=tmp_path, env=environment)
    while running.poll() is None and not (draft.exists() and draft.stat().st_size):
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert draft.exists()
    assert not (tmp_path / tracking.DATABASE).exists()
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert [path.name for path in tmp_path.iterdir()] == [tracking.DATABASE]
    assert [run.info.run_name for run in runs(tmp_path / tracking.DATABASE)] == ["f"]


@pytest.fixture
def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=16)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("kind", ["closed_port", "silent_port"])
def test_a_server_that_does_not_answer_is_told_in_one_line_within_five_seconds_without_credentials(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow  # noqa: F401  so that its import is not counted

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ann:hunter2@127.0.0.1:{request.getfixturevalue(kind)}")
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    start = time.monotonic()
    with pytest.raises(InputError) as refused:
        tracking.record(quality(), PARAMETERS)
    assert time.monotonic() - start < 5
    said = str(refused.value)
    assert said.startswith("the MLflow server of MLFLOW_TRACKING_URI: does not answer; nothing is lost")
    assert "\n" not in said
    assert "hunter2" not in said
    assert "ann" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_refuses_is_told_in_one_line_without_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite://ann:hunter2@127.0.0.1/x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^the MLflow server of MLFLOW_TRACKING_URI: ") as refused:
        tracking.record(quality(), PARAMETERS)
    assert "hunter2" not in str(refused.value)


def test_a_database_that_is_none_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / tracking.DATABASE).write_text("not a database" * 100)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^mlflow\.db: .*file is not a database; nothing is lost") as refused:
        tracking.record(quality(), PARAMETERS)
    assert "\n" not in str(refused.value)


def test_the_local_store_is_read_without_mlflow_as_mlflow_reads_it(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    assert tracking.recorded() == {}
    made = tracking.Made("c0ffee", 1_700_000_000, ("dataset-v0.1.0", "dataset-v0.1.1"))
    fish = quality("f4")
    fish["dataset"] = {**fish["dataset"], "name": "fish"}
    for statement, each in ((quality("f1"), made), (quality("f2"), None), (quality("f3"), None), (fish, None)):
        tracking.record(statement, PARAMETERS, made=each)
    client = MlflowClient(f"sqlite:///{store}")
    (gone,) = (run for run in runs(store) if run.info.run_name == "f3")
    client.delete_run(gone.info.run_id)
    (fishes,) = (each for each in client.search_experiments() if each.name == "fish")
    client.delete_experiment(fishes.experiment_id)
    known = {"f1": ("c0ffee", made.tags), "f2": ("", ())}
    assert tracking._read() == known
    assert tracking.recorded() == known
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    assert tracking.recorded() == known


def test_a_local_store_of_another_form_is_left_to_mlflow(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking.record(quality(), PARAMETERS)
    monkeypatch.setattr(tracking, "TAGS", "SELECT run_uuid, key, value FROM labels_of_runs")
    assert tracking.recorded() == {"f1": ("", ())}

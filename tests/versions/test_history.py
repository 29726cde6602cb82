"""The history of a repository of three made-up versions, and of this one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import history as made
from stages import InputError, tracking
from stages.versions import history, overview, rendering
from stages.versions.revisions import git
from tests.test_tracking import quality, runs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    made.make(folder, 3)
    return folder


@pytest.fixture
def repository(three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(three, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_version_is_told_with_its_size_quality_and_cost(repository: Path) -> None:
    rows = history.history(history.tags(), moves=False)
    assert [row["version"] for row in rows] == ["dataset-v0.1.0", "dataset-v0.2.0", "dataset-v0.3.0"]
    assert [row["date"] for row in rows] == ["2023-11-15", "2023-11-16", "2023-11-17"]
    assert [row["records"] for row in rows] == [100, 200, 300]
    assert rows[1]["annotator"]["audit"]["accuracy"]["value"] == 2 / 3
    assert [row["cost"]["hours"] for row in rows] == pytest.approx([0.1, 0.2, 0.3])
    assert rows[2]["cost"] | {"hours": 0} == {"people": 3, "answers": 30, "timed": 30, "hours": 0, "reason": None}


def test_versions_stand_in_the_order_of_their_numbers_and_other_tags_are_none(repository: Path) -> None:
    for tag in ("dataset-v0.10.0", "dataset-vnext", "v9.0.0"):
        made._git(repository, "tag", tag)
    assert history.tags()[-2:] == ["dataset-v0.3.0", "dataset-v0.10.0"]


def test_what_cannot_be_told_is_null_with_its_reason(repository: Path) -> None:
    path = repository / "data/annotations/round-0003.jsonl"
    path.write_text('{"record": "1", "annotator": "p", "seconds": null}\n', encoding="utf-8")
    for each in (1, 2):
        (repository / f"data/annotations/round-000{each}.jsonl").unlink()
    made._git(repository, "add", "-A")
    made._git(repository, "commit", "-qm", "untimed")
    (row,) = history.history(["HEAD"])
    assert (row["cost"]["hours"], row["cost"]["reason"]) == (None, "no answer tells how long it took")
    assert (row["moved"]["psi"], row["moved"]["reason"]) == (None, "the first version")
    rows = history.history(["dataset-v0.1.0", "HEAD"])
    assert rows[1]["moved"]["relabelled"] is None
    assert rows[1]["moved"]["reason"] == "the labels of dataset-v0.1.0 are not in DVC's cache"


def test_a_commit_without_a_statement_is_no_version(repository: Path) -> None:
    (repository / "reports/quality.json").unlink()
    made._git(repository, "commit", "-qam", "gone")
    with pytest.raises(InputError, match=r"^HEAD has no reports/quality\.json"):
        history.history(["HEAD"])


def test_a_fingerprint_is_told_once_as_its_last_commit_has_it_from_the_time_of_its_first(repository: Path) -> None:
    statement = json.loads((repository / "reports/quality.json").read_text())
    statement["gates"]["passed"] = not statement["gates"]["passed"]
    (repository / "reports/quality.json").write_text(json.dumps(statement))
    with open(repository / "dvc.lock", "a", encoding="utf-8") as file:
        file.write("# again\n")
    made._git(repository, "commit", "-qam", "other gates", at=1_800_000_000)
    made._git(repository, "tag", "dataset-v0.3.1")
    (repository / "CHANGELOG.md").write_text("released")
    made._git(repository, "add", "-A")
    made._git(repository, "commit", "-qm", "only the changelog", at=1_800_000_001)
    made._git(repository, "tag", "dataset-v0.3.2")
    found = list(history.snapshots())
    assert [each.quality["dataset"]["records"] for each in found] == [100, 200, 300]
    assert found[-1].tags == ("dataset-v0.3.0", "dataset-v0.3.1", "dataset-v0.3.2")
    assert found[-1].quality == statement
    assert found[-1].time == 1_700_000_000 + 3 * 86_400
    assert history.settings(found[-1].commit)["dataset"]["name"] == "tweets"
    assert "seed" in history.settings(found[-1].commit)


def test_the_page_shows_names_of_labels_and_gates_as_texts(repository: Path) -> None:
    rows = history.history(history.tags())
    for row in rows:
        row["gates"] = {"failed": ["<script>alert(1)</script>"]}
        row["guarantee"] = {**row["guarantee"], "reason": "<b>none</b>"}
    page = rendering.html("history", overview.tables(rows))
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("<svg") == 4
    assert page == rendering.html("history", overview.tables(rows))


def test_without_a_version_there_is_nothing_to_draw() -> None:
    assert "<table" not in rendering.html("history", overview.tables([]))


def command(*arguments: str, folder: Path) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "stages.versions", "history", *arguments],
        cwd=folder,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_git_that_cannot_says_what_to_do(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "EMAIL": ""}.items():
        monkeypatch.setenv(key, value)
    made._git(repository, "config", "user.useConfigOnly", "true")
    with pytest.raises(InputError, match=r"^git var: .*; say who commits: git config user\.name"):
        git("var", "GIT_COMMITTER_IDENT")
    shutil.rmtree(repository / ".git")
    with pytest.raises(InputError, match=r"^git tag: .*; versions are commits: run git init here, and commit"):
        history.tags()


def test_a_python_without_the_projects_packages_says_which_has_them() -> None:
    bare = [sys.executable, "-S", "-m", "stages.versions", "history"]  # no site-packages
    done = subprocess.run(bare, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "source .venv/bin/activate" in done.stderr


@pytest.mark.slow
def test_mlflow_gets_each_version_once_with_its_commit_its_time_and_its_data(repository: Path, store: Path) -> None:
    from mlflow import MlflowClient

    told = [command(folder=repository).stdout.splitlines()[-1] for _ in range(2)]
    assert told == [
        "MLflow: 3 fingerprints in the history, 3 runs added, 0 brought up to date",
        "MLflow: 3 fingerprints in the history, 0 runs added, 0 brought up to date",
    ]
    found = sorted(runs(store), key=lambda run: run.info.run_name)
    commits = subprocess.run(["git", "log", "--reverse", "--format=%H"], capture_output=True, text=True, check=True)
    assert [run.data.tags[tracking.COMMIT] for run in found] == commits.stdout.split()
    assert [run.info.run_name for run in found] == history.tags()
    assert [run.data.tags[tracking.RELEASES] for run in found] == history.tags()
    assert [run.info.start_time for run in found] == [1000 * (1_700_000_000 + 86_400 * n) for n in (1, 2, 3)]
    assert [run.data.metrics["annotator.audit.accuracy"] for run in found] == [1 / 3, 2 / 3, 1]
    (given,) = found[0].inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("tweets", f"{1:016x}")
    assert json.loads(given.dataset.profile) == {"num_rows": 100}
    assert found[0].data.params["dataset.name"] == "tweets"
    made._git(repository, "tag", "dataset-v1.0.0", "dataset-v0.3.0")
    assert command(folder=repository).stdout.endswith("0 runs added, 1 brought up to date\n")
    assert len(runs(store)) == 3
    MlflowClient(f"sqlite:///{store}").delete_run(found[1].info.run_id)
    assert command(folder=repository).stdout.endswith("1 runs added, 0 brought up to date\n")
    assert sorted(run.info.run_name for run in runs(store)) == ["dataset-v0.1.0", "dataset-v0.2.0", "dataset-v1.0.0"]


@pytest.mark.slow
def test_the_report_of_a_version_is_kept_with_its_run(store: Path) -> None:
    from mlflow import MlflowClient

    tracking.record(quality(), {}, "<p>told</p>")
    client = MlflowClient(f"sqlite:///{store}")
    (run,) = runs(store)
    folder = client.download_artifacts(run.info.run_id, "index.html")
    assert Path(folder).read_text() == "<p>told</p>"

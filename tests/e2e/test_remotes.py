"""A team shares data through a DVC remote, and reviews what a change does to them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import s3
from tests.e2e.project import Project, ran

SECRET = "-".join(["not", "to", "be", "written", "anywhere"])  # this file is itself in the project


@pytest.fixture
def folder(tmp_path: Path) -> list[str]:
    """A folder that both clones see."""
    return [str(tmp_path / "remote")]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A bucket on loopback, with who may use it in the environment."""
    with s3.served("team", SECRET, monkeypatch) as (address, _):
        yield ["s3://team/data", "endpointurl", address]


@pytest.fixture(params=["folder", "bucket"])
def fresh(request: pytest.FixtureRequest, copy: Project, tmp_path: Path) -> Project:
    """A clone of a project, once its data were pushed to where both look; the first one is gone."""
    address, *option = request.getfixturevalue(request.param)
    copy.do("dvc", "remote", "add", "--default", "team", address)
    if option:
        copy.do("dvc", "remote", "modify", "team", *option)
    copy.do("git", "commit", "-qam", "remote")
    copy.do("dvc", "push")
    copy.do("git", "clone", "-q", str(copy.folder), str(tmp_path / "fresh"))
    shutil.rmtree(copy.path(".dvc/cache"))
    return Project(tmp_path / "fresh")


def test_what_one_clone_pushed_another_reads_and_pulls_and_nothing_is_computed_again(
    fresh: Project, small: Project
) -> None:
    versions = ("python", "-m", "stages.versions")
    assert fresh.run(*versions, "compare", "HEAD~1", "HEAD").returncode == 0  # HEAD~1 knows no remote yet
    fresh.do("dvc", "pull")
    assert ran(fresh.do("dvc", "repro")) == []
    assert fresh.made() == small.made()
    assert fresh.do("git", "status", "--porcelain") == ""
    told = fresh.do(*versions, "lineage", fresh.lines("data/labels/human.jsonl")[0]["record"])
    assert "collect" in told
    assert "round-0001" in told
    written = [path for path in fresh.folder.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in path.read_bytes() for path in written)


@pytest.mark.parametrize("fresh", ["folder"], indirect=True)
def test_without_remote_and_cache_the_message_says_what_brings_the_data(fresh: Project, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "remote")
    done = fresh.run("python", "-m", "stages.versions", "compare", "HEAD~1", "HEAD")
    assert done.returncode == 2
    assert "dvc pull" in done.stderr
    assert "--rebuild" in done.stderr


def test_a_review_rebuilds_judges_and_compares(copy: Project) -> None:
    done = copy.run(".github/review", "HEAD")
    assert "dvc.lock is what this commit makes." in done.stdout
    assert "## HEAD → working tree: the same" in done.stdout
    assert "gates: " in done.stdout
    lock = copy.text("dvc.lock")
    copy.write("dvc.lock", lock[: lock.index("  track:")])
    copy.do("git", "commit", "-qam", "forgot to repro")
    stale = copy.run(".github/review", "HEAD~1")
    assert stale.returncode == 1
    assert "**dvc.lock or reports/ are not what this commit makes**" in stale.stdout

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import datasets
from tests.e2e.project import Project, clone, new

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder once for all workers of this run of the tests."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def make(name: str, build: Callable[[Path], None]) -> Path:
        folder, done = root / name, root / f"{name}.done"
        with open(root / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                build(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def small(shared) -> Project:
    """A project of made-up reviews, some of them labelled, after `dvc repro`. Not to be changed: take `copy`."""

    def build(folder: Path) -> None:
        project = new(folder)
        datasets.small(project)
        project.do("dvc", "repro")
        project.do("git", "add", "-A")
        project.do("git", "commit", "-qm", "first version")

    return Project(shared("small", build))


@pytest.fixture
def copy(small, tmp_path) -> Project:
    """A project of one's own, up to date."""
    return clone(small, tmp_path / "copy")

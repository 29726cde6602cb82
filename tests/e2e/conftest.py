from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e import datasets
from tests.e2e.project import OTHERWISE, Project, clone, new, offline_command, twin

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
                shutil.rmtree(folder, ignore_errors=True)  # of a build that failed
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


class Run(NamedTuple):
    """A project, what `dvc repro` printed in it, and the system calls that reach out; None without strace."""

    project: Project
    printed: str
    calls: str | None


@pytest.fixture(scope="session")
def elsewhere(small, shared) -> Run:
    """The same sources made at another path, on a machine set up otherwise, and cut off from the network."""
    folder = shared("elsewhere", lambda place: _elsewhere(small, place))
    printed, calls = (folder / name for name in ("printed", "calls"))
    recorded = calls.read_text(encoding="utf-8") if calls.exists() else None
    return Run(Project(folder / "another place"), printed.read_text(encoding="utf-8"), recorded)


def _elsewhere(small: Project, folder: Path) -> None:
    project = twin(small, folder / "another place")
    datasets.permute(project)
    trace = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-o", str(folder / "calls")]
    cut_off, env = offline_command()
    command = [*cut_off, *(trace if shutil.which("strace") else []), "dvc", "repro"]
    (folder / "printed").write_text(project.do(*command, env=env | OTHERWISE), encoding="utf-8")


@pytest.fixture
def copy(small, tmp_path) -> Project:
    """A project of one's own, up to date."""
    return clone(small, tmp_path / "copy")

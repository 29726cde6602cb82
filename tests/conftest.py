import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from stages import of_kind, tracking

ROOT = Path(__file__).parent.parent

# No deadline, since a busy machine is not a fault; the same examples in CI, so that a red run can be repeated.
settings.register_profile("labelmill", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("fast", settings.get_profile("labelmill"), max_examples=20)
settings.load_profile("labelmill")


def pytest_configure(config: pytest.Config) -> None:
    if "not slow" in config.getoption("markexpr"):  # make test-fast; make test tries them all
        settings.load_profile("fast")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, made once since that takes some ten seconds."""
    folder = tmp_path_factory.mktemp("store")
    environment = {**os.environ, **tracking.QUIET, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from stages import tracking; print(tracking._local())"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"sqlite:///{folder.resolve() / tracking.DATABASE}"
    return folder / tracking.DATABASE


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(empty_store, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / tracking.DATABASE


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """300 handwritten digits as cleaned records with their pictures, and what each is."""
    folder = tmp_path_factory.mktemp("digits") / "_media"
    folder.mkdir()
    [rows] = of_kind("pictures", "sources").Digits().read(["id", "image", "digit"])
    frame = rows.table.slice(0, 300).to_pandas()
    for name in frame["image"]:
        (folder / name).write_bytes(rows.media(name))
    return frame.assign(image=[str(folder / name) for name in frame["image"]])

"""Nothing goes out: no telemetry, no update check, no other connection, by what is committed."""

from __future__ import annotations

import re
import sys

import pytest

from tests.e2e.project import ran

# Stops where mlflow would be imported, and says how it would find its settings.
PROBE = """
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "mlflow":
            print(os.environ.get("MLFLOW_DISABLE_TELEMETRY"))
            raise SystemExit
sys.meta_path.insert(0, Finder())
from stages import tracking
assert "mlflow" not in sys.modules
tracking.record({"dataset": {"fingerprint": "0", "name": "x"}}, {})
"""


def test_the_whole_pipeline_runs_without_a_network(small, elsewhere):
    assert ran(elsewhere.printed) == list(small.pipeline)
    assert elsewhere.project.hashes() == small.hashes()


def test_nothing_tries_to_connect(elsewhere):
    if elsewhere.calls is None:
        pytest.skip("strace is not installed")
    assert "exited with 0" in elsewhere.calls
    assert re.findall(r".*sa_family=AF_INET6?\b.*", elsewhere.calls) == []


def test_the_committed_settings_switch_off_what_would_go_out(small):
    config = small.text(".dvc/config")
    assert re.search(r"^\s*analytics = false$", config, re.MULTILINE)
    assert re.search(r"^\s*check_update = false$", config, re.MULTILINE)
    assert small.do("git", "ls-files", ".dvc/config").strip() == ".dvc/config"
    assert small.do("dvc", "config", "core.analytics").strip() == "false"
    assert small.do("dvc", "config", "core.check_update").strip() == "false"


def test_mlflow_is_told_to_send_nothing_before_it_is_imported(small):
    assert small.do(sys.executable, "-c", PROBE, env={"PYTHONPATH": "."}).strip() == "true"

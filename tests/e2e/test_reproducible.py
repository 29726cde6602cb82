"""Same sources, same bytes: at another path, under other settings of the machine, from raw files in another order."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from benchmarks.measure import ROOT
from tests.e2e import datasets
from tests.e2e.project import OTHERWISE, Project, new, twin

# Imports every stage in turn, then says under how many threads numpy and its libraries would run.
IMPORTS = """
import importlib, json, os, pathlib, sys
unpinned = []
for path in sorted(pathlib.Path("stages").glob("*.py")):
    importlib.import_module(f"stages.{path.stem}" if path.stem != "__init__" else "stages")
    if "numpy" in sys.modules and os.environ["OPENBLAS_NUM_THREADS"] != "1":
        unpinned.append(path.stem)
print(json.dumps(unpinned))
"""
POOLS = """
import json, sys
from stages.configuration import stage
@stage
def main(seed: int) -> str:
    import sklearn.linear_model, threadpoolctl
    return json.dumps([pool["num_threads"] for pool in threadpoolctl.threadpool_info()])
sys.argv = ["probe", "seed=1"]
main()
"""

# What numpy chose for this processor beyond what it needs; and what of it is in use.
DISPATCHED = """
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(*(name for name in __cpu_dispatch__ if __cpu_features__[name]))
"""
PROCESSOR = """
import numpy, threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__
print([pool.get("architecture") for pool in threadpoolctl.threadpool_info()], __cpu_features__)
"""


def test_a_copy_elsewhere_under_other_settings_makes_the_same_bytes(small, elsewhere):
    project = elsewhere.project
    assert project.content("data/raw") != small.content("data/raw")
    assert project.hashes() == small.hashes()
    assert project.made() == small.made()
    assert project.drafts() == []
    assert not project.path("data/clean/scratch").exists()


def test_the_names_of_raw_files_change_what_is_said_of_the_source_alone(small, copy):
    for place, name in enumerate(datasets.PARTS):
        copy.path(f"data/raw/{name}.csv").rename(copy.path(f"data/raw/{'cab'[place]}.csv"))
    copy.do(*copy.in_order("collect", "clean", "split", "import_labels", "annotate", "assemble"))
    changed = {path for path, value in small.made().items() if copy.made()[path] != value}
    assert changed == {"data/collected", "data/clean/records", "data/clean/rejected", "data/dataset"}
    assert copy.report("guarantee")["fingerprint"] == small.report("guarantee")["fingerprint"]


def test_a_table_of_several_shards_does_not_depend_on_the_number_of_processes(tmp_path):
    project = new(tmp_path / "many")
    datasets.use_files(project)
    rows = [(f"{i:06}", f"{text} {i}") for i, (text, _) in enumerate(datasets.reviews(51_000).values())]
    datasets.write_csv(project, "many", rows + [(f"x{i}", rows[i * 7][1]) for i in range(1000)])
    made = []
    assert project.stage("collect").returncode == 0
    for env in ({"LABELMILL_PROCESSES": "1"}, OTHERWISE):
        assert project.stage("clean", env=env).returncode == 0
        made.append([project.content(path) for path in ("data/clean/records", "data/clean/rejected", "reports")])
    assert len(list(project.path("data/clean/records").iterdir())) == 2
    assert made[0] == made[1]


def test_another_processor_makes_the_same_bytes(small, copy):
    env = {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": copy.do(sys.executable, "-c", DISPATCHED).strip(),
    }
    if copy.do(sys.executable, "-c", PROCESSOR, env=env) == copy.do(sys.executable, "-c", PROCESSOR):
        pytest.skip("numpy and OpenBLAS have no other code for this processor")
    numerical = ["import_labels", "annotate", "export_tasks", "evaluate"]
    for path in (path for stage in numerical for path in copy.outputs("outs", "metrics", of=stage)):
        shutil.rmtree(copy.path(path)) if copy.path(path).is_dir() else copy.path(path).unlink()
    copy.do(*copy.in_order(*numerical), env=env)
    assert copy.made() == small.made()


def test_stages_run_numerical_libraries_with_one_thread(small):
    env = {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "PYTHONPATH": "."}
    assert json.loads(small.do(sys.executable, "-c", IMPORTS, env=env)) == []
    assert set(json.loads(small.do(sys.executable, "-c", POOLS, env=env))) == {1}


@pytest.mark.network
def test_the_committed_lock_file_is_what_this_commit_makes(tmp_path):
    committed = subprocess.run(
        ["git", "ls-files", "dvc.lock", "reports"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if "dvc.lock" not in committed:
        pytest.skip("dvc.lock is not committed")
    project = twin(Project(ROOT), tmp_path / "fresh")
    for name in committed:
        project.write(name, (ROOT / name).read_text(encoding="utf-8"))
    project.do("git", "add", "--force", *committed)
    project.do("git", "commit", "-qm", "lock")
    project.do("dvc", "repro", env=OTHERWISE)
    assert project.do("git", "status", "--porcelain", "--untracked-files=all") == ""

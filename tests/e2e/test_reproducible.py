"""Same sources, same bytes: at another path, under other settings of the machine, from raw files in another order."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.measure import ROOT
from tests.e2e import datasets
from tests.e2e.project import Project, new, twin

HERE = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "LABELMILL_PROCESSES": "1", "OMP_NUM_THREADS": "1"}
THERE = {
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONHASHSEED": "12345",
    "LABELMILL_PROCESSES": "2",
    "OMP_NUM_THREADS": "4",
    "OPENBLAS_NUM_THREADS": "4",
}
OLD_PROCESSOR = {"OPENBLAS_CORETYPE": "Prescott"}

# Imports every stage in turn, then says under how many threads numpy and its libraries would run.
IMPORTS = """
import importlib, json, os, sys
unpinned = []
for path in sorted(Path("stages").glob("*.py")):
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


def test_a_copy_elsewhere_under_other_settings_makes_the_same_bytes(small, tmp_path):
    other = twin(small, tmp_path / "another place")
    datasets.permute(other)
    assert other.content("data/raw") != small.content("data/raw")
    other.do("dvc", "repro", env=THERE)
    assert other.hashes() == small.hashes()
    for out in small.outputs("outs", "plots", "metrics"):
        assert other.content(out) == small.content(out), out


def test_the_names_of_raw_files_change_what_is_said_of_the_source_alone(small, copy):
    for place, name in enumerate(datasets.PARTS):
        copy.path(f"data/raw/{name}.csv").rename(copy.path(f"data/raw/{'cab'[place]}.csv"))
    copy.do("dvc", "repro", "evaluate", "export_tasks")
    changed = {path for path, value in small.hashes().items() if copy.hashes()[path] != value}
    assert changed == {"data/collected", "data/clean/records", "data/clean/rejected", "data/dataset", "data/augmented"}
    assert copy.report("quality") == small.report("quality")


def test_a_table_of_several_shards_does_not_depend_on_the_number_of_processes(tmp_path):
    made = []
    for name, env in (("one", HERE), ("two", THERE)):
        project = new(tmp_path / name)
        datasets.use_files(project)
        rows = [(f"{i:06}", f"{text} {i}") for i, (text, _) in enumerate(datasets.reviews(51_000).values())]
        datasets.write_csv(project, "many", rows + [(f"x{i}", rows[i * 7][1]) for i in range(1000)])
        project.do("dvc", "repro", "split", env=env)
        assert len(list(project.path("data/clean/records").iterdir())) == 2
        made.append(project.hashes())
    assert made[0] == made[1]


@pytest.mark.parametrize("env", [OLD_PROCESSOR, {}], ids=["blas", "numpy"])
def test_another_processor_makes_the_same_bytes(small, copy, env):
    env = env or _fewer_features(copy)
    _check_that_it_takes_effect(copy, env)
    copy.do("dvc", "repro", "--force", "--no-run-cache", "--single-item", "annotate", env=env)
    copy.do("dvc", "repro", "--force", "--no-run-cache", "--single-item", "import_labels", "evaluate", env=env)
    assert copy.hashes() == small.hashes()


def test_stages_run_numerical_libraries_with_one_thread(small):
    env = {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "PYTHONPATH": "."}
    assert json.loads(small.do(sys.executable, "-c", IMPORTS, env=env)) == []
    assert set(json.loads(small.do(sys.executable, "-c", POOLS, env=env))) == {1}


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
    project.do("dvc", "repro", env=THERE)
    assert project.do("git", "status", "--porcelain", "--untracked-files=all") == ""


def _fewer_features(project: Project) -> dict[str, str]:
    """Switch off what numpy chose for this processor beyond what it needs."""
    code = "from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f;"
    code += "print(*(name for name in d if f.get(name)))"
    return {"NPY_DISABLE_CPU_FEATURES": project.do(sys.executable, "-c", code).strip()}


def _check_that_it_takes_effect(project: Project, env: dict[str, str]) -> None:
    code = "import numpy, threadpoolctl; from numpy._core._multiarray_umath import __cpu_features__ as f;"
    code += "print([p.get('architecture') for p in threadpoolctl.threadpool_info()], sorted(n for n in f if f[n]))"
    if project.run(sys.executable, "-c", code, env=env).stdout == project.run(sys.executable, "-c", code).stdout:
        pytest.skip(f"{', '.join(env)} changes nothing on this processor")

"""Killed, failed or out of space: nothing half-written is taken for whole, and people's rounds are never touched."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e import datasets
from tests.e2e.project import Project, new, ran, twin

KILLS = 6


def start(project: Project) -> subprocess.Popen[str]:
    """Start `dvc repro` as the leader of a group that can be killed with all its children."""
    return subprocess.Popen(
        ["dvc", "repro"],
        cwd=project.folder,
        env=project.env | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def unlock(project: Project) -> None:
    """Do what README says where DVC was killed while it wrote its lock, which it does not write in one piece."""
    lock = project.path(".dvc/tmp/rwlock")
    try:
        json.loads(lock.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except ValueError:
        done = project.run("dvc", "repro")
        assert done.returncode != 0
        assert "RWLock-file" in done.stdout + done.stderr
        lock.unlink()


def finished(project: Project) -> set[str]:
    """Outputs of the stages that dvc.lock takes for whole."""
    return set(project.hashes()) if project.path("dvc.lock").exists() else set()


def moments(stages: list[str], count: int) -> Iterator[tuple[str, float]]:
    """Stages spread over the pipeline, and how many seconds after the start of each to kill it."""
    draw = random.Random(4)
    for number in range(count):
        first, last = number * len(stages) // count, (number + 1) * len(stages) // count
        yield stages[draw.randrange(first, last)], draw.uniform(0, 2)


def forget(project: Project, stage: str) -> dict[str, str | None]:
    """Let it be as if a stage had never run; give what it had made."""
    made = project.made(stage)
    for path in map(project.path, made):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    lock = yaml.safe_load(project.text("dvc.lock"))
    del lock["stages"][stage]
    project.write("dvc.lock", yaml.safe_dump(lock))
    shutil.rmtree(project.path(".dvc/cache/runs"))
    return made


def test_after_kills_at_any_moment_the_next_run_makes_the_same_bytes(small, tmp_path):
    project = twin(small, tmp_path / "killed")
    rounds = project.rounds()
    whole = small.made()
    killed = []
    for stage, delay in moments(list(project.pipeline), KILLS):
        process = start(project)
        assert process.stdout
        for line in process.stdout:
            if line.startswith(f"Running stage '{stage}'"):
                time.sleep(delay)
                killed.append(stage)
                break
        kill(process)
        assert project.rounds() == rounds
        for out in finished(project):
            assert project.hashes()[out] == small.hashes()[out], (stage, out)
        for out, value in project.made().items():
            assert value in (None, whole[out]), (stage, out)
        unlock(project)
    assert len(killed) == KILLS
    project.write(".dvc/tmp/rwlock", "")  # as it is now and then after a kill
    unlock(project)
    project.do("dvc", "repro")
    assert project.hashes() == small.hashes()
    assert project.drafts() == []
    assert project.rounds() == rounds
    assert ran(project.do("dvc", "repro")) == []


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("move", [1, 2])
def test_a_kill_between_two_outputs_of_a_stage_is_made_good(small, copy, move):
    before = forget(copy, "annotate")
    inject = f"inject=rename,renameat,renameat2:signal=KILL:when={move}"
    assert copy.run("strace", "-f", "-o", os.devnull, "-e", inject, *copy.command("annotate").split()).returncode != 0
    appeared = {out: value for out, value in copy.made("annotate").items() if value is not None}
    assert len(appeared) in (move - 1, move)  # whether the signal comes before or after the move
    assert len(copy.drafts()) == len(before) - len(appeared)
    assert appeared.items() <= before.items()
    assert ran(copy.do("dvc", "repro", "annotate")) == ["annotate"]
    assert copy.made("annotate") == before
    assert copy.hashes() == small.hashes()
    assert copy.drafts() == []


def test_the_last_good_version_is_one_checkout_away_after_a_stage_failed(small, copy):
    copy.write("data/annotations/round-0003.jsonl", "{}\n")
    failed = copy.run("dvc", "repro")
    assert failed.returncode != 0
    assert ran(failed.stdout) == ["import_labels"]
    assert copy.content("data/labels/human.jsonl") is None
    assert copy.hashes() == small.hashes()
    copy.path("data/annotations/round-0003.jsonl").unlink()
    copy.do("dvc", "checkout")
    copy.do("git", "checkout", "--", "reports")
    assert copy.made() == small.made()
    assert copy.do("git", "status", "--porcelain") == ""
    assert ran(copy.do("dvc", "repro")) == []


def test_what_stages_make_stays_out_of_git_after_a_stage_failed(tmp_path):
    project = new(tmp_path / "failed")
    datasets.use_files(project)
    datasets.write_csv(project, "rows", [("1", "one single text")])
    good = project.text("conf/cleaning/text.yaml")
    project.edit("conf/cleaning/text.yaml", length__minimum="three")
    assert project.run("dvc", "repro", "clean").returncode != 0
    project.write("conf/cleaning/text.yaml", good)
    project.do("dvc", "repro", "clean")
    project.do("git", "add", "-A")
    staged = project.do("git", "diff", "--cached", "--name-only").split()
    assert "dvc.lock" in staged
    assert [name for name in staged if name.startswith(("data/collected", "data/clean/re"))] == []


@pytest.mark.parametrize("stage", ["collect", "clean", "annotate", "assemble", "augment", "evaluate"])
def test_a_stage_that_runs_out_of_space_leaves_its_old_outputs(small, copy, stage):
    limited = copy.run("bash", "-c", f"ulimit -f 1; exec {copy.command(stage)}")
    assert limited.returncode != 0
    assert "File too large" in limited.stderr
    assert copy.made() == small.made()
    assert copy.drafts() == []

"""Killed, failed or out of space: nothing half-written is taken for whole, and people's rounds are never touched."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.e2e.project import Project, ran, twin

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


def finished(project: Project) -> set[str]:
    """Outputs of the stages that dvc.lock takes for whole."""
    return set(project.hashes()) if project.path("dvc.lock").exists() else set()


def moments(stages: list[str], count: int) -> Iterator[tuple[str, float]]:
    """Stages spread over the pipeline, and how many seconds after the start of each to kill it."""
    draw = random.Random(4)
    for number in range(count):
        first, last = number * len(stages) // count, (number + 1) * len(stages) // count
        yield stages[draw.randrange(first, last)], draw.uniform(0, 2)


def test_after_kills_at_any_moment_the_next_run_makes_the_same_bytes(small, tmp_path):
    project = twin(small, tmp_path / "killed")
    rounds = project.rounds()
    outputs = small.outputs("outs", "plots", "metrics")
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
        for out in outputs:  # DVC takes what is there for whole if its hash is known
            assert project.content(out) in (None, small.content(out)), (stage, out)
    assert len(killed) == KILLS
    project.do("dvc", "repro")
    assert project.hashes() == small.hashes()
    assert project.drafts() == []
    assert project.rounds() == rounds
    assert ran(project.do("dvc", "repro")) == []


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("move", [1, 2])
def test_a_kill_between_two_outputs_of_a_stage_is_made_good(small, copy, move):
    outputs = ["data/labels/auto.jsonl", "data/model", "reports/annotator.json"]  # in the order in which they appear
    for out in outputs:
        shutil.rmtree(copy.path(out)) if copy.path(out).is_dir() else copy.path(out).unlink()
    inject = f"inject=rename,renameat,renameat2:signal=KILL:when={move}"
    assert copy.run("strace", "-f", "-o", os.devnull, "-e", inject, *copy.command("annotate").split()).returncode != 0
    made = [out for out in outputs if copy.content(out) is not None]
    assert made in (outputs[: move - 1], outputs[:move])  # whether the signal comes before or after the move
    assert all(copy.content(out) == small.content(out) for out in made)
    assert len(copy.drafts()) == len(outputs) - len(made)
    shutil.rmtree(copy.path(".dvc/cache"))
    assert ran(copy.do("dvc", "repro", "annotate")) == ["annotate"]
    assert [copy.content(out) for out in outputs] == [small.content(out) for out in outputs]
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
    for out in small.outputs("outs", "plots", "metrics"):
        assert copy.content(out) == small.content(out), out
    assert copy.do("git", "status", "--porcelain") == ""
    assert ran(copy.do("dvc", "repro")) == []


def test_what_stages_make_stays_out_of_git_after_a_stage_failed(small, tmp_path):
    project = twin(small, tmp_path / "failed")
    project.write("data/annotations/round-0003.jsonl", "{}\n")
    assert project.run("dvc", "repro", "import_labels").returncode != 0
    project.path("data/annotations/round-0003.jsonl").unlink()
    project.do("dvc", "repro", "import_labels")
    project.do("git", "add", "-A")
    staged = project.do("git", "diff", "--cached", "--name-only").split()
    cached = project.outputs("outs", "plots")
    assert not [name for name in staged if any(name == out or name.startswith(f"{out}/") for out in cached)]


@pytest.mark.parametrize("stage", ["collect", "clean", "annotate", "assemble", "augment", "evaluate"])
def test_a_stage_that_runs_out_of_space_leaves_its_old_outputs(small, copy, stage):
    outputs = [next(iter(each)) if isinstance(each, dict) else each for each in outs(copy, stage)]
    limited = copy.run("bash", "-c", f"ulimit -f 1; exec {copy.command(stage)}")
    assert limited.returncode != 0
    assert "File too large" in limited.stderr
    assert [copy.content(out) for out in outputs] == [small.content(out) for out in outputs]
    assert copy.drafts() == []


def outs(project: Project, stage: str) -> list:
    return [each for key in ("outs", "metrics", "plots") for each in project.pipeline[stage].get(key, [])]

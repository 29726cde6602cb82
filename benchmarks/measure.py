"""Run commands, and say what they cost."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]


SUBREAPER = 36  # of Linux: who outlives its parent becomes this process's child


class Cost(NamedTuple):
    """Of a command with all its children: seconds of CPU, seconds, the largest process in MB, and what it printed."""

    cpu: float
    wall: float
    peak: float
    said: str


def run(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command in a folder, with this Python's programs first in the path; raise if it fails.

    Python keeps what it has compiled there, as is usual, even where the environment says PYTHONDONTWRITEBYTECODE.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)  # the server that workers are forked from ends after the command
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        said = process.communicate()[0]
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-process.pid, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, after.ru_maxrss / 1024, said)


def copy(folder: Path, source: Path = ROOT) -> None:
    """Copy a project's files, as git lists them, into a new repository; nothing that stages made, and no cache."""
    stages = yaml.safe_load((source / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    outputs = [out for stage in stages for key in ("outs", "metrics", "plots") for out in stage.get(key, [])]
    made = {"dvc.lock", *(next(iter(out)) if isinstance(out, dict) else out for out in outputs)}
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listing, cwd=source, capture_output=True, text=True, check=True).stdout.splitlines():
        path = Path(name)
        if (source / path).is_file() and made.isdisjoint([name, *map(str, path.parents)]):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / path, folder / path)
    commit(folder)


def commit(folder: Path) -> None:
    """Make a repository of a folder, with all its files in one commit."""
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)

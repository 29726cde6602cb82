"""Bring MLflow up to date with a history of versions, then again. `python -m benchmarks.history [--versions 50]`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import ROOT, run


def make(folder: Path, versions: int) -> None:
    """Make a repository of versions, each with a tag, its settings, its statement, and a round of people's answers."""
    statement: dict[str, Any] = json.loads((ROOT / "reports/quality.json").read_text(encoding="utf-8"))
    _git(folder, "init", "-q")
    for name in ("params.yaml", "conf/dataset/tweets.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    lock = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    for number in range(1, versions + 1):
        statement["dataset"] |= {"fingerprint": f"{number:016x}", "records": 100 * number}
        statement["annotator"]["audit"]["accuracy"]["value"] = number / versions
        answers = [{"record": str(n), "annotator": f"p{n % 3}", "seconds": 36.0} for n in range(10)]
        rounds = folder / "data/annotations" / f"round-{number:04}.jsonl"
        for path, text in (
            (folder / "dvc.lock", f"{lock}# {number}\n"),
            (folder / "reports/quality.json", json.dumps(statement)),
            (rounds, "".join(f"{json.dumps(each)}\n" for each in answers)),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        _git(folder, "add", "-A")
        _git(folder, "commit", "-qm", f"dataset 0.{number}.0", at=1_700_000_000 + 86_400 * number)
        _git(folder, "tag", f"dataset-v0.{number}.0")


def _git(folder: Path, *arguments: str, at: int = 0) -> None:
    dates = {f"GIT_{who}_DATE": f"{at} +0000" for who in ("AUTHOR", "COMMITTER")} if at else {}
    people = {f"GIT_{who}_{what}": "x@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **dates, **people}, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=50)
    versions = parser.parse_args().versions
    with TemporaryDirectory() as name:
        make(Path(name), versions)
        command = ["python", "-m", "stages.versions", "history"]
        environment = {"PYTHONPATH": str(ROOT)}
        run(["python", "-c", "from stages import tracking; tracking.recorded()"], Path(name), environment)  # its tables
        for told in ("first", "again"):
            cost = run(command, Path(name), environment)
            print(f"{versions} versions, {told}: {cost.wall:.1f} s, {cost.cpu:.1f} s CPU")


if __name__ == "__main__":
    main()
